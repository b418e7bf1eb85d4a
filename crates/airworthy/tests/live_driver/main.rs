//! `airworthy serve` upgrades a real cluster from 1.31 to 1.32 by a program of its operator's: the API server is exchanged while
//! the program runs, the service is killed meanwhile, an attempt fails and is tried again. Beside it, what recordings can show: the check
//! inside an upgrade, and upgrades that are watched.

#[allow(dead_code, reason = "the conformance suite uses the rest")]
#[path = "../conformance/bed.rs"]
mod bed;
#[allow(dead_code, reason = "the crash tests use the rest")]
#[path = "../crash/client.rs"]
mod client;
#[path = "../common_cli/mod.rs"]
mod common_cli;
#[allow(dead_code, reason = "the crash tests use the rest")]
#[path = "../crash/house.rs"]
mod house;
mod program;
mod recorded;
mod watched;
