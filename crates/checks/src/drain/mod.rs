//! What stands in the way of draining nodes.

pub(crate) mod pdb_blocks_drain;
