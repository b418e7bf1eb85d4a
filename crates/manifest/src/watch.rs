//! Which objects matter, and a scan of bytes that tells which documents cannot hold one.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Range, RangeInclusive},
};

use aho_corasick::{AhoCorasick, MatchKind};
use airworthy_knowledge::{Api, Class, GONE_GROUPS, Knowledge, Serving};
use airworthy_model::{Minor, facts::DesiredField};
use memchr::{memchr3_iter, memmem};

use crate::{
    Object,
    fields::Fields,
    marks::{self, MARKS},
};

/// The APIs that matter between two minors: those that one of them does not serve by default, or marks deprecated.
#[derive(Debug)]
pub struct Watch {
    /// Kinds by group and version.
    kinds: BTreeMap<String, BTreeSet<String>>,
    /// Versions that kinds have which do not matter.
    common: BTreeSet<String>,
    /// Groups of Kubernetes itself, each with its versions that some minor has.
    groups: BTreeMap<String, BTreeSet<String>>,
    /// Texts of which one must occur in every document that holds such an object: versions, kinds, and groups with the slash
    /// before a version.
    literals: AhoCorasick,
    braces: memmem::Finder<'static>,
    fields: Fields,
    /// Whether fields are told that may be gone from versions that stay.
    marks: bool,
}

impl Watch {
    /// What matters on the way through these minors.
    pub fn of(knowledge: &Knowledge, minors: &RangeInclusive<Minor>) -> Self {
        let rows = || knowledge.apis().filter(|api| stands_in_files(api));
        let (watched, other): (Vec<_>, Vec<_>) = rows().partition(|api| matters(api, minors));
        let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for api in watched {
            kinds
                .entry(api.api_version())
                .or_default()
                .insert(api.kind.clone());
        }
        let common: BTreeSet<_> = other.iter().map(|api| api.api_version()).collect();
        Self::searching(knowledge, kinds, common, &[])
    }

    /// Watches for fields too that may be gone from versions that stay: their documents are parsed, and what is told of them is
    /// for whoever has the tables at hand.
    #[must_use]
    pub fn with_marks(self, knowledge: &Knowledge) -> Self {
        Self {
            marks: true,
            ..Self::searching(knowledge, self.kinds, self.common, &MARKS)
        }
    }

    fn searching(
        knowledge: &Knowledge,
        kinds: BTreeMap<String, BTreeSet<String>>,
        common: BTreeSet<String>,
        more: &[&str],
    ) -> Self {
        let groups = groups(knowledge);
        let prefixes: Vec<_> = groups.keys().map(|group| format!("{group}/")).collect();
        let mut literals = literals(&kinds, &common);
        literals.extend(prefixes.iter().map(String::as_str));
        literals.extend(more);
        Self {
            literals: searcher(literals),
            groups,
            common,
            kinds,
            braces: memmem::Finder::new("{{"),
            fields: Fields::default(),
            marks: false,
        }
    }

    /// Whether an object of this kind at this version matters.
    pub fn watches(&self, api_version: &str, kind: &str) -> bool {
        let listed = self.kinds.get(api_version);
        // Of a version that nothing else has, kinds matter too that no table knows.
        let matters =
            |kinds: &BTreeSet<String>| kinds.contains(kind) || !self.common.contains(api_version);
        listed.is_some_and(matters) || self.is_unheard(api_version)
    }

    /// Whether no minor that was read has this version of a group of Kubernetes.
    fn is_unheard(&self, api_version: &str) -> bool {
        let split = api_version.split_once('/');
        split.is_some_and(|(group, version)| {
            let versions = self.groups.get(group);
            let unknown = versions.is_some_and(|versions| !versions.contains(version));
            unknown && looks_like_version(version)
        })
    }

    /// Watches fields too: those that one end of the way has and the other has not. A document is not parsed for their sake.
    #[must_use]
    pub fn with_fields(self, knowledge: &Knowledge, minors: &RangeInclusive<Minor>) -> Self {
        let kinds = knowledge.apis().filter(|api| stands_in_files(api));
        Self {
            fields: Fields::of(knowledge, kinds, minors),
            ..self
        }
    }

