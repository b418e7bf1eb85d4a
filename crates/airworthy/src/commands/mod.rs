//! What the commands do.

pub(crate) mod admin;
pub(crate) mod audit;
mod audit_token;
pub(crate) mod checks;
pub(crate) mod demo;
mod files;
mod find;
pub(crate) mod fix;
pub(crate) mod inspect;
pub(crate) mod knowledge;
mod outputs;
mod password;
mod patches;
pub(crate) mod plan;
pub(crate) mod postcheck;
pub(crate) mod precheck;
pub(crate) mod probe;
pub(crate) mod rbac;
pub(crate) mod record;
pub(crate) mod serve;
mod settle;
pub(crate) mod snapshot;
pub(crate) mod source;
pub(crate) mod supervise;
pub(crate) mod trail;
pub(crate) mod users;
pub(crate) mod waivers;
mod watch;
pub(crate) mod workflow;

use crate::{cli::ConfigCommand, config::Config, console};

pub(crate) fn show_config(command: ConfigCommand, mut config: Config) -> anyhow::Result<u8> {
    let ConfigCommand::Show(args) = command;
    config.listen.layer(args.listen, serve::LISTEN);
    serve::take_tls(args.encryption, &mut config);
    config.database.layer(args.store.database, serve::DATABASE);
    let rows = config.rows();
    let width = |column: fn(&(&str, String, String)) -> usize| {
        rows.iter().map(column).max().unwrap_or_default()
    };
    let (name, value) = (width(|row| row.0.len()), width(|row| row.1.chars().count()));
    let lines: Vec<_> = rows
        .iter()
        .map(|row| format!("{:name$}  {:value$}  {}", row.0, row.1, row.2))
        .collect();
    console::print(&lines.join("\n"))
}
