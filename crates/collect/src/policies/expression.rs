//! One expression of a policy: parsed, bounded, and run only where this interpreter is known to say what the API server's does.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use cel::{
    Context, ExecutionError, IdedExpr, Value,
    common::ast::{EntryExpr, Expr, LiteralValue, SelectExpr},
    parser::PrattParser,
};

use super::{successor::Successor, value::Size};

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
/// What one regular expression counts for: it is compiled for each item.
const REGEX_PARTS: u64 = 200;
/// Longer texts make each part of an expression count more.
const TEXT: u64 = 256;

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
    parts: u64,
    regexes: u64,
    sums: u64,
    comprehensions: u32,
    /// Labels and annotations, where it looks at them.
    looks_at: Vec<&'static str>,
}

/// Expressions that others call by name.
pub(super) type Variables = HashMap<String, IdedExpr>;

impl Expression {
    /// Reads one, with variables in their places; `None` where it is beyond the bounds, or where what it says is not certain.
    pub(super) fn read(text: &str, variables: &Variables) -> Option<Self> {
        let parsed = read(text, variables)?;
        let known = is_known(&parsed, &mut Vec::new());
        let mut expression = Self {
            parts: 0,
            regexes: 0,
            sums: 0,
            comprehensions: nested(&parsed),
            looks_at: looks_at(&parsed),
            parsed,
        };
        let mut parts = vec![&expression.parsed];
        while let Some(part) = parts.pop() {
            expression.parts += 1;
            expression.regexes += u64::from(calls(part, "matches"));
            expression.sums += u64::from(calls(part, "_+_"));
            parts.extend(children(part));
        }
        (known && expression.comprehensions <= MOST_COMPREHENSIONS).then_some(expression)
    }

    /// What running it can cost at most, in parts that are looked at.
    pub(super) fn cost(&self, size: Size) -> u64 {
        let weight = self.parts + REGEX_PARTS * self.regexes;
        let weight = weight.saturating_mul(1 + size.text / TEXT);
        // Lists can be put together: each `+` may make one longer by the longest there is.
        let longest = (size.list + self.parts).saturating_mul(1 + self.sums);
        weight.saturating_mul(longest.saturating_pow(self.comprehensions))
    }

    /// Runs it on a pod's successor.
    pub(super) fn run(&self, on: &Successor) -> Answer {
        if self.looks_at.iter().any(|part| on.changed.contains(part)) {
            return Answer::Unclear;
        }
        // It borrows only: a panic in it breaks nothing of ours.
        let run = AssertUnwindSafe(|| {
            let mut context = Context::default();
            context.add_variable_from_value("object", on.object.clone());
            context.add_variable_from_value("oldObject", Value::Null);
            context.add_variable_from_value("request", on.request.clone());
            context.add_variable_from_value("namespaceObject", on.namespace.clone());
            Value::resolve(&self.parsed, &context)
        });
        match catch_unwind(run) {
            Ok(Ok(Value::Bool(true))) => Answer::Holds,
            Ok(Ok(Value::Bool(false))) => Answer::Fails,
            Ok(Err(ExecutionError::NoSuchKey(_))) => Answer::Breaks,
            _ => Answer::Unclear,
        }
    }
}

/// An expression within its bounds, with the expressions of variables in the places of their names.
pub(super) fn read(text: &str, variables: &Variables) -> Option<IdedExpr> {
    if text.len() > MOST_TEXT {
        return None;
    }
    let parser = PrattParser::new()
        .max_recursion_depth(MOST_NESTING)
        .max_expression_node_count(MOST_PARTS)
        .error_reporting_limit(1);
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse(text)));
    let mut parsed = parsed.ok()?.ok()?;
    let mut left = MOST_PARTS;
    put_in(&mut parsed, variables, &mut left)?;
    (depth(&parsed) <= MOST_DEPTH).then_some(parsed)
}

/// Puts variables in the places of their names, as long as there is room.
fn put_in(part: &mut IdedExpr, variables: &Variables, left: &mut usize) -> Option<()> {
    if let Expr::Select(SelectExpr {
        operand,
        field,
        test: false,
    }) = &part.expr
        && is_name(operand, "variables")
    {
        let value = variables.get(field)?;
        *left = left.checked_sub(count(value))?;
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

fn calls(part: &IdedExpr, function: &str) -> bool {
    matches!(&part.expr, Expr::Call(call) if call.func_name == function)
}

fn count(part: &IdedExpr) -> usize {
    1 + children(part).into_iter().map(count).sum::<usize>()
}

fn depth(part: &IdedExpr) -> usize {
    1 + children(part)
        .into_iter()
        .map(depth)
        .max()
        .unwrap_or_default()
}

fn nested(part: &IdedExpr) -> u32 {
    let inner = children(part).into_iter().map(nested).max();
    inner.unwrap_or_default() + u32::from(matches!(part.expr, Expr::Comprehension(_)))
}

/// The parts of a part.
macro_rules! parts_of {
    ($name:ident, $part:ty, $iter:ident, $as_deref:ident, $entry:ident, $($of:tt)+) => {
        fn $name(part: $part) -> Vec<$part> {
            match $($of)+ part.expr {
                Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
                Expr::Call(call) => call.target.$as_deref().into_iter().chain(call.args.$iter()).collect(),
                Expr::Comprehension(each) => vec![
                    $($of)+ each.iter_range,
                    $($of)+ each.accu_init,
                    $($of)+ each.loop_cond,
                    $($of)+ each.loop_step,
                    $($of)+ each.result,
                ],
                Expr::List(list) => list.elements.$iter().collect(),
                Expr::Map(map) => map.entries.$iter().flat_map(|one| $entry($($of)+ one.expr)).collect(),
                Expr::Struct(made) => made.entries.$iter().flat_map(|one| $entry($($of)+ one.expr)).collect(),
                Expr::Select(select) => vec![$($of)+ select.operand],
            }
        }
    };
}

parts_of!(children, &IdedExpr, iter, as_deref, entry, &);
parts_of!(children_mut, &mut IdedExpr, iter_mut, as_deref_mut, entry_mut, &mut);

fn entry(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

fn entry_mut(entry: &mut EntryExpr) -> Vec<&mut IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&mut field.value],
        EntryExpr::MapEntry(entry) => vec![&mut entry.key, &mut entry.value],
    }
}

#[cfg(test)]
#[path = "expression_tests.rs"]
mod tests;