    /// The fields of an object that come or go on the way, where fields are watched.
    pub fn fields(&self, object: Object<'_>) -> Vec<DesiredField> {
        if !self.marks {
            return self.fields.found(object);
        }
        let version = object.api_version().unwrap_or_default();
        let known = match version.split_once('/') {
            Some((group, _)) => self.groups.contains_key(group),
            None => true,
        };
        if known {
            marks::found(object.node)
        } else {
            Vec::new()
        }
    }

    /// Whether a document with these bytes could hold an object that matters, whatever its syntax. An `apiVersion` stands in
    /// the text as it is, unless an escape, a tag or a template makes it, or the text is in an encoding of its own.
    pub fn may_matter(&self, bytes: &[u8]) -> bool {
        self.holds_literal(bytes) || self.braces.find(bytes).is_some() || self.hides(bytes)
    }

    fn holds_literal(&self, bytes: &[u8]) -> bool {
        let mut matches = self.literals.find_iter(bytes);
        matches.any(|found| self.counts(bytes, found.range()))
    }

    /// Whether a text that was found is what it looks like. A version may stand anywhere; a group stands at the start of a
    /// value, and counts with a version that matters or that nobody has heard of.
    fn counts(&self, bytes: &[u8], found: Range<usize>) -> bool {
        let text = &bytes[found.clone()];
        if !text.ends_with(b"/") {
            return text.contains(&b'/') || is_word(bytes, found);
        }
        let before = found.start.checked_sub(1).and_then(|at| bytes.get(at));
        let inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"./-_".contains(byte);
        let version = word(&bytes[found.end..]);
        let whole = std::str::from_utf8(&bytes[found.start..found.end + version.len()]);
        let whole = whole.unwrap_or_default();
        let matters = self.kinds.contains_key(whole) && !self.common.contains(whole);
        !before.is_some_and(inside) && (matters || self.is_unheard(whole))
    }

    /// As [`Watch::may_matter`] of a piece of a document: what may be cut off counts as well.
    pub(crate) fn piece_may_matter(&self, bytes: &[u8]) -> bool {
        self.may_matter(bytes) || memchr::memchr(b'\\', bytes).is_some()
    }

    fn hides(&self, bytes: &[u8]) -> bool {
        let (mut escapes, mut tags) = (false, false);
        for at in memchr3_iter(0, b'!', b'\\', bytes) {
            match (bytes[at], bytes.get(at + 1)) {
                (0, _) | (b'!', Some(b'!' | b'<')) => return true,
                (b'!', _) => tags = true,
                _ => escapes = true,
            }
        }
        (tags && memmem::find(bytes, b"%TAG").is_some())
            || (escapes && self.holds_literal(&unescaped(bytes)))
    }
}

/// What is sent to an API server, or given to a component as its configuration; not what only travels.
fn stands_in_files(api: &Api) -> bool {
    matches!(api.class, Class::Resource | Class::Review | Class::Config)
}

fn matters(api: &Api, minors: &RangeInclusive<Minor>) -> bool {
    let mut all = std::iter::successors(Some(*minors.start()), |minor| Some(minor.next()))
        .take_while(|minor| minor <= minors.end());
    all.any(|minor| api.serving(minor) != Serving::Served || api.marked_deprecated(minor))
}

/// The groups of Kubernetes with their versions, those of kinds that only travel too. The core group has no name to go by.
fn groups(knowledge: &Knowledge) -> BTreeMap<String, BTreeSet<String>> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for api in knowledge.apis().filter(|api| !api.group.is_empty()) {
        let versions = groups.entry(api.group.clone()).or_default();
        versions.insert(api.version.clone());
    }
    let gone = GONE_GROUPS.map(|group| (group.to_owned(), BTreeSet::new()));
    groups.extend(gone);
    groups
}

/// Group and version where nothing else has them; the kind where other kinds that do not matter do.
fn literals<'a>(
    kinds: &'a BTreeMap<String, BTreeSet<String>>,
    common: &BTreeSet<String>,
) -> BTreeSet<&'a str> {
    let texts = |(version, kinds): (&'a String, &'a BTreeSet<String>)| -> Vec<&'a str> {
        if common.contains(version) || !version.contains('/') {
            kinds.iter().map(String::as_str).collect()
        } else {
            vec![version.as_str()]
        }
    };
    kinds.iter().flat_map(texts).collect()
}

