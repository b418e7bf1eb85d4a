//! `/flagz`: every flag of the API server that answered, with the value in effect.

use std::collections::BTreeMap;

use airworthy_model::facts::{Component, Components, READ_FLAGS, UnreadSource};
use serde::Deserialize;

use crate::session::{Ask, Session};

const PATH: &str = "/flagz";
/// As an object, where the server has it so; else as text, which is meant for people.
const ACCEPT: &str = "application/json;as=Flagz;v=v1;g=config.k8s.io, application/json;as=Flagz;v=v1beta1;g=config.k8s.io, text/plain;q=0.1";
/// Most bytes of the answer; it is some 10 KB.
const MOST_BYTES: usize = 1 << 20;

/// The object.
#[derive(Debug, Deserialize)]
struct Flagz {
    flags: BTreeMap<String, String>,
}

/// Adds the API server as it tells of itself.
pub(super) async fn read(session: &Session<'_>, all: &mut Components) {
    let ask = Ask::get(PATH, ACCEPT);
    let why = match session.exchange_within(&ask, MOST_BYTES).await {
        Ok(answer) if answer.status.is_success() => {
            match parse(&String::from_utf8_lossy(&answer.body)) {
                Some(component) => return all.components.push(component),
                None => "no flag is listed in a way that is known".to_owned(),
            }
        }
        Ok(answer) => format!("GET {PATH} answered {}", answer.status.as_u16()),
        Err(failure) => failure.to_string(),
    };
    all.unread.push(UnreadSource {
        component: "kube-apiserver".to_owned(),
        source: PATH.to_owned(),
        why,
    });
}

/// What a text tells, as an object or as lines.
pub(super) fn parse(text: &str) -> Option<Component> {
    let values = of_object(text.as_bytes()).or_else(|| of_text(text));
    values.map(component)
}

/// Flags with values that count.
type Values = BTreeMap<String, String>;

fn component(values: Values) -> Component {
    Component {
        name: "kube-apiserver".to_owned(),
        effective: true,
        values,
        source: PATH.to_owned(),
        ..Component::default()
    }
}

/// `None` when it is no such object, or lists nothing.
fn of_object(body: &[u8]) -> Option<Values> {
    let told: Flagz = serde_json::from_slice(body).ok()?;
    let read = |(flag, value): (String, String)| kept(&flag, &value);
    (!told.flags.is_empty()).then(|| told.flags.into_iter().filter_map(read).collect())
}

/// Lines such as `feature-gates:A=true`; what stands between flag and value is whatever the server's minor chose. `None` when none of the
/// flags that are read is there: then it is written in a way that is not known.
fn of_text(text: &str) -> Option<Values> {
    let told = |flag: &&str| {
        let mut after = text.lines().filter_map(|line| line.strip_prefix(*flag));
        after.find_map(|rest| rest.strip_prefix([':', '=', ' ']))
    };
    let told: Vec<_> = READ_FLAGS
        .iter()
        .filter_map(|flag| Some((*flag, told(flag)?)))
        .collect();
    let read = |(flag, value): (&str, &str)| kept(flag, value);
    (!told.is_empty()).then(|| told.into_iter().filter_map(read).collect())
}

fn kept(flag: &str, value: &str) -> Option<(String, String)> {
    let value = plain(value);
    (READ_FLAGS.contains(&flag) && !value.is_empty()).then(|| (flag.to_owned(), value))
}

/// Lists are printed in brackets.
fn plain(value: &str) -> String {
    value
        .trim()
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(values: Values) {
        let component = component(values);
        assert!(component.effective && component.flags.is_empty());
        let named: Vec<_> = component.values.keys().map(String::as_str).collect();
        assert_eq!(named, ["enable-admission-plugins", "feature-gates"]);
        let gates: Vec<_> = component.gates().collect();
        assert_eq!(gates, [("A", "true"), ("B", "false")]);
        let plugins: Vec<_> = component.list("enable-admission-plugins").collect();
        assert_eq!(plugins, ["NodeRestriction", "PodSecurity"]);
    }

    /// As an API server of 1.36 writes it.
    #[test]
    fn values_that_count_are_kept_of_an_object() {
        let body = br#"{"kind": "Flagz", "apiVersion": "config.k8s.io/v1beta1", "metadata": {"name": "apiserver"}, "flags":
            {"advertise-address": "192.0.2.1", "enable-admission-plugins": "[NodeRestriction,PodSecurity]", "disable-admission-plugins": "[]",
             "feature-gates": ":A=true,:B=false", "token-auth-file": "/hush"}}"#;
        judged(of_object(body).unwrap());
        assert!(of_object(b"{\"flags\": {}}").is_none());
        assert!(of_object(b"[]").is_none());
    }

    #[test]
    fn values_that_count_are_kept_of_a_text_however_it_is_written() {
        for between in [":", "=", " ", ": "] {
            let line = |flag: &str, value: &str| format!("{flag}{between}{value}\n");
            let text = [
                line("\napiserver flagz\nWarning", "not for machines"),
                line("enable-admission-plugins", "[NodeRestriction,PodSecurity]"),
                line("disable-admission-plugins", "[]"),
                line("feature-gates", ":A=true,:B=false"),
                line("feature-gates-of-others", "C=true"),
            ];
            judged(of_text(&text.concat()).unwrap());
        }
        assert!(of_text("nothing here").is_none());
        assert!(of_text("advertise-address=192.0.2.1").is_none());
    }
}
