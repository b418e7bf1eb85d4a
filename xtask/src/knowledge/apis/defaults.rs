//! Which group versions and resources an API server serves unless it is told otherwise.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};

use super::{golang, register::GroupVersion};

/// What is on by default.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Defaults {
    versions: BTreeSet<GroupVersion>,
    /// Single resources of versions that are else off.
    resources: BTreeSet<(GroupVersion, String)>,
    /// Versions that are off, but can be asked for.
    off: BTreeSet<GroupVersion>,
}

impl Defaults {
    /// Whether a version can be asked for, or is on anyway.
    pub(crate) fn know(&self, version: &GroupVersion) -> bool {
        self.versions.contains(version) || self.off.contains(version)
    }

    /// Whether a resource is served by default, if it can be served.
    pub(crate) fn serve(&self, version: &GroupVersion, plural: &str) -> bool {
        self.versions.contains(version)
            || self
                .resources
                .contains(&(version.clone(), plural.to_owned()))
    }

    pub(crate) fn add(&mut self, more: Self) {
        self.versions.extend(more.versions);
        self.resources.extend(more.resources);
        self.off.extend(more.off);
    }
}

/// Reads the functions `Default…APIResourceConfigSource` of a file. `version_of` tells the group and version that the package of
/// an import path registers.
pub(crate) fn read(
    text: &str,
    version_of: impl Fn(&str) -> Option<GroupVersion>,
) -> Result<Defaults> {
    let code = golang::without_comments(text);
    let source = Source {
        imports: golang::imports(text),
        code: &code,
        version_of,
    };
    let mut found = Defaults::default();
    for (at, _) in code.match_indices("APIResourceConfigSource() *serverstorage.ResourceConfig {") {
        let rest = &code[at..];
        let body = rest
            .find('{')
            .and_then(|open| golang::bracketed(&rest[open..]));
        found.add(source.function(body.context("a function without an end")?)?);
    }
    if found.versions.is_empty() {
        bail!("no version is on by default");
    }
    Ok(found)
}

struct Source<'a, F> {
    imports: BTreeMap<String, String>,
    code: &'a str,
    version_of: F,
}

impl<F: Fn(&str) -> Option<GroupVersion>> Source<'_, F> {
    fn function(&self, body: &str) -> Result<Defaults> {
        if body.contains("DisableResources(") {
            bail!("DisableResources is not understood here");
        }
        let mut found = Defaults::default();
        for argument in self.arguments(body, "ret.EnableVersions") {
            found.versions.insert(self.version(argument)?);
        }
        for argument in self.arguments(body, "ret.DisableVersions") {
            found.off.insert(self.version(argument)?);
        }
        for argument in self.arguments(body, "ret.EnableResources") {
            let (version, resource) = argument
                .split_once(".WithResource(")
                .context("no resource")?;
            let plural = golang::quoted(resource).context("a resource without a name")?;
            found
                .resources
                .insert((self.version(version)?, plural.to_owned()));
        }
        Ok(found)
    }

    /// The arguments of all calls; those of `list...` are the list's members.
    fn arguments<'b>(&'b self, body: &'b str, function: &str) -> Vec<&'b str> {
        let written = golang::calls(body, function).into_iter().flatten();
        written
            .flat_map(|argument| match argument.strip_suffix("...") {
                Some(variable) => self.variable(variable),
                None => vec![argument],
            })
            .collect()
    }

    fn variable(&self, name: &str) -> Vec<&str> {
        let declared = self.code.split_once(&format!("\t{name} = []"));
        let literal = declared.and_then(|(_, rest)| golang::bracketed(&rest[rest.find('{')?..]));
        literal.map(golang::list).unwrap_or_default()
    }

    /// The version that `policyapiv1.SchemeGroupVersion` is.
    fn version(&self, written: &str) -> Result<GroupVersion> {
        let alias = written.split('.').next().unwrap_or_default();
        let path = self.imports.get(alias);
        path.and_then(|path| (self.version_of)(path))
            .with_context(|| format!("{written} is of a package that is not read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
import (
	appsv1 \"k8s.io/api/apps/v1\"
	batchv1beta1 \"k8s.io/api/batch/v1beta1\"
	policyv1beta1 \"k8s.io/api/policy/v1beta1\"
)
var (
	stable = []schema.GroupVersion{
		appsv1.SchemeGroupVersion, // kept
		// policyv1beta1.SchemeGroupVersion,
	}
	legacy = []schema.GroupVersionResource{
		batchv1beta1.SchemeGroupVersion.WithResource(\"cronjobs\"),
	}
)
func DefaultAPIResourceConfigSource() *serverstorage.ResourceConfig {
	ret := serverstorage.NewResourceConfig()
	ret.EnableVersions(stable...)
	ret.DisableVersions(policyv1beta1.SchemeGroupVersion)
	ret.EnableResources(legacy...)
	return ret
}
";

    fn version_of(path: &str) -> Option<GroupVersion> {
        let mut parts = path
            .strip_prefix("k8s.io/api/")?
            .split('/')
            .map(str::to_owned);
        Some((parts.next()?, parts.next()?))
    }

    #[test]
    fn lists_single_resources_and_comments_are_understood() {
        let read = read(TEXT, version_of).unwrap();
        let at = |group: &str, version: &str| (group.to_owned(), version.to_owned());
        assert!(read.serve(&at("apps", "v1"), "deployments"));
        assert!(read.serve(&at("batch", "v1beta1"), "cronjobs"));
        assert!(!read.serve(&at("batch", "v1beta1"), "jobs"));
        assert!(!read.serve(&at("policy", "v1beta1"), "poddisruptionbudgets"));
        assert!(read.know(&at("policy", "v1beta1")) && !read.know(&at("policy", "v1")));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(read(TEXT, |_| None).is_err());
        assert!(read("package x", version_of).is_err());
        let other = TEXT.replace("ret.EnableResources", "ret.DisableResources");
        assert!(read(&other, version_of).is_err());
    }
}
