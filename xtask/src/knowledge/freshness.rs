//! Whether the embedded tables still say what the sources of a minor say.

use airworthy_knowledge::Knowledge;
use airworthy_model::Minor;
use anyhow::Result;

use super::{apis, corefile, modules::Pins, told};

/// The minors that are looked at when none is named: the pair that most tests upgrade.
pub(super) const MINORS: [u16; 2] = [31, 32];

/// What the tables say otherwise than the sources of a minor.
pub(super) fn differences(minor: Minor) -> Result<Vec<String>> {
    let release = Pins::read()?.fetch(minor.minor)?;
    let knowledge = Knowledge::embedded();
    let mut found = apis::differences(&apis::Snapshot::read(&release)?, knowledge);
    found.extend(told::differences(&release, knowledge)?);
    found.extend(corefile::differences(&release, knowledge)?);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_say_what_the_sources_of_two_minors_say() {
        for minor in MINORS.map(Minor::v1) {
            let found = differences(minor).unwrap();
            assert!(found.is_empty(), "{minor}: {found:#?}");
        }
    }
}
