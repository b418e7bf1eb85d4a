//! `/flagz` of a kubelet: all flags with their values, set or not. The text form changes its separator at random, so the
//! structured form is asked for.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::failure::short;

/// The structured form at the version that is not deprecated.
pub(super) const ACCEPT: &str = "application/json;as=Flagz;g=config.k8s.io;v=v1beta1";

/// Most flags that are kept: about three times what a kubelet has.
const MOST_FLAGS: usize = 600;
/// Longest value that is kept.
const VALUE_CHARS: usize = 120;
/// Values of flags that have one of these in their names may be secret.
const HUSHED: [&str; 6] = ["password", "token", "secret", "header", "url", "key"];

pub(super) type Flags = BTreeMap<Box<str>, Box<str>>;

#[derive(Deserialize)]
struct Flagz {
    flags: BTreeMap<String, String>,
}

/// Flags that are not empty, off or zero.
pub(super) fn parse(body: &[u8]) -> Result<Flags, String> {
    let flagz: Flagz = serde_json::from_slice(body).map_err(|error| short(&error.to_string()))?;
    let set = flagz
        .flags
        .into_iter()
        .filter(|(_, value)| says_something(value));
    let kept = set.filter(|(name, _)| !HUSHED.iter().any(|word| name.contains(word)));
    let kept = kept.map(|(name, value)| {
        let value: String = value.chars().take(VALUE_CHARS).collect();
        (name.into(), value.into())
    });
    Ok(kept.take(MOST_FLAGS).collect())
}

/// Whether a value is none of those that flags have when nobody sets them and they mean nothing.
fn says_something(value: &str) -> bool {
    !matches!(value, "" | "false" | "0" | "0s" | "[]" | "map[]" | "none")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_say_something_are_kept_without_secrets() {
        let body = br#"{"kind": "Flagz", "flags": {"runonce": "false", "containerd-namespace": "k8s.io", "boot-id-file": "",
            "storage-driver-password": "hush", "manifest-url-header": "[Authorization:hush]", "v": "2"}}"#;
        let flags = parse(body).unwrap();
        let read: Vec<_> = flags
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        assert_eq!(read, [("containerd-namespace", "k8s.io"), ("v", "2")]);
        parse(b"kubelet flagz\nv=2\n").unwrap_err();
    }
}
