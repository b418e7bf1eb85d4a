//! One expression of a policy: parsed, bounded, and run only where this interpreter is known to say what the API server's does.

use std::collections::HashMap;

use airworthy_expressions::{
    self as expressions, Expr, IdedExpr, LiteralValue, RunError, SelectExpr, Shape, Size, Value,
    children, children_mut,
};

use super::successor::Successor;

/// Longest expression, in bytes.
const MOST_TEXT: usize = 4_000;
/// Most brackets, operators and calls within each other, as written.
const MOST_NESTING: u16 = 24;
/// Most parts within each other once macros and variables are in their places. Each takes some kilobytes of stack while it runs.
const MOST_DEPTH: usize = 40;
/// Most parts in all.
const MOST_PARTS: usize = 600;
/// Most `all`, `exists`, `map` and `filter` within each other.
const MOST_COMPREHENSIONS: u32 = 3;

/// Functions and operators that are held against API servers by a test.
const KNOWN: [&str; 22] = [
    "_?_:_",
    "_&&_",
    "_||_",
    "!_",
    "_+_",
    "_-_",
    "-_",
    "_==_",
    "_!=_",
    "_>=_",
    "_<=_",
    "_>_",
    "_<_",
    "_[_]",
    "@in",
    "@not_strictly_false",
    "size",
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "_*_",
];
/// Members of a pod that are not the same for its successor, or that a new pod has and one that runs has lost.
const OF_ITS_TIME: [&str; 5] = [
    "nodeName",
    "schedulingGates",
    "ephemeralContainers",
    "status",
    "managedFields",
];
/// What an expression may look at beside the pod.
const REQUEST: [&str; 6] = [
    "operation",
    "namespace",
    "kind",
    "resource",
    "requestKind",
    "requestResource",
];

/// What comes of running an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Holds,
    Fails,
    /// It looks at a member that is not there, which is an error for the API server too.
    Breaks,
    /// Nothing that is certain.
    Unclear,
}

/// An expression that may be run.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    parsed: IdedExpr,
    shape: Shape,
    /// Labels and annotations, where it looks at them.
    looks_at: Vec<&'static str>,
}

/// Expressions that others call by name.
pub(super) type Variables = HashMap<String, IdedExpr>;

impl Expression {
    /// Reads one, with variables in their places; `None` where it is beyond the bounds, or where what it says is not certain.
    pub(super) fn read(text: &str, variables: &Variables) -> Option<Self> {
        let parsed = read(text, variables)?;
        let shape = Shape::of(&parsed);
        let runs =
            is_known(&parsed, &mut Vec::new()) && shape.comprehensions <= MOST_COMPREHENSIONS;
        runs.then(|| Self {
            shape,
            looks_at: looks_at(&parsed),
            parsed,
        })
    }

    /// What running it can cost at most, in parts that are looked at.
    pub(super) fn cost(&self, size: Size) -> u64 {
        self.shape.cost(size)
    }

    /// Runs it on a pod's successor.
    pub(super) fn run(&self, on: &Successor) -> Answer {
        if self.looks_at.iter().any(|part| on.changed.contains(part)) {
            return Answer::Unclear;
        }
        let variables = [
            ("object", on.object.clone()),
            ("oldObject", Value::Null),
            ("request", on.request.clone()),
            ("namespaceObject", on.namespace.clone()),
        ];
        match expressions::run(&self.parsed, variables) {
            Ok(Value::Bool(true)) => Answer::Holds,
            Ok(Value::Bool(false)) => Answer::Fails,
            Err(RunError::NoSuchKey(_)) => Answer::Breaks,
            Ok(_) | Err(RunError::Failed(_) | RunError::Panicked) => Answer::Unclear,
        }
    }
}

/// An expression within its bounds, with the expressions of variables in the places of their names.
pub(super) fn read(text: &str, variables: &Variables) -> Option<IdedExpr> {
    if text.len() > MOST_TEXT {
        return None;
    }
    let mut parsed = expressions::parse(text, MOST_NESTING, MOST_PARTS).ok()?;
    let mut left = MOST_PARTS as u64;
    put_in(&mut parsed, variables, &mut left)?;
    (expressions::depth(&parsed) <= MOST_DEPTH).then_some(parsed)
}

/// Puts variables in the places of their names, as long as there is room.
fn put_in(part: &mut IdedExpr, variables: &Variables, left: &mut u64) -> Option<()> {
    if let Expr::Select(SelectExpr {
        operand,
        field,
        test: false,
    }) = &part.expr
        && is_name(operand, "variables")
    {
        let value = variables.get(field)?;
        *left = left.checked_sub(Shape::of(value).parts)?;
        part.expr = value.expr.clone();
        return Some(());
    }
    children_mut(part)
        .into_iter()
        .try_for_each(|child| put_in(child, variables, left))
}

