//! `/metrics`, line by line: the text is megabytes and a few lines count.

use std::collections::{BTreeMap, HashMap};

use airworthy_model::{
    Minor,
    facts::{DeprecatedRequest, Metrics},
};
use jiff::Timestamp;

use crate::{
    failure::{Cause, Failure},
    session::{Ask, Session, Sink},
    wire::DecodeError,
};

pub(crate) async fn read(session: &Session<'_>) -> Result<Metrics, Failure> {
    let ask = Ask::get("/metrics", "text/plain;version=0.0.4, */*;q=0.1");
    let most = session.plan.limits.metrics_bytes;
    let (head, scan) = session.patiently::<Scan>(&ask, most).await?;
    if !head.status.is_success() {
        let message = head
            .status
            .canonical_reason()
            .unwrap_or_default()
            .to_owned();
        return Err(ask.failed(Cause::Status(head.status, message)));
    }
    scan.finish()
        .map_err(|why| ask.failed(Cause::Malformed(why.into())))
}

/// Group, version, resource, subresource.
type Endpoint = [String; 4];

/// What has been read so far.
#[derive(Default)]
struct Scan {
    rest: Vec<u8>,
    started: Option<f64>,
    deprecated: Vec<(Endpoint, String)>,
    requests: HashMap<Endpoint, BTreeMap<String, f64>>,
    objects: BTreeMap<String, i64>,
    /// From the older families, which say the same under another name.
    older_objects: BTreeMap<String, i64>,
    of_an_api_server: bool,
}

impl Sink for Scan {
    fn take(&mut self, chunk: &[u8]) -> Result<(), DecodeError> {
        let mut chunk = chunk;
        while let Some(end) = chunk.iter().position(|byte| *byte == b'\n') {
            let (line, after) = (&chunk[..end], &chunk[end + 1..]);
            if self.rest.is_empty() {
                self.line(line);
            } else {
                let mut whole = std::mem::take(&mut self.rest);
                whole.extend_from_slice(line);
                self.line(&whole);
                whole.clear();
                self.rest = whole;
            }
            chunk = after;
        }
        self.rest.extend_from_slice(chunk);
        Ok(())
    }
}

impl Scan {
    fn line(&mut self, line: &[u8]) {
        if !line.starts_with(b"apiserver_")
            && !line.starts_with(b"etcd_")
            && !line.starts_with(b"process_")
        {
            return;
        }
        let Some(sample) = std::str::from_utf8(line).ok().and_then(Sample::parse) else {
            return;
        };
        self.of_an_api_server |= sample.name.starts_with("apiserver_");
        match sample.name {
            "apiserver_requested_deprecated_apis" if sample.value > 0.0 => {
                self.deprecated
                    .push((sample.endpoint(), sample.label("removed_release")));
            }
            "apiserver_request_total" => {
                let verbs = self.requests.entry(sample.endpoint()).or_default();
                *verbs.entry(sample.label("verb")).or_default() += sample.value;
            }
            "apiserver_resource_objects" => {
                let resource = sample.label("resource");
                let group = sample.label("group");
                let key = if group.is_empty() {
                    resource
                } else {
                    format!("{resource}.{group}")
                };
                self.objects.insert(key, sample.count());
            }
            "apiserver_storage_objects" | "etcd_object_counts" => {
                self.older_objects
                    .insert(sample.label("resource"), sample.count());
            }
            "process_start_time_seconds" => self.started = Some(sample.value),
            _ => {}
        }
    }

    fn finish(mut self) -> Result<Metrics, &'static str> {
        if !self.rest.is_empty() {
            return Err("the text ends in the middle of a line");
        }
        if !self.of_an_api_server {
            return Err("there is no metric of an API server in it");
        }
        let mut object_counts = self.older_objects;
        object_counts.extend(self.objects);
        let mut deprecated_requests: Vec<_> = self
            .deprecated
            .into_iter()
            .map(|(endpoint, removed)| deprecated(&mut self.requests, endpoint, &removed))
            .collect();
        deprecated_requests.sort_unstable();
        Ok(Metrics {
            process_started: self.started.and_then(instant),
            deprecated_requests,
            object_counts,
        })
    }
}

fn deprecated(
    requests: &mut HashMap<Endpoint, BTreeMap<String, f64>>,
    endpoint: Endpoint,
    removed: &str,
) -> DeprecatedRequest {
    let verbs = requests.remove(&endpoint).unwrap_or_default();
    let [group, version, resource, subresource] = endpoint;
    DeprecatedRequest {
        group,
        version,
        resource,
        subresource,
        removed_release: removed.parse::<Minor>().ok(),
        verbs: verbs
            .into_iter()
            .map(|(verb, count)| (verb, whole(count)))
            .collect(),
    }
}

