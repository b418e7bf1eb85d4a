//! Versions of add-ons, as tags of images and versions of charts tell them.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Most numbers of one version.
const MOST: usize = 4;

/// The numbers of an add-on's version, of which the last may be left out: `1.15`, `1.15.2`. What a vendor or a mirror hangs on
/// (`-eksbuild.1`, `-debian-12-r3`) is left out: it names a build of the same release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct AddonVersion(Vec<u32>);

/// A text that names no version: `latest`, `main`, a hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no version")]
pub struct NoVersion(String);

impl AddonVersion {
    /// The version that a tag names, with a word before it or without: `v1.15.2`, `stable-2.14.10`, `nginx-0.30.0`. A tag of one
    /// number (`v3`) moves with every release, so it names none; neither does `edge-24.11.1`, which counts months.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let known = [
            "stable-",
            "release-",
            "nginx-",
            "controller-",
            "helm-chart-",
        ];
        let plain = known
            .into_iter()
            .find_map(|word| tag.strip_prefix(word))
            .unwrap_or(tag);
        plain
            .parse()
            .ok()
            .filter(|version: &Self| version.0.len() > 1)
    }

    /// Its first numbers, as many as `like` has.
    fn cut(&self, like: &Self) -> &[u32] {
        &self.0[..self.0.len().min(like.0.len())]
    }

    /// Whether it lies between two others, both of which stand for all versions that begin so: `1.10.6` lies in 1.9 to 1.10.
    pub fn within(&self, first: &Self, last: &Self) -> bool {
        self.order(first) != Ordering::Less && compare(self.cut(last), &last.0) != Ordering::Greater
    }

    /// Number by number; what is left out counts as 0.
    pub fn order(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }

    /// How many numbers of the minor lie between the two, where their first numbers are equal.
    pub fn minors_behind(&self, other: &Self) -> Option<i64> {
        let minor = |version: &Self| version.0.get(1).copied().map(i64::from);
        (self.0.first() == other.0.first())
            .then(|| Some(minor(other)? - minor(self)?))
            .flatten()
    }
}

fn compare(one: &[u32], other: &[u32]) -> Ordering {
    let number = |numbers: &[u32], at: usize| numbers.get(at).copied().unwrap_or(0);
    (0..one.len().max(other.len()))
        .map(|at| number(one, at).cmp(&number(other, at)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

impl fmt::Display for AddonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

impl From<AddonVersion> for String {
    fn from(version: AddonVersion) -> Self {
        version.to_string()
    }
}

impl TryFrom<String> for AddonVersion {
    type Error = NoVersion;

    fn try_from(text: String) -> Result<Self, NoVersion> {
        text.parse()
    }
}

impl FromStr for AddonVersion {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Self, NoVersion> {
        let none = || NoVersion(text.chars().take(64).collect());
        let plain = text.strip_prefix('v').unwrap_or(text);
        let end = plain.find(['-', '+', '_']).unwrap_or(plain.len());
        let numbers: Result<Vec<u32>, _> = plain[..end].split('.').map(number).collect();
        numbers
            .ok()
            .filter(|numbers| numbers.len() <= MOST)
            .map(Self)
            .ok_or_else(none)
    }
}

/// A number of a version. Eight digits are a date or a hash.
fn number(text: &str) -> Result<u32, ()> {
    if text.is_empty() || text.len() > 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(());
    }
    text.parse().map_err(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> AddonVersion {
        text.parse().unwrap()
    }

    #[test]
    fn tags_of_releases_name_them() {
        for (tag, version) in [
            ("v1.15.2", Some("1.15.2")),
            ("1.15", Some("1.15")),
            ("0.7.2-debian-12-r3", Some("0.7.2")),
            ("v1.11.4-eksbuild.1", Some("1.11.4")),
            ("stable-2.14.10", Some("2.14.10")),
            ("nginx-0.30.0", Some("0.30.0")),
            ("v1.24.0+build", Some("1.24.0")),
            ("v3", None),
            ("latest", None),
            ("edge-24.11.1", None),
            ("20261122", None),
            ("sha-0a1b2c3", None),
            ("1.2.3.4.5", None),
            ("1..2", None),
            ("", None),
        ] {
            let named = AddonVersion::of_tag(tag).map(|version| version.to_string());
            assert_eq!(named.as_deref(), version, "{tag}");
        }
    }

    #[test]
    fn ends_of_ranges_stand_for_all_that_begins_so() {
        for (version, first, last, within) in [
            ("1.15.2", "1.15", "1.15", true),
            ("1.15", "1.15", "1.15", true),
            ("1.16.0", "1.15", "1.15", false),
            ("1.10.6", "1.10.1", "1.10.6", true),
            ("1.10.0", "1.10.1", "1.10.6", false),
            ("1.10.7", "1.10.1", "1.10.6", false),
            ("0.9.4", "0", "0.9", true),
            ("1.2.9", "1.10", "1.12", false),
        ] {
            let is = v(version).within(&v(first), &v(last));
            assert_eq!(is, within, "{version} in {first} to {last}");
        }
    }

    #[test]
    fn minors_are_counted_within_a_major() {
        assert_eq!(v("1.20.3").minors_behind(&v("1.23.0")), Some(3));
        assert_eq!(v("1.20").minors_behind(&v("2.1")), None);
    }
}
