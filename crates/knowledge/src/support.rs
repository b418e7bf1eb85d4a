//! The section of support: until when the community keeps each minor up.

use airworthy_model::Minor;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    Knowledge,
    section::{BadRow, Table},
};

/// The end of a minor's support by the community. Vendors may support it for longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Support {
    /// The minor.
    pub minor: Minor,
    /// Its last day.
    pub ends: Date,
    /// The page that says so.
    pub source: String,
}

/// All minors, oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Supports(Vec<Support>);

impl Table for Supports {
    const NAME: &'static str = "support";
    type Row = Support;

    fn of(rows: Vec<Support>) -> Result<Self, BadRow> {
        let disorder = rows
            .windows(2)
            .position(|pair| pair[1].minor <= pair[0].minor || pair[1].ends <= pair[0].ends);
        if let Some(before) = disorder {
            let (at, minor) = (before + 1, rows[before + 1].minor);
            let why = format!("{minor} is not above the minor before it, or does not end after it");
            return Err(BadRow { at, why });
        }
        Ok(Self(rows))
    }
}

impl Knowledge {
    /// When the community's support of a minor ends; nothing for minors that no table covers.
    pub fn support(&self, minor: Minor) -> Option<&Support> {
        self.support.get().0.iter().find(|row| row.minor == minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(minor: u16, ends: &str) -> Support {
        Support {
            minor: Minor::v1(minor),
            ends: ends.parse().unwrap(),
            source: String::new(),
        }
    }

    #[test]
    fn every_covered_minor_has_an_end() {
        let knowledge = Knowledge::embedded();
        for minor in knowledge.oldest.minor..=knowledge.newest.minor {
            let support = knowledge.support(Minor::v1(minor));
            assert!(
                support.is_some_and(|row| row.source.contains("kubernetes")),
                "1.{minor}"
            );
        }
        assert_eq!(knowledge.support(Minor::v1(18)), None);
    }

    #[test]
    fn ends_out_of_order_are_refused_where_they_stand() {
        assert!(Supports::of(vec![row(9, "2020-01-01"), row(10, "2020-05-01")]).is_ok());
        for second in [row(9, "2020-05-01"), row(10, "2020-01-01")] {
            let refused = Supports::of(vec![row(9, "2020-01-01"), second]).unwrap_err();
            assert_eq!(refused.at, 1, "{}", refused.why);
        }
    }
}
