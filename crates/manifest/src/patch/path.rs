//! Ways through an object.

use std::fmt;

/// One step of a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into the value of a key.
    Key(String),
    /// Into an item.
    Index(usize),
}

/// A way from an object to one of its nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(pub(super) Vec<Step>);

impl Path {
    /// The way extended by a key.
    pub(super) fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    /// The way extended by a place in a sequence.
    pub(super) fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// The way without its last step, and that, when it is a key.
    pub(super) fn split(&self) -> Option<(Self, &str)> {
        match self.0.split_last()? {
            (Step::Key(key), way) => Some((Self(way.to_vec()), key)),
            (Step::Index(_), _) => None,
        }
    }
}

/// Dotted keys: `spec.template.metadata`.
impl From<&str> for Path {
    fn from(dotted: &str) -> Self {
        let keys = dotted.split('.').filter(|key| !key.is_empty());
        Self(keys.map(|key| Step::Key(key.to_owned())).collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if place == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
