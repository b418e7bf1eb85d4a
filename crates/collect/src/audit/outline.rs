//! What is wanted of an event without decoding it, from the order in which an API server writes its members.

use airworthy_knowledge::Knowledge;
use jiff::Timestamp;
use memchr::{memchr, memmem::Finder};
use std::collections::HashSet;

use super::event::Stage;

const START: &[u8] = br#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":""#;

/// How far from the end of a line its times stand at most: only annotations come after them.
const TAIL: usize = 2048;

/// Length of a time as an API server writes it: `2026-11-22T12:00:00.000000Z`.
const TIME: usize = 27;

/// What is wanted of every event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outline<'a> {
    pub(super) stage: Stage,
    /// Group and version of the path, or the version alone; empty for a path of another kind.
    pub(super) group_version: &'a [u8],
    pub(super) user: &'a str,
    pub(super) user_agent: &'a str,
    /// When the request came, in microseconds.
    pub(super) received: i64,
    /// When the stage was reached, in microseconds.
    pub(super) staged: i64,
}

/// Finds outlines.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) deprecated: Finder<'static>,
    user: Finder<'static>,
    impersonated: Finder<'static>,
    user_agent: Finder<'static>,
    times: Finder<'static>,
    clock: Clock,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            deprecated: Finder::new("k8s.io/deprecated"),
            user: Finder::new(r#","user":{"username":""#),
            impersonated: Finder::new(r#""impersonatedUser":"#),
            user_agent: Finder::new(r#","userAgent":""#),
            times: Finder::new(r#","requestReceivedTimestamp":""#),
            clock: Clock::default(),
        }
    }
}

impl Layout {
    /// The outline of a line that is written as an API server does; nothing for any other, which must be decoded.
    pub(super) fn outline<'a>(&mut self, line: &'a [u8]) -> Option<Outline<'a>> {
        let rest = line.strip_prefix(START)?;
        line.ends_with(b"}").then_some(())?;
        let (_, rest) = text(rest)?;
        let (_, rest) = text(rest.strip_prefix(br#","auditID":""#)?)?;
        let (stage, rest) = text(rest.strip_prefix(br#","stage":""#)?)?;
        let path = rest.strip_prefix(br#","requestURI":""#)?;
        // A quote within a text is escaped, so that what is sought cannot stand in one.
        let user = &path[self.user.find(path)? + self.user.needle().len()..];
        let (user, rest) = text(user)?;
        let gap = self.user_agent.find(rest)?;
        if self.impersonated.find(&rest[..gap]).is_some() {
            return None;
        }
        let (user_agent, rest) = text(&rest[gap + self.user_agent.needle().len()..])?;
        let (received, staged) = self.times(rest)?;
        Some(Outline {
            stage: Stage::of(str::from_utf8(stage).ok()?),
            group_version: group_version(path),
            user: str::from_utf8(user).ok()?,
            user_agent: str::from_utf8(user_agent).ok()?,
            received,
            staged,
        })
    }

    /// Both times. Objects of requests and answers stand before them and may hold anything: so the last place counts.
    fn times(&mut self, rest: &[u8]) -> Option<(i64, i64)> {
        let tail = &rest[rest.len().saturating_sub(TAIL)..];
        let last = self.times.find_iter(tail).last()?;
        let received = &tail[last + self.times.needle().len()..];
        let staged = received
            .get(TIME..)?
            .strip_prefix(br#"","stageTimestamp":""#)?;
        Some((
            self.clock.micros(received.get(..TIME)?)?,
            self.clock.micros(staged.get(..TIME)?)?,
        ))
    }
}

/// A text up to its quote, and what follows; nothing when it holds an escape.
fn text(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr(b'"', rest)?;
    let (text, rest) = rest.split_at(end);
    memchr(b'\\', text).is_none().then_some((text, &rest[1..]))
}

/// `group/version` of `/apis/group/version/…`, `version` of `/api/version/…`.
fn group_version(path: &[u8]) -> &[u8] {
    let (rest, slashes) = if let Some(rest) = path.strip_prefix(b"/apis/") {
        (rest, 2)
    } else if let Some(rest) = path.strip_prefix(b"/api/") {
        (rest, 1)
    } else {
        return b"";
    };
    let ends = rest
        .iter()
        .take(512)
        .enumerate()
        .filter(|(_, byte)| matches!(byte, b'/' | b'?' | b'"' | b'\\'));
    let end = ends.map(|(at, _)| at).nth(slashes - 1);
    end.map_or(b"", |end| &rest[..end])
}

/// The groups and versions with a resource whose end is known, in the form of paths.
pub(super) fn ending(knowledge: &Knowledge) -> HashSet<Vec<u8>> {
    let ending = knowledge
        .apis()
        .filter(|api| api.removed.is_some() && !api.resource.is_empty());
    ending.map(|api| api.api_version().into_bytes()).collect()
}

/// Reads times. Neighbours in a log mostly share their second, which is then read once.
#[derive(Debug, Default)]
struct Clock {
    shown: [u8; 19],
    second: i64,
}

impl Clock {
    fn micros(&mut self, time: &[u8]) -> Option<i64> {
        let (shown, fraction) = time.split_first_chunk::<19>()?;
        if *shown != self.shown {
            let whole: Timestamp = str::from_utf8(time).ok()?.parse().ok()?;
            (self.shown, self.second) = (*shown, whole.as_second());
        }
        let digits = fraction.strip_prefix(b".")?.strip_suffix(b"Z")?;
        let digit = |sum: i64, digit: &u8| {
            digit
                .is_ascii_digit()
                .then(|| sum * 10 + i64::from(digit - b'0'))
        };
        let micros = digits.iter().try_fold(0, digit)?;
        Some(self.second * 1_000_000 + micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = concat!(
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"0c0c5dd9-8ed5-4e32-bcd5-8c2e1b3b6c5a","#,
        r#""stage":"ResponseComplete","requestURI":"/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas?limit=500\u0026resourceVersion=0","#,
        r#""verb":"list","user":{"username":"jane","groups":["system:authenticated"]},"sourceIPs":["127.0.0.1"],"#,
        r#""userAgent":"reader/1.0","objectRef":{"resource":"flowschemas","apiGroup":"flowcontrol.apiserver.k8s.io","apiVersion":"v1beta3"},"#,
        r#""responseStatus":{"metadata":{},"code":200},"requestReceivedTimestamp":"2026-11-22T11:00:00.000001Z","#,
        r#""stageTimestamp":"2026-11-22T11:00:01.500000Z","annotations":{"authorization.k8s.io/decision":"allow"}}"#
    );

    fn outline(line: &str) -> Option<String> {
        let mut layout = Layout::default();
        let outline = layout.outline(line.as_bytes())?;
        let path = str::from_utf8(outline.group_version).unwrap();
        let (user, agent) = (outline.user, outline.user_agent);
        Some(format!(
            "{:?} {path} {user} {agent} {} {}",
            outline.stage, outline.received, outline.staged
        ))
    }

    #[test]
    fn an_api_servers_line_needs_no_decoding() {
        let seen = "Ended flowcontrol.apiserver.k8s.io/v1beta3 jane reader/1.0 1795345200000001 1795345201500000";
        assert_eq!(outline(LINE).as_deref(), Some(seen));
    }

    #[test]
    fn any_other_line_does() {
        for (from, to) in [
            ("audit.k8s.io/v1\"", "audit.k8s.io/v1beta1\""),
            (r#""stage""#, r#" "stage""#),
            ("jane", r"ja\u006ee"),
            ("reader", r#"rea\"der"#),
            (r#""userAgent":"reader/1.0","#, ""),
            (
                r#""sourceIPs""#,
                r#""impersonatedUser":{"username":"root"},"sourceIPs""#,
            ),
            ("11:00:00.000001Z", "11:00:00Z"),
            ("11:00:00.000001Z", "25:00:00.000001Z"),
            ("11:00:01.500000Z", "11:00:01.50000xZ"),
        ] {
            let line = LINE.replacen(from, to, 1);
            assert_ne!(line, LINE, "{from}");
            assert_eq!(outline(&line), None, "{line}");
        }
        for cut in 0..LINE.len() {
            outline(&LINE[..cut]);
        }
        assert_eq!(outline(&LINE[..LINE.len() - 2]), None);
    }

    #[test]
    fn what_an_object_says_of_times_does_not_count() {
        let object = r#""requestObject":{"a":"x","requestReceivedTimestamp":"2099-11-22T11:00:00.000001Z","stageTimestamp":"2099-11-22T11:00:01.500000Z"},"requestReceivedTimestamp""#;
        let line = LINE.replacen(r#""requestReceivedTimestamp""#, object, 1);
        assert_eq!(outline(&line), outline(LINE));
    }

    #[test]
    fn paths_that_name_no_version_have_none() {
        for (path, expected) in [
            ("/api/v1/pods\"", "v1"),
            ("/apis/apps/v1\"", "apps/v1"),
            ("/apis/apps/v1?timeout=32s\"", "apps/v1"),
            ("/apis/apps\"", ""),
            ("/apis", ""),
            ("/healthz\"", ""),
        ] {
            assert_eq!(
                str::from_utf8(group_version(path.as_bytes())).unwrap(),
                expected,
                "{path}"
            );
        }
    }
}
