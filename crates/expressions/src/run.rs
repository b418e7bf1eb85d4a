//! A tree becomes a value.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::{Context, ExecutionError, IdedExpr, Value};

/// Why running an expression gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// It looks at a member or key that is not there, which is an error of every interpreter. The text names it.
    #[error("{0}")]
    NoSuchKey(String),
    /// Anything else that the interpreter does not take, such as a wrong type; in its words.
    #[error("{0}")]
    Failed(String),
    /// The interpreter panicked.
    #[error("running it failed")]
    Panicked,
}

/// Runs an expression on variables. Neither time nor room is bounded here: what it can cost is known before, see
/// [`Shape::cost`](crate::Shape::cost).
pub fn run<const N: usize>(
    expression: &IdedExpr,
    variables: [(&str, Value); N],
) -> Result<Value, RunError> {
    // It changes nothing of ours: a panic in it breaks nothing.
    let run = AssertUnwindSafe(|| {
        let mut context = Context::default();
        for (name, value) in variables {
            context.add_variable_from_value(name, value);
        }
        Value::resolve(expression, &context)
    });
    match catch_unwind(run) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error @ ExecutionError::NoSuchKey(_))) => {
            Err(RunError::NoSuchKey(error.to_string()))
        }
        Ok(Err(error)) => Err(RunError::Failed(error.to_string())),
        Err(_) => Err(RunError::Panicked),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{parse, value};

    fn told(text: &str) -> Result<Value, RunError> {
        let variables = [("a", value(&json!({ "b": [1, 2] })))];
        run(&parse(text, 24, 600).unwrap(), variables)
    }

    #[test]
    fn it_sees_its_variables() {
        assert_eq!(
            told("a.b[1] + 1 == 3 && a.b.exists(x, x > 1)"),
            Ok(Value::Bool(true))
        );
    }

    #[test]
    fn a_member_that_is_not_there_is_told_from_other_faults() {
        for text in ["a.c", "a['c']"] {
            let error = told(text).expect_err(text);
            assert!(
                matches!(&error, RunError::NoSuchKey(why) if why.contains('c')),
                "{text}: {error}"
            );
        }
        for text in [
            "a.b[7]",
            "a + 1",
            "1 / 0",
            "c",
            "a.nofunction()",
            "'a'.matches('(')",
        ] {
            let error = told(text).expect_err(text);
            assert!(matches!(error, RunError::Failed(_)), "{text}: {error:?}");
        }
    }
}
