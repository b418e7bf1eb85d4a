//! What stands in the way of draining nodes.

pub mod pdb_blocks_drain;
