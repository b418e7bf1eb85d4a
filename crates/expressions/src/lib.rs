//! Expressions in CEL that strangers write: read within bounds, measured before they run, and run so that an interpreter that panics
//! ends nothing of ours.
//!
//! What an expression may name and call, and how much it may cost, is for whoever asks to say; here stands how that is found out.

mod parse;
mod run;
mod shape;
mod tree;
mod value;

/// The syntax tree as the interpreter has it, and what it computes.
pub use cel::{
    IdedExpr, Value,
    common::ast::{Expr, LiteralValue, SelectExpr},
};
pub use parse::{ParseError, parse};
pub use run::{RunError, run};
pub use shape::{Shape, Size};
pub use tree::{children, children_mut, depth};
pub use value::value;
