//! Kubernetes manifests as text: what is an object, where it stands, how it is changed so that a target accepts it. Knows no
//! cluster.

mod digest;
mod fields;
mod marks;
mod object;
mod parse;
mod patch;
mod problem;
mod template;
mod watch;

pub use digest::{Digest, Found, MAX_DOCUMENT};
pub use object::{Object, objects};
pub use parse::{Chunk, Document, Kind, MAX_DEPTH, MAX_NODES, Node, Style, parse, read};
pub use patch::{Change, Fixed, Reach, fix, fix_at};
pub use problem::Problem;
pub use watch::Watch;
