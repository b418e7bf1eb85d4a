//! One audit event, decoded: its members that matter.

use std::borrow::Cow;

use airworthy_model::Minor;
use jiff::Timestamp;
use serde::Deserialize;

const API_VERSION: &str = "audit.k8s.io/v1";

/// How far the request was when the event was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It came in; whatever became of it, another event tells.
    Received,
    /// The answer began and goes on, as that of a watch.
    Started,
    /// It was answered, or its handler panicked.
    Ended,
}

impl Stage {
    pub(super) fn of(text: &str) -> Self {
        match text {
            "RequestReceived" => Self::Received,
            "ResponseStarted" => Self::Started,
            _ => Self::Ended,
        }
    }
}

/// Why bytes are no audit event of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    /// They are not JSON.
    #[error("not JSON")]
    NotJson,
    /// The JSON ends in its middle.
    #[error("cut off in its middle")]
    CutOff,
    /// An audit event of another version than `audit.k8s.io/v1`.
    #[error("an audit event of another version than audit.k8s.io/v1")]
    OtherVersion,
    /// JSON, but no audit event, or one with members of another form.
    #[error("JSON, but no audit event")]
    NoEvent,
    /// Longer than any event.
    #[error("longer than any audit event")]
    TooLong,
}

/// An event, or a list of them: with `items`, no other member counts.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    stage: Cow<'a, str>,
    #[serde(borrow)]
    verb: Cow<'a, str>,
    #[serde(borrow)]
    user: User<'a>,
    #[serde(borrow)]
    impersonated_user: Option<User<'a>>,
    #[serde(borrow)]
    user_agent: Cow<'a, str>,
    #[serde(borrow)]
    object_ref: Option<ObjectRef<'a>>,
    response_status: Option<Status>,
    request_received_timestamp: Option<Timestamp>,
    stage_timestamp: Option<Timestamp>,
    #[serde(borrow)]
    annotations: Option<Annotations<'a>>,
    #[serde(borrow)]
    items: Option<Vec<Event<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct User<'a> {
    #[serde(borrow)]
    username: Cow<'a, str>,
}

/// What a request is about.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ObjectRef<'a> {
    #[serde(borrow)]
    pub(super) api_group: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) api_version: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) resource: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) subresource: Cow<'a, str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    code: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Annotations<'a> {
    #[serde(borrow, rename = "k8s.io/deprecated")]
    deprecated: Cow<'a, str>,
    #[serde(borrow, rename = "k8s.io/removed-release")]
    removed_release: Cow<'a, str>,
}

impl Event<'_> {
    pub(super) fn stage(&self) -> Stage {
        Stage::of(&self.stage)
    }

    pub(super) fn verb(&self) -> &str {
        &self.verb
    }

    /// As whom the request was made: where somebody acts for another, the other.
    pub(super) fn user(&self) -> &str {
        &self
            .impersonated_user
            .as_ref()
            .unwrap_or(&self.user)
            .username
    }

    pub(super) fn user_agent(&self) -> &str {
        &self.user_agent
    }

    /// The resource it is about; nothing for paths such as `/version`.
    pub(super) fn object(&self) -> Option<&ObjectRef<'_>> {
        self.object_ref
            .as_ref()
            .filter(|object| !object.resource.is_empty())
    }

    /// Whether the answer was an error.
    pub(super) fn failed(&self) -> bool {
        self.response_status
            .as_ref()
            .is_some_and(|status| status.code >= 400)
    }

    /// Whether the answer was one that nothing is served there, or an object that is not there.
    pub(super) fn not_found(&self) -> bool {
        self.response_status
            .as_ref()
            .is_some_and(|status| matches!(status.code, 404 | 406 | 410))
    }

    /// Whether the server called the version deprecated.
    pub(super) fn deprecated(&self) -> bool {
        self.annotations
            .as_ref()
            .is_some_and(|all| all.deprecated == "true")
    }

    /// The minor that the server said will not serve it.
    pub(super) fn removed_release(&self) -> Option<Minor> {
        self.annotations.as_ref()?.removed_release.parse().ok()
    }

    /// When the request came, and when the stage was reached, in microseconds; whichever there is stands for the other.
    pub(super) fn times(&self) -> Option<(i64, i64)> {
        let received = self.request_received_timestamp.or(self.stage_timestamp)?;
        let staged = self.stage_timestamp.unwrap_or(received);
        Some((received.as_microsecond(), staged.as_microsecond()))
    }

    fn is_whole(&self) -> bool {
        !self.stage.is_empty() && !self.verb.is_empty() && self.items.is_none()
    }
}

