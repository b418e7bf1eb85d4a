//! What stands in the way of draining nodes.

mod admission_policies;
mod asked;
pub(crate) mod bare_pod;
pub(crate) mod budget;
mod containers;
mod device_claims;
pub(crate) mod drain_capacity;
pub(crate) mod local_storage_pod;
pub(crate) mod long_termination;
pub(crate) mod pdb_blocks_drain;
pub(crate) mod pdb_no_disruption_now;
pub(crate) mod pdb_overlap;
pub(crate) mod pdb_status_broken;
pub(crate) mod pinned_pod;
pub(crate) mod post_pdb_state;
pub(crate) mod quota_headroom;
mod rollout;
mod scopes;
pub(crate) mod single_replica;
mod stage;
pub(crate) mod successor_refused;

pub(crate) use rollout::is_evicted;
