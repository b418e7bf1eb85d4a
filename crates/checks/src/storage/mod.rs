//! Volumes, and the drivers behind them.

pub(crate) mod attachment;
pub(crate) mod in_tree_volume_driver_missing;
pub(crate) mod removed_volume_plugin;
mod users;