/// Of texts that overlap the first counts, and of those that begin together the longest: whatever else lies in it has a letter
/// before it and is no value of its own.
fn searcher(literals: BTreeSet<&str>) -> AhoCorasick {
    let mut builder = AhoCorasick::builder();
    let searcher = builder
        .match_kind(MatchKind::LeftmostLongest)
        .build(literals);
    // A few dozen short texts are far below what it refuses.
    searcher.expect("few and short")
}

/// Whether a kind that was found stands alone, or in the name of its lists: `Policy`, and not `imagePullPolicy`.
fn is_word(bytes: &[u8], found: Range<usize>) -> bool {
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let before = found.start.checked_sub(1).and_then(|at| bytes.get(at));
    let after = &bytes[found.end..];
    !letter(before) && (!letter(after.first()) || after.starts_with(b"List"))
}

/// The letters and digits at the start.
fn word(bytes: &[u8]) -> &str {
    let end = bytes.iter().position(|byte| !byte.is_ascii_alphanumeric());
    std::str::from_utf8(&bytes[..end.unwrap_or(bytes.len())]).unwrap_or_default()
}

/// Such as `v1` and `v2beta1`; not the name of an image, as in `apps/web`.
fn looks_like_version(word: &str) -> bool {
    let rest = word.strip_prefix('v').unwrap_or_default();
    rest.starts_with(|first: char| first.is_ascii_digit())
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The bytes with every escape that a quoted text could have replaced by what it means. Where no quoted text is, more is
/// replaced than should be; the texts that are searched hold no backslash, so none is lost.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        plain.extend_from_slice(&rest[..at]);
        let (byte, length) = escape(&rest[at + 1..]);
        plain.extend(byte);
        rest = &rest[at + 1 + length..];
    }
    plain.extend_from_slice(rest);
    plain
}

/// What an escape means and how long it is behind its backslash. Only what ASCII has is told apart.
fn escape(rest: &[u8]) -> (Option<u8>, usize) {
    match rest.first() {
        None => (None, 0),
        Some(b'x') => coded(rest, 2),
        Some(b'u') => coded(rest, 4),
        Some(b'U') => coded(rest, 8),
        Some(b'\r' | b'\n') => (None, rest.len() - rest.trim_ascii_start().len()),
        Some(byte @ (b'/' | b'"' | b'\\')) => (Some(*byte), 1),
        Some(_) => (Some(b' '), 1),
    }
}

fn coded(rest: &[u8], digits: usize) -> (Option<u8>, usize) {
    let code = rest
        .get(1..=digits)
        .and_then(|digits| std::str::from_utf8(digits).ok());
    let code = code.and_then(|code| u32::from_str_radix(code, 16).ok());
    match code {
        Some(code) => (Some(u8::try_from(code).unwrap_or(b' ')), digits + 1),
        None => (None, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_matter_is_told_by_its_bytes() {
        let watch = Watch::of(Knowledge::embedded(), &(Minor::v1(31)..=Minor::v1(32)));
        for (text, matters) in [
            (
                "apiVersion: apps/v1\nimagePullPolicy: Always\nkind: NetworkPolicy\n",
                false,
            ),
            ("kind: Policy\n", true),
            ("apiVersion: apps/v1alpha1\nkind: PetSet\n", true),
            ("apiVersion: gateway.networking.k8s.io/v1alpha3\n", false),
            ("image: registry/apps/v3\n", false),
            ("{\"kind\":\"Policy\"}", true),
            ("kind: PolicyList\n", true),
            ("kind: MutatingAdmissionPolicyBinding\n", true),
            ("kind: MutatingAdmissionPolicyBindings\n", false),
            ("batch/v1beta1", true),
            ("batch/v1", false),
            (r#""batch\/v1beta1""#, true),
            (r#""batch\x2Fv1beta1""#, true),
            (r#""P\u006flicy""#, true),
            ("\"batch/\\\r\n   v1beta1\"", true),
            (r"C:\batch\v1beta1", false),
            ("x: {{ y }}", true),
            ("!!binary x", true),
            ("!<tag:yaml.org,2002:binary> x", true),
            ("%TAG !e! tag:yaml.org,2002:\n---\n!e!binary x", true),
            ("!Ref x", false),
            ("b\0a\0t\0c\0h\0", true),
        ] {
            assert_eq!(watch.may_matter(text.as_bytes()), matters, "{text:?}");
        }
    }
}
