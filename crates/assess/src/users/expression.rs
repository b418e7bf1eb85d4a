//! One expression of a user: parsed, bounded before it runs, and run on one item.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::{
    Context, IdedExpr, Value,
    common::ast::{EntryExpr, Expr},
    parser::PrattParser,
};
use serde_json::{Map, Value as Json};

/// Longest expression, in characters.
pub(crate) const MOST_CHARACTERS: usize = 1000;
/// Most brackets, operators and calls within each other, as written.
const MOST_NESTING: u16 = 16;
/// Most parts within each other once macros are expanded. Each takes some kilobytes of stack while it runs.
const MOST_DEPTH: usize = 32;
/// Most parts in all.
const MOST_PARTS: usize = 300;
/// Most `all`, `exists`, `map` and `filter` within each other.
const MOST_COMPREHENSIONS: usize = 2;
/// What one regular expression counts for: it is compiled for each item.
const REGEX_PARTS: u64 = 200;
/// Longer texts make each part of an expression count more.
const TEXT: u64 = 256;

/// An expression that can be run.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    text: String,
    parsed: Parsed,
}

#[derive(Clone, Debug)]
enum Parsed {
    Bounded(IdedExpr, Shape),
    /// Why it is not run.
    TooLarge(String),
}

/// What an expression is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shape {
    parts: u64,
    regexes: u64,
    sums: u64,
    /// `all`, `exists`, `map` and `filter` within each other.
    comprehensions: u32,
}

impl Expression {
    /// Reads one; `Err` where it is no expression over `item` and `path`. One that is beyond the bounds can be read, and is never run.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Ok(Self {
            text: text.to_owned(),
            parsed: parse(text)?,
        })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Why it is never run, where it is beyond the bounds.
    pub(crate) fn too_large(&self) -> Option<&str> {
        match &self.parsed {
            Parsed::Bounded(..) => None,
            Parsed::TooLarge(why) => Some(why),
        }
    }

    /// What running it on an item can cost at most, in parts that are looked at.
    pub(crate) fn cost(&self, item: &Json) -> u64 {
        let Parsed::Bounded(_, shape) = &self.parsed else {
            return u64::MAX;
        };
        let size = Size::of(item);
        let weight = shape.parts + REGEX_PARTS * shape.regexes;
        let weight = weight.saturating_mul(1 + size.text / TEXT);
        // Lists can be put together: each `+` may make one longer by the longest there is.
        let longest = (size.list + shape.parts).saturating_mul(1 + shape.sums);
        weight.saturating_mul(longest.saturating_pow(shape.comprehensions))
    }

    /// Whether it holds for an item. The error says what is wrong with it, for people.
    pub(crate) fn holds(&self, item: &Json, path: &Json) -> Result<bool, String> {
        let Parsed::Bounded(expression, _) = &self.parsed else {
            return Err(self.too_large().unwrap_or_default().to_owned());
        };
        // It borrows only: a panic in it breaks nothing of ours.
        let run = AssertUnwindSafe(|| evaluate(expression, item, path));
        match catch_unwind(run) {
            Ok(Ok(Value::Bool(holds))) => Ok(holds),
            Ok(Ok(other)) => Err(format!(
                "it gave {:?} and neither true nor false",
                other.type_of()
            )),
            Ok(Err(why)) => Err(why),
            Err(_) => Err("running it failed".to_owned()),
        }
    }
}

fn evaluate(expression: &IdedExpr, item: &Json, path: &Json) -> Result<Value, String> {
    let mut context = Context::default();
    for (name, value) in [("item", item), ("path", path)] {
        let value = cel::to_value(value).map_err(|error| error.to_string())?;
        context.add_variable_from_value(name, value);
    }
    Value::resolve(expression, &context).map_err(|error| error.to_string())
}

fn parse(text: &str) -> Result<Parsed, String> {
    let too_large = |what: &str, most: usize| {
        Ok(Parsed::TooLarge(format!(
            "the expression has more than {most} {what}"
        )))
    };
    if text.chars().count() > MOST_CHARACTERS {
        return too_large("characters", MOST_CHARACTERS);
    }
    let parser = PrattParser::new()
        .max_recursion_depth(MOST_NESTING)
        .max_expression_node_count(MOST_PARTS)
        .error_reporting_limit(1);
    let parsed = match catch_unwind(AssertUnwindSafe(|| parser.parse(text))) {
        Ok(Ok(parsed)) => parsed,
        Ok(Err(errors)) => return not_parsed(&errors.to_string()),
        Err(_) => return Err("it cannot be read".to_owned()),
    };
    unknown_names(&parsed)?;
    if depth(&parsed) > MOST_DEPTH {
        return too_large("parts within each other", MOST_DEPTH);
    }
    let shape = Shape::of(&parsed);
    if shape.comprehensions as usize > MOST_COMPREHENSIONS {
        return too_large(
            "of all, exists, map and filter within each other",
            MOST_COMPREHENSIONS,
        );
    }
    Ok(Parsed::Bounded(parsed, shape))
}

