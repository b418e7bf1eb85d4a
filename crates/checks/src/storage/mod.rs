//! Volumes, and the drivers behind them.

pub(crate) mod attachment;
pub(crate) mod csi_driver_health;
pub(crate) mod in_tree_volume_driver_missing;
pub(crate) mod pvc_unhealthy;
pub(crate) mod removed_volume_plugin;
mod users;
pub(crate) mod volume_attachment_stuck;
