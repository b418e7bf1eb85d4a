//! The tables of every Kubernetes minor, and the questions that checks ask of them. Knows nothing of where facts come from.
//!
//! `cargo xtask knowledge` generates the data from Kubernetes' own Go modules, with a source per row (`data/`). It is embedded
//! in the program, each section in a file of its own that is read when it is first asked for; a knowledge file bundles all.

mod addons;
mod api;
mod apis;
mod component;
mod configs;
mod corefile;
mod fields;
mod flags;
mod gates;
mod knowledge;
mod releases;
mod runtimes;
mod section;
mod spans;
mod storage;
mod support;
mod volumes;

pub use addons::{Addon, AddonRange, Promise, Retired, Role};
pub use api::{Api, Class, Plan, Provenance, Serving, Span, api_version, url};
pub use component::{Component, ParseComponentError};
pub use configs::{ConfigState, ConfigVersion};
pub use corefile::{CorefilePlugin, CorefileRow, CorefileState, DefaultCoredns, RemovedOption};
pub use fields::{
    AddedField, DeprecatedField, Deprecation, Effect, FieldLife, FieldRow, FieldStatus, Marked,
    RemovedField, TypeRow,
};
pub use flags::{Flag, FlagState, Plugin, PluginState};
pub use gates::{Gate, GateStage, GateState, Stage};
pub use knowledge::{GONE_GROUPS, Knowledge};
pub use releases::Release;
pub use runtimes::{Containerd, RuntimeFit, TestedRuntimes};
pub use section::{ParseError, SCHEMA};
pub use storage::{StorageVersion, Stored};
pub use support::Support;
pub use volumes::{PluginFate, PluginTurn, plugin_turns, turns_met};
