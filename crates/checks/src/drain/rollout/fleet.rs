//! How full sites are, and who is on them.

use std::collections::HashMap;

use airworthy_model::facts::{CsiNode, HostPort};

use super::{
    World,
    kinds::{Column, Kind, Kinds},
    sites::Sites,
};

/// More than any node has: where nothing limits how many volumes may be attached.
const UNLIMITED: i64 = i64::MAX / 4;

/// Why a site has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Full {
    /// Too little of the column of this number.
    Short(u32),
    /// The port is taken.
    Port,
}

/// Who and what is on the sites.
#[derive(Debug)]
pub(super) struct Fleet {
    columns: usize,
    /// Site after site, what each column has left.
    free: Vec<i64>,
    /// The same with nobody there but those who stay with their node.
    empty: Vec<i64>,
    ports: HashMap<u32, Vec<HostPort>>,
    kept_ports: HashMap<u32, Vec<HostPort>>,
    /// By site, the pods that can be moved.
    pub(super) pods: Vec<Vec<u32>>,
    /// Sites that are there and take pods.
    pub(super) open: Vec<bool>,
}

impl Fleet {
    /// All sites, with nobody there and none open.
    pub(super) fn new(world: &World<'_>, sites: &Sites<'_>, kinds: &Kinds<'_>) -> Self {
        let columns = &kinds.columns.list;
        let by_node: HashMap<_, _> = world
            .csi_nodes
            .iter()
            .map(|one| (one.name.as_str(), one))
            .collect();
        let mut free = Vec::with_capacity(sites.list.len() * columns.len());
        for site in &sites.list {
            let csi = by_node.get(site.node.name.as_str());
            free.extend(columns.iter().map(|column| match column {
                Column::Resource(name) => {
                    let amount = site.node.allocatable.get(*name).copied().unwrap_or(0);
                    i64::try_from(amount).unwrap_or(UNLIMITED)
                }
                Column::Attached(driver) => {
                    csi.and_then(|csi| limit(csi, driver)).unwrap_or(UNLIMITED)
                }
            }));
        }
        Self {
            columns: columns.len(),
            empty: free.clone(),
            free,
            ports: HashMap::new(),
            kept_ports: HashMap::new(),
            pods: vec![Vec::new(); sites.list.len()],
            open: vec![false; sites.list.len()],
        }
    }

    /// Somebody who stays with the node, whatever happens.
    pub(super) fn keep(&mut self, kind: &Kind<'_>, site: usize) {
        for &(column, amount) in &kind.needs {
            let at = site * self.columns + column as usize;
            self.empty[at] = self.empty[at].saturating_sub(amount);
            self.free[at] = self.free[at].saturating_sub(amount);
        }
        if !kind.ports().is_empty() {
            self.ports
                .entry(site as u32)
                .or_default()
                .extend_from_slice(kind.ports());
            self.kept_ports
                .entry(site as u32)
                .or_default()
                .extend_from_slice(kind.ports());
        }
    }

    pub(super) fn put(&mut self, pod: u32, kind: &Kind<'_>, site: usize) {
        for &(column, amount) in &kind.needs {
            let free = &mut self.free[site * self.columns + column as usize];
            *free = free.saturating_sub(amount);
        }
        if !kind.ports().is_empty() {
            self.ports
                .entry(site as u32)
                .or_default()
                .extend_from_slice(kind.ports());
        }
        self.pods[site].push(pod);
    }

    pub(super) fn take(&mut self, pod: u32, kind: &Kind<'_>, site: usize) {
        for &(column, amount) in &kind.needs {
            let free = &mut self.free[site * self.columns + column as usize];
            *free = free.saturating_add(amount);
        }
        if let Some(taken) = self.ports.get_mut(&(site as u32)) {
            for port in kind.ports() {
                if let Some(at) = taken.iter().position(|known| known == port) {
                    taken.swap_remove(at);
                }
            }
        }
        if let Some(at) = self.pods[site].iter().position(|&known| known == pod) {
            self.pods[site].swap_remove(at);
        }
    }

    /// Why there is no room for a pod of this kind.
    pub(super) fn full(&self, kind: &Kind<'_>, site: usize) -> Option<Full> {
        self.full_with(&self.free, &self.ports, kind, site)
    }

    /// Why there would be no room if nobody were there but those who stay with their node.
    pub(super) fn full_when_empty(&self, kind: &Kind<'_>, site: usize) -> Option<Full> {
        self.full_with(&self.empty, &self.kept_ports, kind, site)
    }

    fn full_with(
        &self,
        free: &[i64],
        ports: &HashMap<u32, Vec<HostPort>>,
        kind: &Kind<'_>,
        site: usize,
    ) -> Option<Full> {
        let free = &free[site * self.columns..][..self.columns];
        let short = kind
            .needs
            .iter()
            .find(|(column, amount)| free[*column as usize] < *amount);
        if let Some((column, _)) = short {
            return Some(Full::Short(*column));
        }
        if kind.ports().is_empty() {
            return None;
        }
        let taken = ports
            .get(&(site as u32))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let clash = |port: &HostPort| taken.iter().any(|known| known.conflicts(port));
        kind.ports().iter().any(clash).then_some(Full::Port)
    }
}

fn limit(csi: &CsiNode, driver: &str) -> Option<i64> {
    let driver = csi.drivers.iter().find(|known| known.name == driver)?;
    driver.limit.map(i64::from)
}

/// What a site has left, for trying out who would have to go.
#[derive(Debug)]
pub(super) struct Room<'f> {
    free: Vec<i64>,
    ports: Vec<&'f HostPort>,
}

impl Room<'_> {
    pub(super) fn takes(&self, kind: &Kind<'_>) -> bool {
        let enough = |(column, amount): &(u32, i64)| self.free[*column as usize] >= *amount;
        let clash = |port: &HostPort| self.ports.iter().any(|known| known.conflicts(port));
        kind.needs.iter().all(enough) && !kind.ports().iter().any(clash)
    }

    pub(super) fn lose(&mut self, kind: &Kind<'_>) {
        for &(column, amount) in &kind.needs {
            let free = &mut self.free[column as usize];
            *free = free.saturating_add(amount);
        }
        for port in kind.ports() {
            if let Some(at) = self.ports.iter().position(|known| *known == port) {
                self.ports.swap_remove(at);
            }
        }
    }
}

impl Fleet {
    pub(super) fn room(&self, site: usize) -> Room<'_> {
        let ports = self.ports.get(&(site as u32));
        Room {
            free: self.free[site * self.columns..][..self.columns].to_vec(),
            ports: ports.into_iter().flatten().collect(),
        }
    }
}
