//! The section of container runtimes: which versions of containerd each minor was tested with, as containerd's maintainers say.

use airworthy_model::Minor;
use serde::{Deserialize, Serialize};

use crate::{
    Knowledge,
    section::{BadRow, Table},
};

/// A version of containerd: major, minor, patch.
pub type Containerd = (u16, u16, u16);

/// What a minor was tested with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestedRuntimes {
    /// The minor of Kubernetes.
    pub minor: Minor,
    /// Of each series of containerd the oldest version that was tested, the newest series first.
    #[serde(deserialize_with = "versions", serialize_with = "texts")]
    pub containerd: Vec<Containerd>,
    /// The page that says so.
    pub source: String,
}

/// What a version of containerd is to a minor of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuntimeFit {
    /// It was tested, or is newer than what was.
    Tested,
    /// Of its series only versions from this one on were tested.
    Below(Containerd),
    /// Nothing of its series was tested; this is the oldest version of the next series that was.
    OldSeries(Containerd),
}

impl TestedRuntimes {
    /// What a version is to this minor.
    pub fn fit(&self, version: Containerd) -> RuntimeFit {
        let series = |one: &Containerd| (one.0, one.1);
        let mut newer = self.containerd.iter().copied();
        match newer.clone().find(|one| series(one) == series(&version)) {
            Some(least) if version < least => RuntimeFit::Below(least),
            Some(_) => RuntimeFit::Tested,
            None => {
                let next = newer.rfind(|one| *one > version);
                next.map_or(RuntimeFit::Tested, RuntimeFit::OldSeries)
            }
        }
    }
}

fn version(text: &str) -> Option<Containerd> {
    let mut numbers = text.split('.').map(|part| part.parse().ok());
    let version = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(version)
}

fn versions<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Containerd>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let read = texts.iter().map(|text| {
        version(text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no version")))
    });
    read.collect()
}

fn texts<S: serde::Serializer>(versions: &[Containerd], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(
        versions
            .iter()
            .map(|(major, minor, patch)| format!("{major}.{minor}.{patch}")),
    )
}

/// All rows, oldest minor first.
#[derive(Clone, Debug)]
pub(crate) struct Runtimes(Vec<TestedRuntimes>);

impl Table for Runtimes {
    const NAME: &'static str = "runtimes";
    type Row = TestedRuntimes;

    fn of(rows: Vec<TestedRuntimes>) -> Result<Self, BadRow> {
        for (at, row) in rows.iter().enumerate() {
            let falls = row.containerd.is_sorted_by(|one, next| one > next);
            let follows = at == 0 || rows[at - 1].minor < row.minor;
            let why = match (falls && !row.containerd.is_empty(), follows) {
                (false, _) => "its versions are not in falling order",
                (_, false) => "it does not follow the minor before it",
                _ => continue,
            };
            let why = format!("{}: {why}", row.minor);
            return Err(BadRow { at, why });
        }
        Ok(Self(rows))
    }
}

impl Knowledge {
    /// What a minor was tested with, or the newest minor before it that is known; nothing for older ones.
    pub fn tested_runtimes(&self, minor: Minor) -> Option<&TestedRuntimes> {
        let rows = self.runtimes.get().0.iter();
        rows.rev().find(|row| row.minor <= minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_judged_each_by_its_own_minimum() {
        let knowledge = Knowledge::embedded();
        let fit = |minor, version| {
            let row = knowledge.tested_runtimes(Minor::v1(minor)).unwrap();
            row.fit(version)
        };
        assert_eq!(fit(32, (1, 7, 24)), RuntimeFit::Tested);
        assert_eq!(fit(32, (1, 7, 23)), RuntimeFit::Below((1, 7, 24)));
        assert_eq!(fit(32, (2, 2, 0)), RuntimeFit::Tested);
        assert_eq!(fit(32, (1, 5, 18)), RuntimeFit::OldSeries((1, 6, 36)));
        assert_eq!(fit(35, (2, 0, 7)), RuntimeFit::OldSeries((2, 1, 5)));
        assert_eq!(fit(36, (1, 7, 30)), RuntimeFit::OldSeries((2, 2, 0)));
        assert_eq!(fit(99, (2, 2, 1)), RuntimeFit::Tested);
        assert!(knowledge.tested_runtimes(Minor::v1(25)).is_none());
    }
}
