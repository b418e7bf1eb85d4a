//! Every post-check after a real upgrade from 1.31 to 1.32: what the upgrade could have broken is broken, found, repaired, and
//! not found any more.
//!
//! All tests share one upgraded cluster; each breaks what the set-up made for it. Those that start the API server anew have
//! the cluster to themselves meanwhile.

mod common_live;

mod live_upgrade {
    mod apis;
    mod control_plane;
    mod kube_proxy;
    mod later;
    mod nodes;
    mod traffic;
    mod upgraded;
    mod verdict;
    mod volumes;
    mod workloads;
}
