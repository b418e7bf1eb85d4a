//! Pieces that many kinds share.

use std::{cell::RefCell, collections::VecDeque, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

/// A label: its key and its value.
type Label = (Box<str>, Box<str>);

/// Labels of one object. A flat list: cheaper than a map for the handful that objects carry. Pods of one template come one after
/// another, and share theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Box<[Label]>")]
pub struct Labels(#[serde(serialize_with = "pairs")] pub Arc<[Label]>);

/// How many lists of labels are looked at for one that is the same.
const RECENT: usize = 32;

thread_local! {
    static LABELS: RefCell<VecDeque<Arc<[Label]>>> = const { RefCell::new(VecDeque::new()) };
}

/// Writes labels as if they were there for this object alone.
fn pairs<S: Serializer>(labels: &Arc<[Label]>, serializer: S) -> Result<S::Ok, S::Error> {
    (**labels).serialize(serializer)
}

impl From<Box<[Label]>> for Labels {
    /// The labels, shared with equal ones that were met shortly before on this thread. Which they are shows nowhere but in memory.
    fn from(labels: Box<[Label]>) -> Self {
        if labels.is_empty() {
            return Self::default();
        }
        LABELS.with_borrow_mut(|recent| {
            if let Some(at) = recent.iter().position(|known| **known == *labels) {
                recent.swap(0, at);
                return Self(Arc::clone(&recent[0]));
            }
            let new: Arc<[Label]> = labels.into();
            recent.truncate(RECENT - 1);
            recent.push_front(Arc::clone(&new));
            Self(new)
        })
    }
}

impl Labels {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| &**k == key).map(|(_, v)| &**v)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<Box<str>>, V: Into<Box<str>>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let labels = pairs.into_iter().map(|(k, v)| (k.into(), v.into()));
        labels.collect::<Box<[Label]>>().into()
    }
}

/// A label selector. The empty selector selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels that must be equal.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub match_labels: Labels,
    /// Requirements that must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<Requirement>,
}

/// One requirement of a selector.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Requirement {
    /// Label key.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`; on nodes `Gt` and `Lt` too.
    pub operator: String,
    /// Values for `In` and `NotIn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

impl Requirement {
    /// Whether `labels` meet it. An unknown operator meets nothing: the API server admits none.
    fn met_by(&self, labels: &Labels) -> bool {
        self.met_by_value(labels.get(&self.key))
    }

    /// Whether a value meets it, or that there is none. An unknown operator is met by nothing.
    pub fn met_by_value(&self, value: Option<&str>) -> bool {
        let listed = value.is_some_and(|value| self.values.iter().any(|v| v == value));
        match self.operator.as_str() {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}

impl Requirement {
    /// Whether a node with this value of the label or field meets it: as for other labels, and `Gt` and `Lt` compare whole numbers.
    pub(super) fn admits_value(&self, value: Option<&str>) -> bool {
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
        let bound = number(self.values.first().map(String::as_str));
        let pair = number(value).zip(bound);
        match self.operator.as_str() {
            "Gt" => pair.is_some_and(|(value, bound)| value > bound),
            "Lt" => pair.is_some_and(|(value, bound)| value < bound),
            _ => self.met_by_value(value),
        }
    }
}

impl LabelSelector {
    /// Whether it selects an object with these labels.
    pub fn selects(&self, labels: &Labels) -> bool {
        self.match_labels
            .0
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
            && self
                .match_expressions
                .iter()
                .all(|requirement| requirement.met_by(labels))
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }
}

/// An object that is to go and is still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deletion {
    /// `metadata.deletionTimestamp`: when it should have been gone, with its grace period.
    pub due: Timestamp,
    /// `metadata.finalizers`: who has to let it go first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
}

/// A status condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Type, such as `Ready`.
    pub r#type: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Machine-readable reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Text for people, cut at 300 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When the status last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_transition: Option<Timestamp>,
}

impl Condition {
    /// The condition of a type among `conditions`.
    pub fn find<'a>(conditions: &'a [Self], r#type: &str) -> Option<&'a Self> {
        conditions
            .iter()
            .find(|condition| condition.r#type == r#type)
    }

    /// Whether it holds.
    pub fn is_true(&self) -> bool {
        self.status == "True"
    }
}

/// A number of pods or a share of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IntOrPercent {
    /// A number.
    Int(i32),
    /// A share such as `30%`.
    Percent(String),
}

impl IntOrPercent {
    /// The percentage, when it is one: 30 for `30%`.
    pub fn percent(&self) -> Option<u32> {
        match self {
            Self::Int(_) => None,
            Self::Percent(text) => text.strip_suffix('%')?.parse().ok(),
        }
    }
}

/// Neither a number from 0 on nor a share from 0% to 100%.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("takes a number such as 3, or a share such as 10%")]
pub struct NoIntOrPercent;

impl std::str::FromStr for IntOrPercent {
    type Err = NoIntOrPercent;

    /// Reads what people write: `3` or `10%`; nothing below zero, and no share above the whole.
    fn from_str(text: &str) -> Result<Self, NoIntOrPercent> {
        let read = match text.parse() {
            Ok(number) => Self::Int(number),
            Err(_) => Self::Percent(text.to_owned()),
        };
        match &read {
            Self::Int(number) if *number >= 0 => Ok(read),
            Self::Percent(_) if read.percent().is_some_and(|share| share <= 100) => Ok(read),
            _ => Err(NoIntOrPercent),
        }
    }
}

impl std::fmt::Display for IntOrPercent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::Percent(text) => f.write_str(text),
        }
    }
}

/// A reference to a Service, as webhooks and aggregated APIs have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceRef {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Port; the API server's default is 443.
    pub port: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_shares_are_read_as_people_write_them() {
        for (text, read) in [
            ("3", Some(IntOrPercent::Int(3))),
            ("10%", Some(IntOrPercent::Percent("10%".into()))),
            ("101%", None),
            ("-1", None),
            ("many", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), read, "{text}");
        }
    }

    fn selector(operator: &str, values: &[&str]) -> LabelSelector {
        let values = values.iter().map(ToString::to_string).collect();
        let requirement = Requirement {
            key: "app".into(),
            operator: operator.into(),
            values,
        };
        LabelSelector {
            match_labels: Labels::default(),
            match_expressions: vec![requirement],
        }
    }

    #[test]
    fn selectors_match_as_the_api_server_does() {
        let web = Labels::from_iter([("app", "web"), ("tier", "front")]);
        let none = Labels::default();
        assert!(LabelSelector::default().selects(&none));
        for (operator, values, on_web, on_none) in [
            ("In", &["web", "api"][..], true, false),
            ("NotIn", &["web"][..], false, true),
            ("Exists", &[][..], true, false),
            ("DoesNotExist", &[][..], false, true),
            ("Like", &["web"][..], false, false),
        ] {
            let selector = selector(operator, values);
            assert_eq!(
                (selector.selects(&web), selector.selects(&none)),
                (on_web, on_none),
                "{operator}"
            );
        }
        let both = LabelSelector {
            match_labels: Labels::from_iter([("app", "web"), ("tier", "back")]),
            ..Default::default()
        };
        assert!(!both.selects(&web));
    }
}
