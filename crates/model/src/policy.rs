//! What the operator has decided about an upgrade, as far as checks depend on it.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::facts::IntOrPercent;
use crate::version::{Hop, Minor, UpgradePath};

/// What the upgrade touches. It changes how bad things are: draining matters only where nodes are rolled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rollout {
    /// Control plane and nodes: every node is drained once.
    #[default]
    Nodes,
    /// The control plane alone.
    #[serde(alias = "controlPlane")]
    ControlPlane,
    /// A patch release of the control plane: no minor is crossed, no node is drained.
    Patch,
}

impl Rollout {
    /// The word of the command line and of the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::ControlPlane => "control-plane",
            Self::Patch => "patch",
        }
    }
}

/// Who runs the control plane: of a provider's, nobody can read flags, feature gates and files, and nobody has to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlPlane {
    /// What versions and nodes tell.
    #[default]
    Detect,
    /// The operator of the cluster.
    SelfManaged,
    /// A provider.
    Managed,
}

impl ControlPlane {
    /// The word of the command line and of the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::SelfManaged => "self-managed",
            Self::Managed => "managed",
        }
    }
}

/// In which order nodes are rolled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeOrder {
    /// By name.
    #[default]
    Name,
    /// Pool after pool, by name in each.
    Pool,
    /// The oldest first.
    Age,
}

impl NodeOrder {
    /// The word of the command line and of the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Pool => "pool",
            Self::Age => "age",
        }
    }
}

/// A pace at which no node would ever move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a batch of 0 moves no node where none is added first: give a batch of at least 1, or a surge"
)]
pub struct StandsStill;

/// How nodes are rolled: how many at a time, and whether others are there before the old ones go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pace {
    /// Nodes added before others are drained; drained nodes are then replaced. Nothing: they are upgraded in place and come back.
    #[serde(
        default,
        deserialize_with = "amount",
        skip_serializing_if = "Option::is_none"
    )]
    pub surge: Option<IntOrPercent>,
    /// Nodes that may lack at a time. Nothing: one where there is no surge, else none.
    #[serde(
        default,
        deserialize_with = "amount",
        skip_serializing_if = "Option::is_none"
    )]
    pub batch: Option<IntOrPercent>,
    /// Which nodes go first: by name, when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<NodeOrder>,
}

/// A number or a share of nodes that makes sense.
fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IntOrPercent>, D::Error> {
    let read = Option::<IntOrPercent>::deserialize(deserializer)?;
    let parsed = read.map(|amount| amount.to_string().parse());
    parsed.transpose().map_err(D::Error::custom)
}

impl Pace {
    /// The same, with what another one says in place of what this one says.
    #[must_use]
    pub fn with(&self, said: &Self) -> Self {
        Self {
            surge: said.surge.clone().or_else(|| self.surge.clone()),
            batch: said.batch.clone().or_else(|| self.batch.clone()),
            order: said.order.or(self.order),
        }
    }

    /// Refuses a pace of which somebody said that no node is to go, and that none is to come: it would be taken for one at a time.
    pub fn moving(self) -> Result<Self, StandsStill> {
        let none = |amount: &IntOrPercent| {
            matches!(amount, IntOrPercent::Int(0)) || amount.percent() == Some(0)
        };
        if self.batch.as_ref().is_some_and(none) && self.surge.as_ref().is_none_or(none) {
            return Err(StandsStill);
        }
        Ok(self)
    }

    /// How many of `nodes` are added first: a share is rounded up.
    pub fn surge_of(&self, nodes: usize) -> usize {
        self.surge.as_ref().map_or(0, |surge| share(surge, nodes))
    }

    /// How many of `nodes` are drained at a time: a share is rounded down. At least one, where nothing would move otherwise.
    pub fn drained_of(&self, nodes: usize) -> usize {
        let lacking = self.batch.as_ref().map_or(0, |batch| match batch {
            IntOrPercent::Percent(_) => share_down(batch, nodes),
            IntOrPercent::Int(_) => share(batch, nodes),
        });
        (self.surge_of(nodes) + lacking).clamp(1, nodes.max(1))
    }
}

impl std::fmt::Display for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let or = |amount: &Option<IntOrPercent>, default: &str| {
            amount
                .as_ref()
                .map_or(default.to_owned(), ToString::to_string)
        };
        let alone = if self.surge.is_some() { "0" } else { "1" };
        let order = self.order.unwrap_or_default().word();
        let (surge, batch) = (or(&self.surge, "0"), or(&self.batch, alone));
        write!(f, "surge {surge}, batch {batch}, by {order}")
    }
}

