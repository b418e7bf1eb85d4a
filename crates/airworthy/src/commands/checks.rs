//! `airworthy checks`

use airworthy_model::CheckInfo;
use airworthy_report::catalogue;
use anyhow::{Result, bail};

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
            None => bail!("there is no check named {name:?} (airworthy checks list shows them)"),
        },
    }
}
