//! `/flagz`: every flag of the API server that answered, with the value in effect.

use airworthy_model::facts::{Component, Components, READ_FLAGS, UnreadSource};

use crate::session::{Ask, Session};

const PATH: &str = "/flagz";
/// Most bytes of the answer; it is some 10 KB.
const MOST_BYTES: usize = 1 << 20;

/// Adds the API server as it tells of itself.
pub(super) async fn read(session: &Session<'_>, all: &mut Components) {
    let ask = Ask::get(PATH, "text/plain");
    let why = match session.exchange_within(&ask, MOST_BYTES).await {
        Ok(answer) if answer.status.is_success() => {
            match parse(&String::from_utf8_lossy(&answer.body)) {
                Some(component) => return all.components.push(component),
                None => "no flag is listed".to_owned(),
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

/// Lines such as `feature-gates=A=true`. `None` when there is none at all.
pub(super) fn parse(text: &str) -> Option<Component> {
    let mut listed = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .peekable();
    listed.peek()?;
    let mut component = Component {
        name: "kube-apiserver".to_owned(),
        effective: true,
        source: PATH.to_owned(),
        ..Component::default()
    };
    for (flag, value) in listed {
        let value = plain(value);
        if READ_FLAGS.contains(&flag.trim()) && !value.is_empty() {
            component.values.insert(flag.trim().to_owned(), value);
        }
    }
    Some(component)
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
    use super::parse;

    #[test]
    fn values_that_count_are_kept() {
        let text = "kube-apiserver flags\nWarning: not for machines\n\nadvertise-address=192.0.2.1\n\
                    enable-admission-plugins=[NodeRestriction,PodSecurity]\ndisable-admission-plugins=[]\nfeature-gates=A=true,B=false\n";
        let component = parse(text).unwrap();
        assert!(component.effective && component.flags.is_empty());
        assert_eq!(component.values.len(), 2);
        assert_eq!(
            component.gates().collect::<Vec<_>>(),
            [("A", "true"), ("B", "false")]
        );
        assert!(parse("nothing here").is_none());
    }
}
