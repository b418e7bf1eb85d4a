//! The section of feature gates.

use std::collections::BTreeMap;

use airworthy_knowledge::{Component, Gate, GateStage, Provenance, Stage};
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::{modules::Release, reader, runs};

/// A gate as one list of one minor has it.
#[derive(Deserialize)]
struct Read {
    name: String,
    module: String,
    file: String,
    stage: Stage,
    default: bool,
    locked: bool,
    components: Option<Vec<Component>>,
}

#[derive(Clone, PartialEq)]
struct Seen {
    stage: Stage,
    default: bool,
    locked: bool,
    components: Vec<Component>,
}

#[derive(Default)]
struct Life {
    seen: BTreeMap<u16, Seen>,
    source: Option<Provenance>,
}

/// Gates by name; those of kubeadm apart.
type Lives = BTreeMap<(String, bool), Life>;

/// The rows of the section.
pub(super) fn section(releases: &[Release]) -> Result<Vec<String>> {
    rows(releases)?
        .iter()
        .map(|row| serde_json::to_string(row).context("write a row"))
        .collect()
}

pub(super) fn rows(releases: &[Release]) -> Result<Vec<Gate>> {
    let mut lives = Lives::new();
    for release in releases {
        for gate in reader::read::<Vec<Read>>(release, "gates")? {
            add(&mut lives, release, gate)?;
        }
    }
    let rows = lives
        .into_iter()
        .filter_map(|((gate, _), life)| row(gate, &life));
    Ok(rows.collect())
}

fn add(lives: &mut Lives, release: &Release, gate: Read) -> Result<()> {
    let mut components = gate.components.unwrap_or_default();
    components.sort_unstable();
    if components.is_empty() {
        return Ok(()); // A list that no program of this minor is made with.
    }
    let kubeadm = components.contains(&Component::Kubeadm);
    let life = lives.entry((gate.name.clone(), kubeadm)).or_default();
    let mut seen = Seen {
        stage: gate.stage,
        default: gate.default,
        locked: gate.locked,
        components,
    };
    if let Some(before) = life.seen.get(&release.minor) {
        // A library's gate, which the list of the programs repeats.
        let agree = (before.stage, before.default, before.locked)
            == (seen.stage, seen.default, seen.locked);
        if !agree {
            bail!(
                "1.{} tells two things of the gate {}",
                release.minor,
                gate.name
            );
        }
        seen.components.extend(&before.components);
        seen.components.sort_unstable();
        seen.components.dedup();
    }
    life.seen.insert(release.minor, seen);
    life.source = Some(Provenance {
        tag: release.module(&gate.module)?.tag.clone(),
        module: gate.module,
        file: gate.file,
    });
    Ok(())
}

fn row(gate: String, life: &Life) -> Option<Gate> {
    let stages = runs::merged(&life.seen)
        .into_iter()
        .map(|(span, seen)| GateStage {
            from: span.from,
            to: span.to,
            stage: seen.stage,
            default: seen.default,
            locked: seen.locked,
            components: if seen.components == Component::SERVING {
                Vec::new()
            } else {
                seen.components
            },
        });
    Some(Gate {
        gate,
        stages: stages.collect(),
        source: life.source.clone()?,
    })
}
