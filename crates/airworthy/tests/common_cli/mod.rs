//! What the tests of the command line share: the binary with what it says, a healthy cluster's facts, and recordings of them.
#![allow(dead_code, unused_imports, reason = "each test binary uses a part")]

pub(crate) mod facts;
pub(crate) mod kubeconfig;
mod recordings;
mod run;

pub(crate) use recordings::Recordings;
pub(crate) use run::{Airworthy, Ended, PATIENCE, airworthy};
