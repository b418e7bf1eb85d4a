//! Steps of repair, once for all findings that ask for them.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::Finding;

/// A step of repair, with every command and patch that some finding has for it.
#[derive(Default)]
pub(crate) struct Step<'a> {
    /// What to do.
    pub(crate) text: &'a str,
    /// Commands that do it.
    pub(crate) commands: Vec<&'a str>,
    /// Patches that do it.
    pub(crate) patches: Vec<&'a str>,
}

/// The steps of these findings, in the order in which they first come.
pub(crate) fn steps<'a>(findings: &[&'a Finding]) -> Vec<Step<'a>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let (mut places, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for fix in findings.iter().flat_map(|finding| &finding.fix) {
        let text = fix.text.as_str();
        let at = *places.entry(text).or_insert(steps.len());
        if at == steps.len() {
            steps.push(Step {
                text,
                ..Step::default()
            });
        }
        let mut new = |of: &'a Option<String>| of.as_deref().filter(|of| seen.insert((at, *of)));
        steps[at].commands.extend(new(&fix.command));
        steps[at].patches.extend(new(&fix.patch));
    }
    steps
}
