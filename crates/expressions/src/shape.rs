//! How much running an expression can cost, before it runs.

use cel::{IdedExpr, common::ast::Expr};
use serde_json::Value as Json;

use crate::children;

/// What one regular expression counts for: it is compiled each time.
const REGEX_PARTS: u64 = 200;
/// Longer texts, in bytes, make each part of an expression count more.
const TEXT: u64 = 256;

/// What an expression is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Parts in all, those that macros become among them.
    pub parts: u64,
    /// Calls of `matches`.
    pub regexes: u64,
    /// Calls of `+`, which can make lists longer.
    pub sums: u64,
    /// `all`, `exists`, `map` and `filter` within each other.
    pub comprehensions: u32,
}

impl Shape {
    /// Of an expression with all that is in it.
    pub fn of(part: &IdedExpr) -> Self {
        let mut shape = Self {
            parts: 1,
            ..Self::default()
        };
        for child in children(part) {
            shape.add(Self::of(child));
        }
        match &part.expr {
            Expr::Comprehension(_) => shape.comprehensions += 1,
            Expr::Call(call) if call.func_name == "matches" => shape.regexes += 1,
            Expr::Call(call) if call.func_name == "_+_" => shape.sums += 1,
            _ => (),
        }
        shape
    }

    fn add(&mut self, beside: Self) {
        self.parts += beside.parts;
        self.regexes += beside.regexes;
        self.sums += beside.sums;
        self.comprehensions = self.comprehensions.max(beside.comprehensions);
    }

    /// What running it on values of a size can cost at most, in parts that are looked at; `u64::MAX` stands for more, too.
    pub fn cost(&self, size: Size) -> u64 {
        let weight = self.parts + REGEX_PARTS * self.regexes;
        let weight = weight.saturating_mul(1 + size.text / TEXT);
        // Lists can be put together: each `+` may make one longer by the longest there is.
        let longest = (size.list + self.parts).saturating_mul(1 + self.sums);
        weight.saturating_mul(longest.saturating_pow(self.comprehensions))
    }
}

/// How large a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Elements of its longest list or map.
    pub list: u64,
    /// Bytes of its longest text.
    pub text: u64,
}

impl Size {
    /// Of a value with all that is in it. Keys of maps count for nothing.
    pub fn of(json: &Json) -> Self {
        match json {
            Json::Array(list) => Self::whole(list.len(), list.iter()),
            Json::Object(map) => Self::whole(map.len(), map.values()),
            Json::String(text) => Self {
                list: 0,
                text: text.len() as u64,
            },
            Json::Null | Json::Bool(_) | Json::Number(_) => Self::default(),
        }
    }

    fn whole<'a>(length: usize, parts: impl Iterator<Item = &'a Json>) -> Self {
        let own = Self {
            list: length as u64,
            text: 0,
        };
        parts.map(Self::of).fold(own, |one, other| Self {
            list: one.list.max(other.list),
            text: one.text.max(other.text),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::parse;

    fn shape(text: &str) -> Shape {
        Shape::of(&parse(text, 24, 600).unwrap())
    }

    #[test]
    fn parts_regular_expressions_and_sums_are_counted_wherever_they_are() {
        let made = shape("[a + 1, {'k': b.matches('x') ? 2 : 3}].size() + 1");
        let expected = Shape {
            parts: 15,
            regexes: 1,
            sums: 2,
            comprehensions: 0,
        };
        assert_eq!(made, expected);
        // Its range, `true` to begin with, a condition of two parts, a step of three, and the result.
        assert_eq!(shape("a.all(x, x)").parts, 9);
    }

    #[test]
    fn comprehensions_count_by_how_deep_they_are() {
        for (text, deep) in [
            ("a == 1", 0),
            ("a.all(x, true) && a.exists(y, true)", 1),
            ("a.all(x, x.map(y, y.filter(z, true)))", 3),
            ("a.filter(x, true).all(y, true)", 2),
        ] {
            assert_eq!(shape(text).comprehensions, deep, "{text}");
        }
    }

    #[test]
    fn a_value_is_as_large_as_its_largest_part() {
        let size = Size::of(&json!({ "a": [1, [2, 3, 4]], "b": { "c": "four" }, "dddddd": null }));
        assert_eq!(size, Size { list: 3, text: 4 });
        assert_eq!(Size::of(&json!(7)), Size::default());
    }

    #[test]
    fn cost_grows_with_all_of_it_and_never_wraps() {
        let (small, large) = (
            Size { list: 2, text: 3 },
            Size {
                list: 1000,
                text: 3,
            },
        );
        let plain = shape("a == 'x'");
        assert_eq!(plain.cost(small), 3);
        assert_eq!(plain.cost(large), 3);
        assert_eq!(plain.cost(Size { list: 2, text: 256 }), 6);
        assert_eq!(shape("a.matches('x')").cost(small), 203);
        let each = shape("a.all(x, x)");
        assert_eq!(each.cost(large), each.parts * (1000 + each.parts));
        let longer = shape("(a + a).all(x, x)");
        assert_eq!(longer.cost(large), longer.parts * (1000 + longer.parts) * 2);
        let most = Size {
            list: u64::MAX >> 1,
            text: u64::MAX >> 1,
        };
        assert_eq!(shape("a.all(x, x.all(y, y))").cost(most), u64::MAX);
    }
}
