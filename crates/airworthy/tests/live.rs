//! Every pre-check on real API servers: the situation is made there, found, repaired, and not found any more.
//!
//! Most tests share one cluster. Each keeps to its own namespaces and nodes, and no two of them make what one check finds, so
//! that a run of that check alone has an exit code to demand. What whole runs say is tried on clusters of their own.

#[allow(dead_code, reason = "the crash tests use the rest")]
#[path = "crash/client.rs"]
mod client;
mod common_cli;
mod common_live;
#[allow(dead_code, reason = "the crash tests use the rest")]
#[path = "crash/house.rs"]
mod house;

mod live {
    mod access;
    mod addons;
    mod addresses;
    mod admission;
    mod api;
    mod api_more;
    mod api_use;
    mod batch;
    mod control_more;
    mod control_plane;
    mod decisions;
    mod doors;
    mod drain;
    mod evidence;
    mod fields;
    mod from_1_24;
    mod guards;
    mod helm;
    mod kubelets;
    mod left_over;
    mod masters;
    mod node_kinds;
    mod node_state;
    mod nodes;
    mod path;
    mod policies;
    mod probe;
    mod roles;
    mod rollout;
    mod settles;
    mod shared;
    mod storage;
    mod successors;
    mod waits;
    mod workloads;
}