/// Whether everything in it means the same here and for the API server; `bound` are the names of elements.
fn is_known(part: &IdedExpr, bound: &mut Vec<String>) -> bool {
    if let Some(known) = looks_at_known(part) {
        return known;
    }
    match &part.expr {
        Expr::Ident(name) => name == "oldObject" || bound.iter().any(|one| one == name),
        Expr::Call(call) => {
            KNOWN.contains(&call.func_name.as_str())
                && (call.func_name != "matches" || is_plain_pattern(call.args.last()))
                && children(part)
                    .into_iter()
                    .all(|child| is_known(child, bound))
        }
        Expr::Comprehension(each) => {
            let names = [&each.iter_var, &each.accu_var];
            let hides = names.iter().any(|name| GLOBALS.contains(&name.as_str()));
            let outer = bound.len();
            bound.extend(names.into_iter().cloned());
            let known = children(part)
                .into_iter()
                .all(|child| is_known(child, bound));
            bound.truncate(outer);
            known && !hides && each.iter_var2.is_none()
        }
        Expr::Select(select) => {
            !OF_ITS_TIME.contains(&select.field.as_str()) && is_known(&select.operand, bound)
        }
        Expr::Literal(literal) => is_plain_literal(literal),
        Expr::List(_) => children(part)
            .into_iter()
            .all(|child| is_known(child, bound)),
        Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => false,
    }
}

const GLOBALS: [&str; 7] = [
    "object",
    "oldObject",
    "request",
    "namespaceObject",
    "params",
    "variables",
    "authorizer",
];

/// Members are looked up by these texts too.
fn is_plain_literal(literal: &LiteralValue) -> bool {
    match literal {
        LiteralValue::String(text) => !OF_ITS_TIME.contains(&text.inner()),
        LiteralValue::Boolean(_) | LiteralValue::Int(_) | LiteralValue::Null => true,
        LiteralValue::Bytes(_) | LiteralValue::Double(_) | LiteralValue::UInt(_) => false,
    }
}

/// For a part that begins with what the API server gives: whether it may be looked at.
fn looks_at_known(part: &IdedExpr) -> Option<bool> {
    let (root, path) = path(part)?;
    let known = match (root, &path[..]) {
        (
            "object",
            ["kind" | "apiVersion", ..]
            | [
                "metadata",
                "labels" | "annotations" | "namespace" | "ownerReferences",
                ..,
            ],
        )
        | ("namespaceObject", ["metadata", "name" | "labels", ..]) => true,
        ("object", ["spec", rest @ ..]) => !rest.iter().any(|name| OF_ITS_TIME.contains(name)),
        ("request", [first, ..]) => REQUEST.contains(first),
        (
            "oldObject" | "object" | "namespaceObject" | "request" | "params" | "variables"
            | "authorizer",
            rest,
        ) => root == "oldObject" && rest.is_empty(),
        _ => return None,
    };
    Some(known)
}

/// The name that a chain of members begins with, and the members.
fn path(part: &IdedExpr) -> Option<(&str, Vec<&str>)> {
    match &part.expr {
        Expr::Ident(name) => Some((name, Vec::new())),
        Expr::Select(select) => {
            let (root, mut members) = path(&select.operand)?;
            members.push(&select.field);
            Some((root, members))
        }
        _ => None,
    }
}

/// Whether labels and annotations are looked at.
fn looks_at(parsed: &IdedExpr) -> Vec<&'static str> {
    let mut seen = Vec::new();
    let mut parts = vec![parsed];
    while let Some(part) = parts.pop() {
        if let Expr::Select(select) = &part.expr {
            let known = ["labels", "annotations"].into_iter();
            seen.extend(known.filter(|name| *name == select.field));
        }
        parts.extend(children(part));
    }
    seen
}

/// A pattern that both libraries of regular expressions read alike: plain ASCII, and no class within a class.
fn is_plain_pattern(pattern: Option<&IdedExpr>) -> bool {
    let Some(Expr::Literal(LiteralValue::String(text))) = pattern.map(|part| &part.expr) else {
        return false;
    };
    let text = text.inner();
    // Within brackets a bracket is a letter in one library and begins a class in the other.
    let classes = text.split_once('[').map_or("", |(_, rest)| rest);
    text.is_ascii()
        && classes.rsplit('[').skip(1).all(|class| class.contains(']'))
        && !ODD.iter().any(|odd| text.contains(odd))
        && escapes_are_plain(text)
}

/// What one library of regular expressions reads otherwise than the other, or may.
const ODD: [&str; 8] = ["&&", "--", "~~", "(?", "{,", "[]", "[^]", "\\]"];

/// `\d`, `\w` and `\s` are ASCII in one library and more in the other, so they are left to those who know.
fn escapes_are_plain(text: &str) -> bool {
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\'
            && letters
                .next()
                .is_none_or(|next| next.is_ascii_alphanumeric())
        {
            return false;
        }
    }
    true
}

fn is_name(part: &IdedExpr, wanted: &str) -> bool {
    matches!(&part.expr, Expr::Ident(name) if name == wanted)
}

#[cfg(test)]
#[path = "expression_tests.rs"]
mod tests;