fn share(of: &IntOrPercent, nodes: usize) -> usize {
    match of {
        IntOrPercent::Int(number) => usize::try_from(*number).unwrap_or(0),
        IntOrPercent::Percent(_) => percent(of, nodes).div_ceil(100),
    }
}

fn share_down(of: &IntOrPercent, nodes: usize) -> usize {
    percent(of, nodes) / 100
}

fn percent(of: &IntOrPercent, nodes: usize) -> usize {
    nodes.saturating_mul(of.percent().unwrap_or(0) as usize)
}

/// Decisions that change what checks say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// What the upgrade touches.
    #[serde(default)]
    pub rollout: Rollout,
    /// Who runs the control plane.
    #[serde(default)]
    pub control_plane: ControlPlane,
    /// Jumps over several minors that the platform sells as one step, such as 1.28 → 1.31.
    #[serde(default)]
    pub allowed_jumps: Vec<Hop>,
    /// How nodes are rolled.
    #[serde(default)]
    pub pace: Pace,
}

impl Policy {
    /// Whether going from `from` to `to` in one step is allowed: the next minor always is.
    pub fn allows(&self, from: Minor, to: Minor) -> bool {
        to.distance_from(from) <= 1 || self.allowed_jumps.contains(&Hop { from, to })
    }

    /// The upgrade as the platform carries it out: one step, or listed jumps that meet end to end; `None` when neither leads there,
    /// or when there are none because no minor is crossed. Next minors are left out of such chains on purpose: with them every target
    /// could be reached, without a check at any minor between.
    pub fn steps(&self, path: &UpgradePath) -> Option<Vec<Hop>> {
        let (from, to) = (path.from.minor, path.target.minor);
        match self.allows(from, to) {
            true if from == to => None,
            true => Some(vec![Hop { from, to }]),
            false => self.chain(from, to),
        }
    }

    fn chain(&self, from: Minor, to: Minor) -> Option<Vec<Hop>> {
        if from == to {
            return Some(Vec::new());
        }
        self.jumps_from(from, to).find_map(|jump| {
            let rest = self.chain(jump.to, to)?;
            Some([vec![jump], rest].concat())
        })
    }

    /// The listed jumps that begin at a minor and do not go beyond another.
    pub fn jumps_from(&self, from: Minor, to: Minor) -> impl Iterator<Item = Hop> {
        let jumps = self.allowed_jumps.iter().copied();
        jumps.filter(move |jump| jump.from == from && from < jump.to && jump.to <= to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_drained_one_at_a_time_unless_more_is_said() {
        for (surge, batch, added, drained) in [
            (None, None, 0, 1),
            (None, Some("3"), 0, 3),
            (None, Some("25%"), 0, 2),
            (None, Some("1%"), 0, 1),
            (Some("1"), None, 1, 1),
            (Some("10%"), None, 1, 1),
            (Some("2"), Some("1"), 2, 3),
            (None, Some("100"), 0, 10),
            (Some("0"), Some("0"), 0, 1),
        ] {
            let amount = |text: Option<&str>| text.map(|text| text.parse().unwrap());
            let pace = Pace {
                surge: amount(surge),
                batch: amount(batch),
                order: None,
            };
            assert_eq!(
                (pace.surge_of(10), pace.drained_of(10)),
                (added, drained),
                "{surge:?} {batch:?}"
            );
        }
    }

    #[test]
    fn a_pace_that_moves_nothing_is_refused() {
        let pace = |text: &str| serde_json::from_str::<Pace>(text).unwrap().moving();
        for text in [
            r#"{"batch": 0}"#,
            r#"{"batch": "0%"}"#,
            r#"{"batch": 0, "surge": 0}"#,
        ] {
            assert_eq!(pace(text), Err(StandsStill), "{text}");
        }
        for text in ["{}", r#"{"batch": 0, "surge": 1}"#, r#"{"surge": 0}"#] {
            pace(text).unwrap();
        }
    }

    #[test]
    fn a_pace_that_makes_no_sense_is_refused() {
        for text in [
            r#"{"surge": -1}"#,
            r#"{"batch": "many"}"#,
            r#"{"batch": "120%"}"#,
            r#"{"rate": 1}"#,
            r#"{"order": "size"}"#,
        ] {
            serde_json::from_str::<Pace>(text).unwrap_err();
        }
    }
}
