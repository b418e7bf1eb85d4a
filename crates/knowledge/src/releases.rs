//! The section of releases: the newest patch of each minor.

use airworthy_model::Minor;
use serde::{Deserialize, Serialize};

use crate::{
    Knowledge,
    section::{BadRow, Table},
};

/// The newest patch of a minor that could be had on the day the tables were compiled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Release {
    /// The minor.
    pub minor: Minor,
    /// Its newest patch: 14 for 1.31.14.
    pub patch: u16,
    /// The Go module whose versions tell it; v0.31.14 of it belongs to 1.31.14.
    pub module: String,
    /// That version.
    pub tag: String,
}

/// All minors, oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Releases(Vec<Release>);

impl Table for Releases {
    const NAME: &'static str = "releases";
    type Row = Release;

    fn of(rows: Vec<Release>) -> Result<Self, BadRow> {
        let disorder = rows
            .windows(2)
            .position(|pair| pair[1].minor <= pair[0].minor);
        if let Some(before) = disorder {
            let (at, minor) = (before + 1, rows[before + 1].minor);
            let why = format!("{minor} is not above the minor before it");
            return Err(BadRow { at, why });
        }
        Ok(Self(rows))
    }
}

impl Knowledge {
    /// The newest release of each minor, oldest minor first.
    pub fn releases(&self) -> &[Release] {
        &self.releases.get().0
    }

    /// The newest patch of a minor; nothing for minors that no table covers. Patches that came out since are not known.
    pub fn newest_patch(&self, minor: Minor) -> Option<u16> {
        let found = self.releases().iter().find(|row| row.minor == minor);
        found.map(|row| row.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(minor: u16) -> Release {
        Release {
            minor: Minor::v1(minor),
            patch: 0,
            module: String::new(),
            tag: String::new(),
        }
    }

    #[test]
    fn every_covered_minor_has_a_release() {
        let knowledge = Knowledge::embedded();
        let covered = (knowledge.oldest.minor..=knowledge.newest.minor).map(Minor::v1);
        let known: Vec<_> = knowledge.releases().iter().map(|row| row.minor).collect();
        assert_eq!(known, covered.collect::<Vec<_>>());
        assert_eq!(knowledge.newest_patch(Minor::v1(31)), Some(14));
        assert_eq!(knowledge.newest_patch(Minor::v1(18)), None);
        for row in knowledge.releases() {
            let tag = format!("v0.{}.{}", row.minor.minor, row.patch);
            assert_eq!(row.tag, tag, "{row:?}");
        }
    }

    #[test]
    fn minors_out_of_order_are_refused_where_they_stand() {
        assert!(Releases::of(vec![row(9), row(10)]).is_ok());
        for rows in [vec![row(9), row(9)], vec![row(9), row(10), row(9)]] {
            let refused = Releases::of(rows.clone()).unwrap_err();
            assert_eq!(refused.at, rows.len() - 1, "{}", refused.why);
        }
    }
}
