//! Examples of users' checks, which are their tests.

use std::collections::BTreeSet;

use airworthy_model::{KubeVersion, Minor, UpgradePath};
use serde::Deserialize;
use serde_json::Value as Json;

use super::{UserCheck, expression::item, way};

/// A case that a check must judge rightly.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// A row of facts, or as much of it as matters.
    item: Json,
    /// What the check has to say.
    says: Says,
    /// The minor that runs.
    #[serde(default = "usual_from")]
    from: Minor,
    /// The minor to go to.
    #[serde(default = "usual_target")]
    target: Minor,
}

/// What a check says of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Says {
    /// The expression holds.
    Found,
    /// It does not.
    Clear,
    /// It cannot be decided.
    Unknown,
}

impl Says {
    const fn word(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Clear => "clear",
            Self::Unknown => "unknown",
        }
    }
}

fn usual_from() -> Minor {
    Minor::v1(31)
}

fn usual_target() -> Minor {
    Minor::v1(32)
}

impl UserCheck {
    /// Runs the examples; each line is one that was judged wrongly, or what lacks.
    pub fn failures(&self) -> Vec<String> {
        if let Some(why) = self.too_large() {
            return vec![why.to_owned()];
        }
        let shown: BTreeSet<_> = self.examples.iter().map(|example| example.says).collect();
        let lacks = [Says::Found, Says::Clear]
            .into_iter()
            .filter(|says| !shown.contains(says));
        let lacks = lacks.map(|says| format!("there is no example that says {}", says.word()));
        let wrong = self.examples.iter().enumerate();
        let wrong = wrong.filter_map(|(number, example)| self.failure(number + 1, example));
        lacks.chain(wrong).collect()
    }

    fn failure(&self, number: usize, example: &Example) -> Option<String> {
        let version = |minor| KubeVersion {
            minor,
            patch: None,
            suffix: String::new(),
        };
        let path = UpgradePath::new(version(example.from), version(example.target)).ok();
        let judged = self
            .when
            .holds(&item(example.item.clone()), &way(path.as_ref()));
        let (said, why) = match judged {
            Ok(true) => (Says::Found, String::new()),
            Ok(false) => (Says::Clear, String::new()),
            Err(why) => (Says::Unknown, format!(" ({why})")),
        };
        let expected = example.says;
        (said != expected).then(|| {
            let (said, expected) = (said.word(), expected.word());
            format!("example {number} says {said}{why}; {expected} was expected")
        })
    }
}