/// A counter as the whole number that it is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps, which is wanted"
)]
fn whole(count: f64) -> u64 {
    count.round() as u64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` clamps, which is wanted"
)]
fn instant(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()
}

/// One line of the text format.
struct Sample<'a> {
    name: &'a str,
    labels: Vec<(&'a str, String)>,
    value: f64,
}

impl<'a> Sample<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let name_ends = line.find(['{', ' '])?;
        let (name, mut rest) = line.split_at(name_ends);
        let mut labels = Vec::new();
        if let Some(inner) = rest.strip_prefix('{') {
            rest = inner;
            while !rest.starts_with('}') {
                let (label, after) = parse_label(rest)?;
                labels.push(label);
                rest = after;
            }
            rest = &rest[1..];
        }
        let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
        Some(Self {
            name,
            labels,
            value,
        })
    }

    fn label(&self, name: &str) -> String {
        let label = self.labels.iter().find(|(key, _)| *key == name);
        label.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    fn endpoint(&self) -> Endpoint {
        ["group", "version", "resource", "subresource"].map(|name| self.label(name))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` clamps, which is wanted"
    )]
    fn count(&self) -> i64 {
        self.value as i64
    }
}

/// Reads `name="value"` and the comma that may follow.
fn parse_label(text: &str) -> Option<((&str, String), &str)> {
    let (name, rest) = text.split_once("=\"")?;
    let mut value = String::new();
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let after = &rest[at + 1..];
                return Some(((name, value), after.strip_prefix(',').unwrap_or(after)));
            }
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# HELP apiserver_request_total x
apiserver_request_total{code="200",group="flowcontrol.apiserver.k8s.io",resource="flowschemas",subresource="",verb="LIST",version="v1beta3"} 3
apiserver_request_total{code="403",group="flowcontrol.apiserver.k8s.io",resource="flowschemas",subresource="",verb="LIST",version="v1beta3"} 1
apiserver_request_total{code="200",group="",resource="pods",subresource="",verb="LIST",version="v1"} 9
apiserver_requested_deprecated_apis{group="flowcontrol.apiserver.k8s.io",removed_release="1.32",resource="flowschemas",subresource="",version="v1beta3"} 1
apiserver_requested_deprecated_apis{group="",removed_release="",resource="componentstatuses",subresource="",version="v1"} 1
apiserver_storage_objects{resource="pods"} 4
apiserver_storage_objects{resource="leases.coordination.k8s.io"} -1
apiserver_resource_objects{group="",resource="pods"} 5
apiserver_resource_objects{group="apps",resource="deployments"} 2
apiserver_odd{path="a\"b\\c,d\n"} 1
process_start_time_seconds 1.76e+09
"#;

    /// Fed in chunks of every size, because a chunk may end anywhere.
    fn scan(text: &str, chunk: usize) -> Result<Metrics, &'static str> {
        let mut scan = Scan::default();
        for chunk in text.as_bytes().chunks(chunk) {
            scan.take(chunk).unwrap();
        }
        scan.finish()
    }

    #[test]
    fn what_counts_is_found_wherever_chunks_end() {
        let whole = scan(TEXT, usize::MAX).unwrap();
        for chunk in [1, 7, 100] {
            assert_eq!(scan(TEXT, chunk).unwrap(), whole);
        }
        let [status, schemas] = &whole.deprecated_requests[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(
            (status.resource.as_str(), status.removed_release),
            ("componentstatuses", None)
        );
        assert_eq!(schemas.removed_release, Some(Minor::v1(32)));
        assert_eq!(schemas.verbs, BTreeMap::from([("LIST".to_owned(), 4)]));
        let counts = BTreeMap::from([
            ("deployments.apps".to_owned(), 2),
            ("leases.coordination.k8s.io".to_owned(), -1),
            ("pods".to_owned(), 5),
        ]);
        assert_eq!(whole.object_counts, counts);
        assert_eq!(whole.process_started.unwrap().as_second(), 1_760_000_000);
    }

    #[test]
    fn escapes_in_labels_are_undone() {
        let sample = Sample::parse(r#"x{path="a\"b\\c,d\n",y="z"} 1 1700"#).unwrap();
        assert_eq!(
            (sample.label("path").as_str(), sample.label("y").as_str()),
            ("a\"b\\c,d\n", "z")
        );
    }

    #[test]
    fn a_text_that_is_cut_off_or_of_something_else_is_refused() {
        assert!(scan(&TEXT[..TEXT.len() - 3], 100).is_err());
        assert!(scan("process_start_time_seconds 1\n", 100).is_err());
        assert!(scan("", 100).is_err());
    }
}
