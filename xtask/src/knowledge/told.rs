//! What the sources of one minor say of its newest patch, of gates and flags, held against the embedded tables.

use std::collections::BTreeSet;

use airworthy_knowledge::{Component, FlagState, Gate, GateState, Knowledge};
use airworthy_model::Minor;
use anyhow::Result;

use super::{flags, gates, modules::Release, releases};

/// What the tables say otherwise than the sources of a minor.
pub(super) fn differences(release: &Release, knowledge: &Knowledge) -> Result<Vec<String>> {
    let one = std::slice::from_ref(release);
    let mut found = gates_of(&gates::rows(one)?, release.minor, knowledge);
    let read: BTreeSet<_> = flags::rows(one)?
        .into_iter()
        .map(|flag| (flag.component, flag.flag))
        .collect();
    found.extend(flags_of(&read, release.minor, knowledge));
    found.extend(patch_of(&releases::row(release)?, knowledge));
    Ok(found)
}

fn patch_of(read: &airworthy_knowledge::Release, knowledge: &Knowledge) -> Option<String> {
    let told = knowledge.newest_patch(read.minor);
    (told != Some(read.patch))
        .then(|| format!("newest patch: {told:?}, {} says {}", read.module, read.tag))
}

fn gates_of(read: &[Gate], minor: u16, knowledge: &Knowledge) -> Vec<String> {
    let mut found = Vec::new();
    for row in read {
        for stage in &row.stages {
            for component in stage.knowing() {
                let told = match knowledge.gate(*component, &row.gate, Minor::v1(minor)) {
                    GateState::Known(told) => Some((told.stage, told.default, told.locked)),
                    _ => None,
                };
                if told != Some((stage.stage, stage.default, stage.locked)) {
                    found.push(format!("gate {} of {component}: {told:?}", row.gate));
                }
            }
        }
    }
    let names: BTreeSet<_> = read.iter().map(|row| &row.gate).collect();
    let more = knowledge.gates().iter().filter(|row| {
        let there = |stage: &airworthy_knowledge::GateStage| {
            stage.from <= Minor::v1(minor) && Minor::v1(minor) <= stage.to
        };
        row.stages.iter().any(there) && !names.contains(&row.gate)
    });
    found.extend(more.map(|row| format!("gate {} is not in the sources", row.gate)));
    found
}

fn flags_of(
    read: &BTreeSet<(Component, String)>,
    minor: u16,
    knowledge: &Knowledge,
) -> Vec<String> {
    let known = |component, name: &str| {
        let state = knowledge.flag(component, name, Minor::v1(minor));
        matches!(state, FlagState::Known { .. })
    };
    let lacks = read
        .iter()
        .filter(|(component, name)| !known(*component, name))
        .map(|(component, name)| format!("{component} --{name} is not in the tables"));
    let more = knowledge
        .flags()
        .iter()
        .filter(|row| known(row.component, &row.flag))
        .filter(|row| !read.contains(&(row.component, row.flag.clone())))
        .map(|row| format!("{} --{} is not in the sources", row.component, row.flag));
    lacks.chain(more).collect()
}
