//! The constraint on Kubernetes that a chart states, read as Helm reads it: by the rules of the Go library
//! Masterminds/semver, which tests hold it against.
//!
//! A cluster's version is taken without its vendor suffix. The library takes `v1.30.4-eks-1` for a pre-release, which no
//! constraint without a pre-release of its own lets in; newer Helm takes the suffix off first, and what a chart's author meant
//! is the same.

use std::{cmp::Ordering, str::FromStr};

use crate::version::Minor;

/// Longest text that is read; the longest constraints of public charts have some dozens of characters.
const LONGEST: usize = 500;

/// A constraint such as `>=1.25.0-0 <1.33 || ~1.34`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeConstraint {
    /// Alternatives, each a list of bounds that must all hold.
    alternatives: Vec<Vec<Bound>>,
}

/// A text that Helm does not take for a constraint: it refuses the chart on every cluster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no version constraint that Helm reads")]
pub struct BadConstraint {
    text: String,
}

/// How much of a minor a constraint lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// Every patch.
    All,
    /// Some patches, and others not.
    Some,
    /// No patch.
    None,
}

/// Patches that are tried for a minor of which none is given: more than any minor has had.
const PATCHES: usize = 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    AtLeast,
    AtMost,
    Tilde,
    Caret,
}

/// How much of a version was left open: `*`, `1.x`, `1.2.x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Patch,
    Minor,
    All,
}

type Numbers = [u64; 3];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bound {
    operator: Operator,
    numbers: Numbers,
    pre_release: bool,
    open: Open,
}

impl KubeConstraint {
    /// Whether a release is let in.
    pub fn admits(&self, minor: Minor, patch: u16) -> bool {
        let version = [minor.major.into(), minor.minor.into(), patch.into()];
        self.lets_in(version)
    }

    /// Whether the patches of a minor are let in.
    pub fn admits_minor(&self, minor: Minor) -> Admitted {
        let release = |patch| [minor.major.into(), minor.minor.into(), patch];
        match (0..PATCHES)
            .filter(|patch| self.lets_in(release(*patch as u64)))
            .count()
        {
            0 => Admitted::None,
            n if n == PATCHES => Admitted::All,
            _ => Admitted::Some,
        }
    }

    fn lets_in(&self, version: Numbers) -> bool {
        let all = |bounds: &Vec<Bound>| bounds.iter().all(|bound| bound.holds(version));
        self.alternatives.iter().any(all)
    }
}

impl Bound {
    fn order(&self, version: Numbers) -> Ordering {
        // A release is above its own pre-releases.
        version.cmp(&self.numbers).then(if self.pre_release {
            Ordering::Greater
        } else {
            Ordering::Equal
        })
    }

    fn holds(&self, version: Numbers) -> bool {
        match self.operator {
            Operator::Equal if self.open == Open::Nothing => self.order(version).is_eq(),
            Operator::Equal | Operator::Tilde => self.tilde(version),
            Operator::NotEqual => self.differs(version),
            Operator::Greater => self.greater(version),
            Operator::Less => self.order(version).is_lt(),
            Operator::AtLeast => self.order(version).is_ge(),
            Operator::AtMost => self.at_most(version),
            Operator::Caret => self.caret(version),
        }
    }

    fn differs(&self, version: Numbers) -> bool {
        let same = |upto: usize| version[..upto] == self.numbers[..upto];
        match self.open {
            Open::Nothing | Open::All => self.order(version).is_ne(),
            Open::Patch => !same(2) || self.pre_release,
            Open::Minor => !same(1),
        }
    }

    fn greater(&self, version: Numbers) -> bool {
        match self.open {
            Open::Nothing | Open::All => self.order(version).is_gt(),
            Open::Patch => version[..2] > self.numbers[..2],
            Open::Minor => version[0] > self.numbers[0],
        }
    }

    fn at_most(&self, version: Numbers) -> bool {
        match self.open {
            Open::Nothing => self.order(version).is_le(),
            Open::Patch | Open::All => version[..2] <= self.numbers[..2],
            Open::Minor => version[0] <= self.numbers[0],
        }
    }

    fn tilde(&self, version: Numbers) -> bool {
        if self.order(version).is_lt() {
            return false;
        }
        let any = self.numbers == [0; 3] && !matches!(self.open, Open::Patch | Open::Minor);
        let fixed = if self.open == Open::Minor { 1 } else { 2 };
        any || version[..fixed] == self.numbers[..fixed]
    }

    fn caret(&self, version: Numbers) -> bool {
        if self.order(version).is_lt() {
            return false;
        }
        let [major, minor, _] = self.numbers;
        // The first number that is not zero must stay; what was left open need not.
        let fixed = if major > 0 || self.open == Open::Minor {
            1
        } else if minor > 0 || self.open == Open::Patch {
            2
        } else {
            3
        };
        version[..fixed] == self.numbers[..fixed]
    }
}

