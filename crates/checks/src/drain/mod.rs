//! What stands in the way of draining nodes.

pub(crate) mod bare_pod;
pub(crate) mod drain_capacity;
pub(crate) mod pdb_blocks_drain;
pub(crate) mod pdb_overlap;
mod rollout;
mod stage;
