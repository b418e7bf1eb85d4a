//! What documented answers have in common, as the SDKs hand it on.

use jiff::civil::{Date, DateTime};
use serde_json::Value;

use crate::common_sdk::Language;

/// A text member.
#[track_caller]
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// The members of a list.
#[track_caller]
pub(crate) fn list(value: &Value) -> &[Value] {
    let list = value.as_array();
    list.unwrap_or_else(|| panic!("no list: {value}"))
}

/// The id of a task, workflow, plan, cluster or job.
#[track_caller]
pub(crate) fn id(value: &Value) -> String {
    let id = text(value);
    let groups: Vec<_> = id.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
    let known = |byte: u8| byte == b'-' || byte.is_ascii_digit() || byte.is_ascii_lowercase();
    assert!(id.bytes().all(known), "{id}");
    id.to_owned()
}

#[track_caller]
pub(crate) fn is(value: &Value, kind: &str, api_version: &str) {
    let told = (text(&value["kind"]), text(&value["apiVersion"]));
    assert_eq!(told, (kind, api_version), "{value}");
}

/// A time as everywhere but in the generic metadata: `2023-11-25 07:20:04.592972 +0000 UTC`.
#[track_caller]
pub(crate) fn time(value: &Value) -> DateTime {
    let told = text(value);
    let time = told.strip_suffix(" +0000 UTC");
    let time = time.unwrap_or_else(|| panic!("not in UTC: {told}"));
    assert!(!time.contains('T'), "{told}");
    let time = time.parse();
    time.unwrap_or_else(|error| panic!("{told}: {error}"))
}

/// A time of the generic metadata: RFC 3339, of which the Java SDK keeps the day.
#[track_caller]
pub(crate) fn metadata_time(value: &Value, language: Language) {
    let told = text(value);
    if language == Language::Java {
        let day = told.parse::<Date>();
        assert!(day.is_ok() && told.len() == 10, "{told}");
        return;
    }
    let time = told.strip_suffix('Z').and_then(|time| {
        let (day, clock) = time.split_once('T')?;
        format!("{day}T{clock}").parse::<DateTime>().ok()
    });
    assert!(time.is_some(), "{told}");
}

/// The entry of a list with this `metadata.uid`.
#[track_caller]
pub(crate) fn entry<'a>(items: &'a Value, uid: &str) -> &'a Value {
    let found = list(items).iter().find(|it| it["metadata"]["uid"] == uid);
    found.unwrap_or_else(|| panic!("no {uid} in {items}"))
}