impl FromStr for KubeConstraint {
    type Err = BadConstraint;

    fn from_str(text: &str) -> Result<Self, BadConstraint> {
        let bad = || BadConstraint {
            text: text.chars().take(80).collect(),
        };
        if text.len() > LONGEST {
            return Err(bad());
        }
        let alternatives: Option<Vec<_>> = text.split("||").map(alternative).collect();
        alternatives
            .map(|alternatives| Self { alternatives })
            .ok_or_else(bad)
    }
}

/// Bounds behind one another, divided by a comma or by space. `1.25 - 1.32` is two bounds.
fn alternative(text: &str) -> Option<Vec<Bound>> {
    let mut rest = text.trim_start_matches(is_space);
    let mut bounds = Vec::new();
    while !rest.is_empty() {
        let (operator, after) = take_operator(rest);
        let signed = &rest[..rest.len() - after.len()];
        let (first, after) = take_version(after.trim_start_matches(is_space), operator)?;
        rest = after;
        let upper = of_range(rest);
        if let Some(after) = upper {
            // The library makes two bounds of a range, and so two operators of one that stands before it.
            signed.is_empty().then_some(())?;
            bounds.push(Bound {
                operator: Operator::AtLeast,
                ..first
            });
            let (last, after) = take_version(after, Operator::AtMost)?;
            bounds.push(last);
            rest = after;
        } else {
            bounds.push(first);
        }
        rest = divided(rest)?;
    }
    (!bounds.is_empty()).then_some(bounds)
}

/// As the library's expressions have it: ASCII only.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

/// What follows ` - `, where that is what comes next.
fn of_range(rest: &str) -> Option<&str> {
    let after = rest.trim_start_matches(is_space);
    let behind = after.strip_prefix('-')?;
    let spaced = after.len() < rest.len() && behind.starts_with(is_space);
    spaced.then(|| behind.trim_start_matches(is_space))
}

/// What follows the space or the comma after a bound; `None` when something else follows.
fn divided(rest: &str) -> Option<&str> {
    let after = rest.trim_start_matches(is_space);
    if let Some(behind) = after.strip_prefix(',') {
        let behind = behind.trim_start_matches(is_space);
        return (!behind.is_empty()).then_some(behind);
    }
    (after.is_empty() || after.len() < rest.len()).then_some(after)
}

const OPERATORS: [(&str, Operator); 11] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::AtLeast),
    ("=>", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("=<", Operator::AtMost),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

fn take_operator(text: &str) -> (Operator, &str) {
    OPERATORS
        .into_iter()
        .find_map(|(sign, operator)| Some((operator, text.strip_prefix(sign)?)))
        .unwrap_or((Operator::Equal, text))
}

fn take_version(text: &str, operator: Operator) -> Option<(Bound, &str)> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || ".*-+".contains(c)))
        .unwrap_or(text.len());
    let (version, rest) = text.split_at(end);
    let (version, build) = cut(version, '+');
    let (numbers, pre_release) = cut(version, '-');
    if ![build, pre_release].into_iter().flatten().all(are_labels) {
        return None;
    }
    let parts: Vec<Component> = numbers.split('.').map(component).collect::<Option<_>>()?;
    if parts.len() > 3 {
        return None;
    }
    let part = |at: usize| match parts.get(at)? {
        Component::Number(number) => Some(*number),
        Component::Open => None,
    };
    let (open, numbers) = match (part(0), part(1), part(2)) {
        (None, ..) => (Open::All, [0; 3]),
        (Some(major), None, _) => (Open::Minor, [major, 0, 0]),
        (Some(major), Some(minor), None) => (Open::Patch, [major, minor, 0]),
        (Some(major), Some(minor), Some(patch)) => (Open::Nothing, [major, minor, patch]),
    };
    let bound = Bound {
        operator,
        numbers,
        pre_release: pre_release.is_some(),
        open,
    };
    Some((bound, rest))
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at)
        .map_or((text, None), |(before, after)| (before, Some(after)))
}

/// Labels divided by dots, none of them empty.
fn are_labels(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.split('.')
        .all(|label| !label.is_empty() && label.chars().all(fine))
}

/// A number of a version, or one that is left open.
#[derive(Clone, Copy)]
enum Component {
    Number(u64),
    Open,
}

fn component(text: &str) -> Option<Component> {
    match text {
        "x" | "X" | "*" => Some(Component::Open),
        digits if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().ok().map(Component::Number)
        }
        _ => None,
    }
}
