//! `airworthy probe`

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use airworthy_collect::{ConnectOptions, Connection, connect};
use airworthy_drivers::probe::{self, ProbeOrder};
use anyhow::{Result, bail};
use jiff::Timestamp;

use crate::{
    cli::{Probe, ProbeRun, Where},
    console,
};

pub(crate) async fn run(command: Probe) -> Result<u8> {
    match command {
        Probe::Run(args) => make(args).await,
        Probe::Clean(args) => clean(args.place).await,
    }
}

async fn make(args: ProbeRun) -> Result<u8> {
    let order = order(&args)?;
    let mut made = probe::targets(&order, Timestamp::now()).to_vec();
    made.push(probe::lookers(&order, "(the address of the Service)", &[]));
    if args.place.dry_run {
        let objects: Vec<_> = made.iter().map(|one| one.object.to_string()).collect();
        return console::print(&objects.join("\n"));
    }
    let names: Vec<_> = made
        .iter()
        .map(|one| format!("  {}\n", one.name()))
        .collect();
    let what = format!(
        "This puts two pods of {} on every Linux node, in a namespace of their own:\n{}",
        order.image,
        names.concat()
    );
    agreed(&args.place, &what)?;
    let connection = connected(&args.place).await?;
    let pods = probe::run(&connection, &order, |step| {
        console::say(&format!("{step}\n"));
    })
    .await?;
    console::say(&format!(
        "{pods} pods have looked; read what they found with --evidence probes, then: airworthy probe clean\n"
    ));
    Ok(0)
}

async fn clean(place: Where) -> Result<u8> {
    let what = "This removes the namespace airworthy-probe with all that is in it, if airworthy has made it.\n";
    if place.dry_run {
        return console::print(what);
    }
    agreed(&place, what)?;
    let connection = connected(&place).await?;
    let found = probe::clean(&connection, |step| console::say(&format!("{step}\n"))).await?;
    console::say(if found {
        "removed\n"
    } else {
        "there was nothing to remove\n"
    });
    Ok(0)
}

fn order(args: &ProbeRun) -> Result<ProbeOrder> {
    let usual = ProbeOrder::default();
    let name = match args.external_name.as_deref() {
        None => usual.external_name,
        Some("none") => String::new(),
        Some(name) if is_name(name) => name.trim_end_matches('.').to_owned(),
        Some(name) => bail!("--external-name {name:?} is no name that can be resolved"),
    };
    Ok(ProbeOrder {
        image: args.image.clone().unwrap_or(usual.image),
        external_name: name,
        deadline: Duration::from_secs(args.deadline),
        stands: usual.stands,
    })
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    !name.is_empty() && name.len() <= 253 && name.bytes().all(plain)
}

/// Asks, unless that was answered before. Where nobody can be asked, nothing is done.
fn agreed(place: &Where, what: &str) -> Result<()> {
    if place.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        console::say(what);
        bail!("nobody is there to be asked: give --yes, or look first with --dry-run");
    }
    console::say(&format!("{what}Do it? [y/N] "));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if answer.trim().eq_ignore_ascii_case("y") {
        return Ok(());
    }
    bail!("nothing was done")
}

async fn connected(place: &Where) -> Result<Connection> {
    let options = ConnectOptions {
        kubeconfig: place.kubeconfig.clone(),
        context: place.context.clone(),
        ..ConnectOptions::default()
    };
    Ok(connect(options).await?)
}
