//! A value and where it comes from.

use std::{fmt, path::PathBuf};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    File(PathBuf),
    /// Read by the argument parser for the same flag.
    FlagOrEnvironment {
        flag: &'static str,
        variable: &'static str,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::FlagOrEnvironment { flag, variable }
                if std::env::var_os(variable).is_some() && !given(flag) =>
            {
                write!(f, "environment {variable}")
            }
            Self::FlagOrEnvironment { flag, .. } => write!(f, "flag {flag}"),
        }
    }
}

/// Whether a flag stands on our command line.
fn given(flag: &str) -> bool {
    std::env::args_os().any(|argument| {
        let rest = argument.as_encoded_bytes().strip_prefix(flag.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'=')
    })
}

/// A value and its origin.
#[derive(Clone, Debug)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl<T> Setting<T> {
    pub(super) fn default(value: T) -> Self {
        Self {
            value,
            origin: Origin::Default,
        }
    }

    /// Takes a later layer's value, if it has one.
    pub(crate) fn layer(&mut self, value: Option<T>, origin: Origin) {
        if let Some(value) = value {
            *self = Self { value, origin };
        }
    }
}
