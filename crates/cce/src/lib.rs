//! The wire of CCE Autopilot's Cluster Upgrade API.
