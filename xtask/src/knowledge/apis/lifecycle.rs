//! What the lifecycle methods of a package say, generated or written by hand: what API servers themselves go by.

use std::collections::BTreeMap;

use airworthy_model::Minor;
use anyhow::{Context as _, Result, bail};

use super::{golang, register::Gvk};

/// The life of a kind as one source plans it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lifecycle {
    pub(crate) introduced: Option<Minor>,
    pub(crate) deprecated: Option<Minor>,
    pub(crate) removed: Option<Minor>,
    pub(crate) replacement: Option<Gvk>,
}

/// The files that hold such methods.
pub(crate) const FILES: [&str; 2] = ["zz_generated.prerelease-lifecycle.go", "lifecycle.go"];

/// Reads such a file, by kind.
pub(crate) fn read(text: &str) -> Result<BTreeMap<String, Lifecycle>> {
    let mut found: BTreeMap<String, Lifecycle> = BTreeMap::new();
    let code = golang::without_comments(text);
    let mut lines = code.lines().filter(|line| !line.trim().is_empty());
    while let Some(line) = lines.next() {
        let Some((kind, method)) = method(line) else {
            continue;
        };
        let body = lines
            .next()
            .and_then(|line| line.trim().strip_prefix("return "));
        let body = body.with_context(|| format!("{kind}.{method} returns nothing"))?;
        let life = found.entry(kind.to_owned()).or_default();
        match method {
            "Introduced" => life.introduced = Some(minor(body)?),
            "Deprecated" => life.deprecated = Some(minor(body)?),
            "Removed" => life.removed = Some(minor(body)?),
            "Replacement" => life.replacement = Some(replacement(body)?),
            other => bail!("{kind}.APILifecycle{other} is not known here"),
        }
    }
    Ok(found)
}

/// Kind and method of `func (in *Eviction) APILifecycleRemoved() (major, minor int) {`.
fn method(line: &str) -> Option<(&str, &str)> {
    let (receiver, rest) = line.strip_prefix("func (")?.split_once(") APILifecycle")?;
    Some((receiver.split('*').nth(1)?, rest.split_once('(')?.0))
}

fn minor(body: &str) -> Result<Minor> {
    let (major, minor) = body
        .split_once(", ")
        .with_context(|| format!("{body} is no version"))?;
    format!("{major}.{minor}")
        .parse()
        .with_context(|| format!("{body} is no version"))
}

fn replacement(body: &str) -> Result<Gvk> {
    let literal = body
        .strip_prefix("schema.GroupVersionKind{")
        .and_then(|rest| rest.strip_suffix('}'));
    let literal = literal.with_context(|| format!("{body} is no kind"))?;
    let part = |key| {
        golang::member(literal, key)
            .and_then(golang::quoted)
            .unwrap_or_default()
    };
    Ok(Gvk::new(part("Group"), part("Version"), part("Kind")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_read_and_unknown_ones_refused() {
        let text = "\
// APILifecycleRemoved is generated.
func (in *Eviction) APILifecycleRemoved() (major, minor int) {
	// TODO: sooner?
	return 1, 25
}
func (in *Eviction) APILifecycleReplacement() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: \"policy\", Version: \"v1\", Kind: \"Eviction\"}
}
";
        let life = &read(text).unwrap()["Eviction"];
        assert_eq!(life.removed, Some(Minor::v1(25)));
        assert_eq!(
            life.replacement.as_ref().unwrap().to_string(),
            "policy/v1 Eviction"
        );
        assert!(read("func (in *A) APILifecycleMoved() {\n\treturn 1\n}").is_err());
        assert!(read("func (in *A) APILifecycleRemoved() {\n\treturn x\n}").is_err());
    }
}
