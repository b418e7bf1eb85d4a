//! Text becomes a tree.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::{IdedExpr, parser::PrattParser};

/// Why a text is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It is beyond the bounds.
    #[error("it has too many parts, or too many of them within each other")]
    TooLarge,
    /// It is no expression: the first thing that is wrong with it, with its line and column.
    #[error("{0}")]
    Malformed(String),
    /// The parser panicked on it.
    #[error("it cannot be read")]
    Panicked,
}

/// Reads an expression. `most_nesting` bounds brackets, operators and calls within each other as they are written, and so the stack that
/// reading takes. No macro is expanded once there are more than `most_parts`; without macros the length of the text alone bounds the
/// parts. That length is for the caller to bound, and so is what lies within each other once macros are expanded: see
/// [`depth`](crate::depth).
pub fn parse(text: &str, most_nesting: u16, most_parts: usize) -> Result<IdedExpr, ParseError> {
    let parser = PrattParser::new()
        .max_recursion_depth(most_nesting)
        .max_expression_node_count(most_parts)
        .error_reporting_limit(1);
    // It borrows only: a panic in it breaks nothing of ours.
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse(text)));
    parsed
        .map_err(|_| ParseError::Panicked)?
        .map_err(|errors| refused(&errors.to_string()))
}

/// The parser tells by its words alone that a bound was passed.
fn refused(errors: &str) -> ParseError {
    if errors.contains("recursion limit exceeded") || errors.contains("exceeds limit") {
        return ParseError::TooLarge;
    }
    let first = errors.lines().next().unwrap_or_default();
    ParseError::Malformed(first.trim_start_matches("ERROR: <input>:").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_bounds_is_told_from_what_is_no_expression() {
        let deep = "[".repeat(12) + &"]".repeat(12);
        let wide = format!("[{}1].all(x, x)", "1,".repeat(50));
        let macros = "a.all(x, x.all(y, y.all(z, z)))";
        for text in [&*deep, &*wide, macros] {
            assert_eq!(parse(text, 8, 20), Err(ParseError::TooLarge), "{text}");
            assert!(parse(text, 24, 600).is_ok(), "{text}");
        }
        for text in ["", "item.", "'", "a ==", "quantity("] {
            let error = parse(text, 8, 20).expect_err(text);
            assert!(matches!(error, ParseError::Malformed(_)), "{text}: {error}");
        }
    }

    #[test]
    fn a_fault_is_told_with_its_place_and_nothing_else() {
        let Err(ParseError::Malformed(why)) = parse("true &&\n  )", 8, 20) else {
            panic!("it is no expression");
        };
        assert!(why.starts_with("2:3: "), "{why}");
        assert_eq!(why.lines().count(), 1);
    }
}
