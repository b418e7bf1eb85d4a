//! `airworthy checks`

use airworthy_assess::{Selection, SelectionError};
use airworthy_model::{CheckInfo, Phase};
use airworthy_report::catalogue;
use anyhow::Result;

use crate::{
    cli::{Checks, ListFormat},
    console,
};

pub(crate) fn run(command: Checks) -> Result<u8> {
    let all: Vec<CheckInfo> = airworthy_assess::catalogue(None)
        .into_iter()
        .copied()
        .collect();
    match command {
        Checks::List {
            output: ListFormat::Table,
        } => console::print(&catalogue::table(&all, console::view(false))),
        Checks::List {
            output: ListFormat::Json,
        } => console::print(&catalogue::json(&all)),
        Checks::Show { name } => match all
            .iter()
            .find(|info| info.name.eq_ignore_ascii_case(&name))
        {
            Some(info) => console::print(info.page),
            None => Err(unknown(&name).into()),
        },
    }
}

/// What to say of a name that no check of either phase has: with the nearest that is one.
pub(crate) fn unknown(name: &str) -> SelectionError {
    let only = Selection {
        only: vec![name.to_owned()],
        ..Selection::default()
    };
    let refused = only.validate(Phase::Pre).err();
    refused.unwrap_or_else(|| SelectionError::UnknownCheck {
        name: name.to_owned(),
        suggestion: None,
    })
}
