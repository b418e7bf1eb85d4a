//! The section of feature gates.

use airworthy_model::Minor;
use serde::{Deserialize, Serialize};

use crate::{
    Knowledge,
    api::{Provenance, Span},
    component::Component,
    section::{BadRow, Table},
    spans::{self, Place},
};

/// The life of one feature gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Gate {
    /// Its name, as in `--feature-gates`.
    pub gate: String,
    /// Its stages, oldest first.
    pub stages: Vec<GateStage>,
    /// The list that the newest stage was read from.
    pub source: Provenance,
}

/// A gate during some minors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GateStage {
    /// The first minor.
    pub from: Minor,
    /// The last minor.
    pub to: Minor,
    /// How far the feature is.
    pub stage: Stage,
    /// Whether it is on where nobody says otherwise.
    pub default: bool,
    /// Whether setting it to anything but the default keeps the program from starting.
    #[serde(default, skip_serializing_if = "is_false")]
    pub locked: bool,
    /// The programs that know it; none are written where all but kubeadm do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
fn is_false(value: &bool) -> bool {
    !value
}

/// How far a feature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// In the list, and not to be used yet.
    PreAlpha,
    /// May vanish.
    Alpha,
    /// Is tested.
    Beta,
    /// Is there for good.
    #[serde(rename = "GA")]
    Ga,
    /// Will vanish.
    Deprecated,
}

impl Stage {
    /// As Kubernetes writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreAlpha => "PreAlpha",
            Self::Alpha => "Alpha",
            Self::Beta => "Beta",
            Self::Ga => "GA",
            Self::Deprecated => "Deprecated",
        }
    }
}

/// What a program of a minor makes of a gate. One that it does not know keeps it from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateState<'a> {
    /// Knows it.
    Known(&'a GateStage),
    /// Does not know it yet.
    NotYet {
        /// The first minor that does.
        since: Minor,
    },
    /// Does not know it any more.
    Removed {
        /// The first minor that does not.
        since: Minor,
    },
    /// No program of any minor that was read knows it: a vendor's own gate, or a slip of the pen.
    Unheard,
    /// The minor was not read.
    Unread,
}

impl GateStage {
    /// Whether a program knows the gate.
    pub fn known_to(&self, component: Component) -> bool {
        if self.components.is_empty() {
            component != Component::Kubeadm
        } else {
            self.components.contains(&component)
        }
    }

    /// The programs that know it, written out.
    pub fn knowing(&self) -> &[Component] {
        if self.components.is_empty() {
            &Component::SERVING
        } else {
            &self.components
        }
    }

    fn span(&self) -> Span {
        Span {
            from: self.from,
            to: self.to,
        }
    }
}

/// All gates, by name; the gates of kubeadm come after those of the others.
#[derive(Clone, Debug)]
pub(crate) struct Gates(Vec<Gate>);

impl Table for Gates {
    const NAME: &'static str = "gates";
    type Row = Gate;

    fn of(rows: Vec<Gate>) -> Result<Self, BadRow> {
        let spans = |gate: &Gate| -> Vec<_> { gate.stages.iter().map(GateStage::span).collect() };
        let key = |gate: &Gate| gate.stages[0].known_to(Component::Kubeadm);
        let name = |gate: &Gate| format!("the gate {}", gate.gate);
        spans::demand(&rows, spans, |gate| (&gate.gate, key(gate)), name)?;
        let mut rows = rows;
        rows.sort_by(|one, other| one.gate.cmp(&other.gate));
        Ok(Self(rows))
    }
}

impl Gates {
    pub(crate) fn all(&self) -> &[Gate] {
        &self.0
    }

    pub(crate) fn named(&self, name: &str) -> &[Gate] {
        let from = self.0.partition_point(|gate| *gate.gate < *name);
        let rest = &self.0[from..];
        &rest[..rest.partition_point(|gate| gate.gate == name)]
    }

    pub(crate) fn state(&self, component: Component, name: &str, minor: Minor) -> GateState<'_> {
        let stages = || {
            let all = self.named(name).iter().flat_map(|gate| &gate.stages);
            all.filter(|stage| stage.known_to(component))
        };
        let spans: Vec<_> = stages().map(GateStage::span).collect();
        match spans::place(&spans, minor) {
            Place::Inside(_) => stages()
                .find(|stage| stage.span().contains(minor))
                .map_or(GateState::Unheard, GateState::Known),
            Place::Before(since) => GateState::NotYet { since },
            Place::After(since) => GateState::Removed { since },
            Place::Nowhere => GateState::Unheard,
        }
    }
}

impl Knowledge {
    /// All gates, by name; kubeadm's own are rows of their own.
    pub fn gates(&self) -> &[Gate] {
        self.gates.get().all()
    }

    /// What a program of a minor makes of a gate.
    pub fn gate(&self, component: Component, name: &str, minor: Minor) -> GateState<'_> {
        if self.covers(minor) {
            self.gates.get().state(component, name, minor)
        } else {
            GateState::Unread
        }
    }
}
