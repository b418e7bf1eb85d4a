//! Who calls, as real API servers tell it: in their audit logs, and in what they send to the service.

mod common_live;

mod live_audit {
    mod callers;
    mod log;
    #[allow(dead_code, reason = "another test binary uses the rest")]
    #[path = "../live_footprint/service.rs"]
    mod service;
    mod webhook;
}
