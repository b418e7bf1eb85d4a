//! Why a pod finds no node, in words.

use std::collections::BTreeMap;

use super::{fleet::Full, kinds::Column, neighbours::Forbidden, sites::Unfit};
use crate::text::{counted, short};

/// What keeps a pod from one site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hindrance {
    Full(Full),
    Forbidden(Forbidden),
    Unfit(Unfit),
    /// Cordoned, not ready, or drained together with the pod's own node.
    Closed,
}

/// How many nodes each hindrance concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Why {
    hindrances: BTreeMap<Hindrance, usize>,
    /// Names of the columns that lack.
    names: BTreeMap<u32, String>,
}

impl Why {
    pub(super) fn add(&mut self, hindrance: Hindrance, columns: &[Column<'_>]) {
        *self.hindrances.entry(hindrance).or_default() += 1;
        if let Hindrance::Full(Full::Short(column)) = hindrance {
            let name = || match columns[column as usize] {
                Column::Resource(name) => short(name, 40),
                Column::Attached(driver) => format!("volumes of {}", short(driver, 40)),
            };
            self.names.entry(column).or_insert_with(name);
        }
    }

    /// Whether more nodes like the present ones would help: room is all that lacks where the pod is admitted.
    pub(in super::super) fn lacks_room_only(&self) -> bool {
        let mut hindrances = self.hindrances.keys();
        let mut full = false;
        let room = hindrances.all(|hindrance| {
            full |= matches!(hindrance, Hindrance::Full(_));
            !matches!(hindrance, Hindrance::Forbidden(_))
        });
        room && full
    }

    /// The resource, port or rule that stands in the way on most of the nodes that admit the pod.
    pub(in super::super) fn field(&self) -> &'static str {
        let most = self
            .hindrances
            .iter()
            .filter(|(hindrance, _)| !matches!(hindrance, Hindrance::Closed));
        // What others can do something about comes first.
        let most = most
            .max_by_key(|(hindrance, count)| (!matches!(hindrance, Hindrance::Unfit(_)), **count));
        match most.map(|(hindrance, _)| *hindrance) {
            Some(Hindrance::Full(Full::Port)) => "spec.containers.ports.hostPort",
            Some(Hindrance::Full(Full::Short(_)) | Hindrance::Closed) | None => {
                "spec.containers.resources.requests"
            }
            Some(Hindrance::Forbidden(Forbidden::Alone)) => "spec.affinity.podAffinity",
            Some(Hindrance::Forbidden(Forbidden::Together)) => "spec.affinity.podAntiAffinity",
            Some(Hindrance::Forbidden(Forbidden::Uneven)) => "spec.topologySpreadConstraints",
            Some(Hindrance::Unfit(Unfit::Tainted)) => "spec.tolerations",
            Some(Hindrance::Unfit(Unfit::Unselected)) => "spec.nodeSelector",
            Some(Hindrance::Unfit(Unfit::Unreached)) => "spec.volumes",
        }
    }

    /// The three hindrances that concern most nodes, with how many; nodes that never admit the pod come last, for
    /// there are often many of them, and they say the least about what is in its way.
    pub(in super::super) fn words(&self) -> String {
        let mut by_count: Vec<_> = self.hindrances.iter().collect();
        by_count.sort_by_key(|(hindrance, count)| {
            let unfit = matches!(hindrance, Hindrance::Unfit(_));
            (unfit, std::cmp::Reverse(**count), **hindrance)
        });
        let words = by_count.iter().take(3).map(|(hindrance, count)| {
            format!("{} on {}", self.word(**hindrance), counted(**count, "node"))
        });
        let words: Vec<_> = words.collect();
        if words.is_empty() {
            "there is no other node".to_owned()
        } else {
            words.join(", ")
        }
    }

    fn word(&self, hindrance: Hindrance) -> String {
        match hindrance {
            Hindrance::Full(Full::Short(column)) => {
                let name = self.names.get(&column).map_or("room", String::as_str);
                format!("too little {name}")
            }
            Hindrance::Full(Full::Port) => "its port is taken".to_owned(),
            Hindrance::Forbidden(Forbidden::Alone) => "no pod to be near to".to_owned(),
            Hindrance::Forbidden(Forbidden::Together) => "a pod to be apart from".to_owned(),
            Hindrance::Forbidden(Forbidden::Uneven) => "spread uneven".to_owned(),
            Hindrance::Unfit(Unfit::Tainted) => "a taint".to_owned(),
            Hindrance::Unfit(Unfit::Unselected) => "not selected".to_owned(),
            Hindrance::Unfit(Unfit::Unreached) => "its volume out of reach".to_owned(),
            Hindrance::Closed => "cordoned or not ready".to_owned(),
        }
    }
}