/// The events of a line or of a body: one, or those of a list.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event<'_>>, Refusal> {
    let mut event: Event<'_> =
        serde_json::from_slice(bytes).map_err(|error| refusal(bytes, &error))?;
    recognise(&event.kind, &event.api_version)?;
    let events = match event.items.take() {
        Some(items) if event.kind == "EventList" => items,
        None if event.kind == "Event" => vec![event],
        _ => return Err(Refusal::NoEvent),
    };
    if events.iter().all(Event::is_whole) {
        Ok(events)
    } else {
        Err(Refusal::NoEvent)
    }
}

fn recognise(kind: &str, api_version: &str) -> Result<(), Refusal> {
    let ours = matches!(kind, "Event" | "EventList");
    match api_version.strip_prefix("audit.k8s.io/") {
        _ if ours && api_version == API_VERSION => Ok(()),
        Some(_) if ours => Err(Refusal::OtherVersion),
        _ => Err(Refusal::NoEvent),
    }
}

/// Why bytes could not be decoded. Another version may have members of another form: that is the better reason then.
fn refusal(bytes: &[u8], error: &serde_json::Error) -> Refusal {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head<'a> {
        #[serde(borrow)]
        kind: Cow<'a, str>,
        #[serde(borrow)]
        api_version: Cow<'a, str>,
    }
    if error.is_eof() {
        return Refusal::CutOff;
    }
    if error.is_syntax() {
        return Refusal::NotJson;
    }
    let head = serde_json::from_slice::<Head<'_>>(bytes);
    let recognised = head.map(|head| recognise(&head.kind, &head.api_version));
    recognised
        .ok()
        .and_then(Result::err)
        .unwrap_or(Refusal::NoEvent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Refusal {
        decode(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn each_sort_of_nonsense_has_its_name() {
        let event = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","stage":"ResponseComplete","verb":"get"}"#;
        assert_eq!(decode(event.as_bytes()).unwrap().len(), 1);
        for (text, expected) in [
            ("banana", Refusal::NotJson),
            ("\0\0\0", Refusal::NotJson),
            (&event[..40], Refusal::CutOff),
            ("", Refusal::CutOff),
            ("{}", Refusal::NoEvent),
            ("[]", Refusal::NoEvent),
            ("null", Refusal::NoEvent),
            ("17", Refusal::NoEvent),
            (&event.replace("/v1", "/v1beta1"), Refusal::OtherVersion),
            (
                &event
                    .replace("\"verb\":\"get\"", "\"verb\":[]")
                    .replace("/v1", "/v2"),
                Refusal::OtherVersion,
            ),
            (&event.replace("audit.k8s.io/v1", "v1"), Refusal::NoEvent),
            (&event.replace("Event", "Policy"), Refusal::NoEvent),
            (&event.replace("get", ""), Refusal::NoEvent),
            (&event.replace("\"get\"", "17"), Refusal::NoEvent),
            (
                &event.replace("\"get\"", "\"get\",\"verb\":\"list\""),
                Refusal::NoEvent,
            ),
            (
                &event.replace("\"verb\"", "\"items\":[],\"verb\""),
                Refusal::NoEvent,
            ),
            (&"[".repeat(100_000), Refusal::NoEvent),
            (
                &event.replace("\"get\"", &format!("\"get\",\"x\":{}", "[".repeat(100_000))),
                Refusal::NotJson,
            ),
        ] {
            assert_eq!(refused(text), expected, "{}", &text[..text.len().min(200)]);
        }
    }

    #[test]
    fn a_list_is_its_events() {
        let item = r#"{"level":"Metadata","stage":"ResponseComplete","verb":"get"}"#;
        let list = format!(
            r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{{}},"items":[{item},{item}]}}"#
        );
        assert_eq!(decode(list.as_bytes()).unwrap().len(), 2);
        assert_eq!(refused(&list.replace("\"get\"", "\"\"")), Refusal::NoEvent);
        assert_eq!(
            refused(&list.replace("EventList", "Event")),
            Refusal::NoEvent
        );
        let nested = format!(r#"{{"stage":"x","verb":"x","items":[{item}]}}"#);
        assert_eq!(refused(&list.replace(item, &nested)), Refusal::NoEvent);
        assert_eq!(
            refused(&list.replace("\"items\"", "\"others\"")),
            Refusal::NoEvent
        );
    }

    #[test]
    fn who_acts_for_another_is_not_the_caller() {
        let event = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","stage":"Panic","verb":"get","user":{"username":"proxy"},"impersonatedUser":{"username":"jane"}}"#;
        let events = decode(event.as_bytes()).unwrap();
        assert_eq!(
            (events[0].user(), events[0].stage()),
            ("jane", Stage::Ended)
        );
    }
}
