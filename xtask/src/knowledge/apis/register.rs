//! Which kinds a package registers, and under which group and version.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use super::golang;

/// Group, version and kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Gvk {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
}

impl Gvk {
    pub(crate) fn new(group: &str, version: &str, kind: &str) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        }
    }

    /// The same kind under another name.
    pub(crate) fn named(&self, kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            ..self.clone()
        }
    }

    pub(crate) fn at(&self) -> GroupVersion {
        (self.group.clone(), self.version.clone())
    }
}

impl std::fmt::Display for Gvk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let gv = airworthy_knowledge::api_version(&self.group, &self.version);
        write!(f, "{gv} {}", self.kind)
    }
}

pub(crate) type GroupVersion = (String, String);

/// What a `register.go` registers.
#[derive(Debug, Default)]
pub(crate) struct Registered {
    /// The group and version that its `SchemeGroupVersion` names; nothing for internal types.
    pub(crate) version: Option<GroupVersion>,
    pub(crate) kinds: Vec<Gvk>,
}

/// Reads a `register.go`. Kinds of internal versions are left out.
pub(crate) fn read(text: &str) -> Result<Registered> {
    let code = golang::without_comments(text);
    let names = golang::strings(&code);
    let versions = versions(&code, &names)?;
    let mut kinds = Vec::new();
    for call in golang::calls(&code, "AddKnownTypes") {
        if let Some((group, version)) = call.first().and_then(|name| versions.get(name)) {
            let types = call[1..].iter().filter_map(|argument| type_of(argument));
            kinds.extend(types.map(|kind| Gvk::new(group, version, kind)));
        }
    }
    for call in golang::calls(&code, "AddKnownTypeWithName") {
        kinds.extend(call.first().and_then(|first| named(first, &versions)));
    }
    kinds.sort();
    kinds.dedup();
    Ok(Registered {
        version: versions.get("SchemeGroupVersion").cloned(),
        kinds,
    })
}

/// `&Eviction{}` or `new(Eviction)`; types of other packages are not this package's.
fn type_of(argument: &str) -> Option<&str> {
    let name = argument
        .strip_prefix('&')
        .and_then(|rest| rest.strip_suffix("{}"));
    let name = name.or_else(|| argument.strip_prefix("new(")?.strip_suffix(')'))?;
    (!name.contains('.')).then_some(name)
}

/// The group versions that the file declares, by variable.
fn versions<'a>(
    code: &'a str,
    names: &BTreeMap<&str, &str>,
) -> Result<BTreeMap<&'a str, GroupVersion>> {
    let mut found = BTreeMap::new();
    for line in code.lines() {
        let Some((variable, rest)) = line.split_once("= schema.GroupVersion{") else {
            continue;
        };
        let literal = rest.trim_end().trim_end_matches('}');
        let value = |key| -> Result<Option<String>> {
            let written = golang::member(literal, key).unwrap_or("\"\"");
            if written.ends_with("APIVersionInternal") {
                return Ok(None);
            }
            let text = golang::quoted(written).or_else(|| names.get(written).copied());
            Ok(Some(
                text.with_context(|| format!("{written} is no constant of the file"))?
                    .to_owned(),
            ))
        };
        let variable = variable.trim().rsplit(' ').next().unwrap_or_default();
        if let Some(version) = value("Version")? {
            found.insert(variable, (value("Group")?.unwrap_or_default(), version));
        }
    }
    Ok(found)
}

/// `SchemeGroupVersion.WithKind("X")` or a literal of group, version and kind.
fn named(argument: &str, versions: &BTreeMap<&str, GroupVersion>) -> Option<Gvk> {
    if let Some((variable, rest)) = argument.split_once(".WithKind(") {
        let (group, version) = versions.get(variable)?;
        return Some(Gvk::new(group, version, golang::quoted(rest)?));
    }
    let literal = argument
        .strip_prefix("schema.GroupVersionKind{")?
        .strip_suffix('}')?;
    let part = |key| golang::member(literal, key).and_then(golang::quoted);
    Some(Gvk::new(
        part("Group").unwrap_or_default(),
        part("Version")?,
        part("Kind")?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_under_the_group_and_version_of_their_call() {
        let text = "\
const GroupName = \"a.k8s.io\"
var SchemeGroupVersion = schema.GroupVersion{Group: GroupName, Version: \"v1\"}
var Legacy = schema.GroupVersion{Group: \"\", Version: \"v0\"}
func f() {
	scheme.AddKnownTypes(SchemeGroupVersion,
		&One{},
		// &Gone{},
		&metav1.Status{},
	)
	scheme.AddKnownTypes(Legacy, new(Two))
	scheme.AddKnownTypeWithName(schema.GroupVersionKind{Group: \"\", Version: \"v1\", Kind: \"Three\"}, &One{})
	scheme.AddKnownTypeWithName(SchemeGroupVersion.WithKind(\"Four\"), &One{})
}
";
        let read = read(text).unwrap();
        let kinds: Vec<_> = read.kinds.iter().map(ToString::to_string).collect();
        assert_eq!(
            kinds,
            ["v0 Two", "v1 Three", "a.k8s.io/v1 Four", "a.k8s.io/v1 One"]
        );
        assert_eq!(read.version.unwrap().0, "a.k8s.io");
    }

    #[test]
    fn internal_types_are_none_and_unknown_constants_are_refused() {
        let internal = "var SchemeGroupVersion = schema.GroupVersion{Group: \"a\", Version: runtime.APIVersionInternal}\nAddKnownTypes(SchemeGroupVersion, &One{})";
        assert!(read(internal).unwrap().kinds.is_empty());
        let foreign =
            "var SchemeGroupVersion = schema.GroupVersion{Group: Elsewhere, Version: \"v1\"}";
        assert!(read(foreign).is_err());
    }
}
