//! Kubernetes manifests as text: what is an object, where it stands, how it is changed so that a target accepts it. Knows no
//! cluster.

mod object;
mod parse;
mod problem;

pub use object::{Object, objects};
pub use parse::{Chunk, Document, Kind, MAX_DEPTH, MAX_NODES, Node, Style, parse, read};
pub use problem::Problem;
