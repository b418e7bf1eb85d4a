//! One expression of a user: parsed, bounded before it runs, and run on one item.

use airworthy_expressions::{
    Expr, IdedExpr, ParseError, Shape, Size, Value, children, depth, parse, run, value,
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

impl Expression {
    /// Reads one; `Err` where it is no expression over `item` and `path`. One that is beyond the bounds can be read, and is never run.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Ok(Self {
            text: text.to_owned(),
            parsed: bounded(text)?,
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
        shape.cost(Size::of(item))
    }

    /// Whether it holds for an item. The error says what is wrong with it, for people.
    pub(crate) fn holds(&self, item: &Json, path: &Json) -> Result<bool, String> {
        let Parsed::Bounded(expression, _) = &self.parsed else {
            return Err(self.too_large().unwrap_or_default().to_owned());
        };
        match run(expression, [("item", value(item)), ("path", value(path))]) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(other) => Err(format!(
                "it gave {:?} and neither true nor false",
                other.type_of()
            )),
            Err(why) => Err(why.to_string()),
        }
    }
}

fn bounded(text: &str) -> Result<Parsed, String> {
    let too_large = |what: &str, most: usize| {
        Ok(Parsed::TooLarge(format!(
            "the expression has more than {most} {what}"
        )))
    };
    if text.chars().count() > MOST_CHARACTERS {
        return too_large("characters", MOST_CHARACTERS);
    }
    let parsed = match parse(text, MOST_NESTING, MOST_PARTS) {
        Ok(parsed) => parsed,
        Err(ParseError::TooLarge) => {
            let parts = format!("parts within each other, or {MOST_PARTS} in all");
            return too_large(&parts, MOST_NESTING.into());
        }
        Err(error) => return Err(error.to_string()),
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

/// Names that macros bind to elements, and those that they keep results under.
fn bound_names(part: &IdedExpr) -> Vec<String> {
    let mut names: Vec<_> = children(part).into_iter().flat_map(bound_names).collect();
    if let Expr::Comprehension(each) = &part.expr {
        names.extend([each.iter_var.clone(), each.accu_var.clone()]);
        names.extend(each.iter_var2.clone());
    }
    names
}

/// A row of facts as expressions see it: labels are a map.
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