/// The parser's own bounds are ours; anything else is a fault of the text.
fn not_parsed(errors: &str) -> Result<Parsed, String> {
    if errors.contains("recursion limit exceeded") || errors.contains("exceeds limit") {
        return Ok(Parsed::TooLarge(format!(
            "the expression has more than {MOST_NESTING} parts within each other, or {MOST_PARTS} in all"
        )));
    }
    let first = errors.lines().next().unwrap_or_default();
    Err(first.trim_start_matches("ERROR: <input>:").to_owned())
}

fn unknown_names(parsed: &IdedExpr) -> Result<(), String> {
    let references = parsed.references();
    let mut names = references.variables();
    names.sort_unstable();
    let bound = bound_names(parsed);
    let unknown = names
        .into_iter()
        .find(|name| !["item", "path"].contains(name) && !bound.iter().any(|it| it == name));
    unknown.map_or(Ok(()), |name| {
        Err(format!("it names {name:?}; there are item and path"))
    })
}

/// The parts of a part.
fn children(part: &IdedExpr) -> Vec<&IdedExpr> {
    match &part.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
        Expr::Call(call) => call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .collect(),
        Expr::Comprehension(each) => vec![
            &each.iter_range,
            &each.accu_init,
            &each.loop_cond,
            &each.loop_step,
            &each.result,
        ],
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(|it| entry(&it.expr)).collect(),
        Expr::Struct(made) => made.entries.iter().flat_map(|it| entry(&it.expr)).collect(),
        Expr::Select(select) => vec![&select.operand],
    }
}

fn entry(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

fn depth(part: &IdedExpr) -> usize {
    1 + children(part)
        .into_iter()
        .map(depth)
        .max()
        .unwrap_or_default()
}

/// Names that macros bind to elements, and those that they keep results under.
fn bound_names(part: &IdedExpr) -> Vec<String> {
    let mut names: Vec<_> = children(part).into_iter().flat_map(bound_names).collect();
    if let Expr::Comprehension(each) = &part.expr {
        names.extend([each.iter_var.clone(), each.accu_var.clone()]);
        names.extend(each.iter_var2.clone());
    }
    names
}

impl Shape {
    fn of(part: &IdedExpr) -> Self {
        let mut shape = Self {
            parts: 1,
            ..Self::default()
        };
        for child in children(part) {
            let child = Self::of(child);
            shape.parts += child.parts;
            shape.regexes += child.regexes;
            shape.sums += child.sums;
            shape.comprehensions = shape.comprehensions.max(child.comprehensions);
        }
        match &part.expr {
            Expr::Comprehension(_) => shape.comprehensions += 1,
            Expr::Call(call) if call.func_name == "matches" => shape.regexes += 1,
            Expr::Call(call) if call.func_name == "_+_" => shape.sums += 1,
            _ => (),
        }
        shape
    }
}

/// How large an item is.
struct Size {
    /// Elements of its longest list or map.
    list: u64,
    /// Bytes of its longest text.
    text: u64,
}

impl Size {
    fn of(item: &Json) -> Self {
        let whole = |length: usize, parts: &mut dyn Iterator<Item = &Json>| {
            let own = Self {
                list: length as u64,
                text: 0,
            };
            parts.map(Self::of).fold(own, |one, other| Self {
                list: one.list.max(other.list),
                text: one.text.max(other.text),
            })
        };
        match item {
            Json::Array(list) => whole(list.len(), &mut list.iter()),
            Json::Object(map) => whole(map.len(), &mut map.values()),
            Json::String(text) => Self {
                list: 0,
                text: text.len() as u64,
            },
            Json::Null | Json::Bool(_) | Json::Number(_) => Self { list: 0, text: 0 },
        }
    }
}

/// A row of facts as expressions see it: labels are a map, and whole numbers are of one kind.
pub(crate) fn item(row: Json) -> Json {
    match row {
        Json::Array(list) if is_labels(&list) => {
            let pairs = list.into_iter().filter_map(|pair| match pair {
                Json::Array(pair) => match <[Json; 2]>::try_from(pair) {
                    Ok([Json::String(key), value]) => Some((key, value)),
                    _ => None,
                },
                _ => None,
            });
            Json::Object(pairs.collect())
        }
        Json::Array(list) => Json::Array(list.into_iter().map(item).collect()),
        Json::Object(map) => {
            let members = map.into_iter().map(|(name, value)| (name, item(value)));
            Json::Object(members.collect::<Map<_, _>>())
        }
        Json::Number(number) => number.as_i64().map_or(Json::Number(number), Json::from),
        other => other,
    }
}

/// Labels are kept as pairs of texts.
fn is_labels(list: &[Json]) -> bool {
    let is_pair = |pair: &Json| {
        let pair = pair.as_array();
        pair.is_some_and(|pair| pair.len() == 2 && pair.iter().all(Json::is_string))
    };
    !list.is_empty() && list.iter().all(is_pair)
}

#[cfg(test)]
#[path = "expression_tests.rs"]
mod tests;
