//! Facts, from a live cluster or from a recording, and the report that is made of them.

use airworthy_assess::Selection;
use airworthy_collect::{ConnectOptions, Limits, Plan, collect, connect, recording};
use airworthy_knowledge::Knowledge;
use airworthy_model::{Assessment, Facts, Need, Phase};
use airworthy_report::{self as report, drop_in, exit_code};
use anyhow::{Result, bail};
use jiff::Timestamp;

use super::{checks, outputs, waivers};
use crate::{
    cli::{Decisions, FailOn, Output, Source},
    config::Config,
    console::Progress,
};

/// Reads what the needs ask for.
pub(crate) async fn facts(
    source: &Source,
    needs: impl IntoIterator<Item = Need>,
    config: &Config,
) -> Result<Facts> {
    let asked = &source.asked;
    let switches = config.switches().with(&asked.evidence, &asked.without);
    let Some(path) = &source.from else {
        let plan = Plan {
            limits: limits(config),
            switched_off: switches.unread(),
            ..Plan::of(needs)
        };
        return live(source, plan).await;
    };
    let mut facts = recording::read_file(path)?;
    // The same words must mean the same for a recording that holds more.
    facts.switch_off(&switches.ignored());
    Ok(facts)
}

async fn live(source: &Source, plan: Plan) -> Result<Facts> {
    let options = ConnectOptions {
        kubeconfig: source.kubeconfig.clone(),
        context: source.context.clone(),
        ..ConnectOptions::default()
    };
    let connection = connect(options).await?;
    let progress = Progress::start();
    Ok(
        collect(&connection, Knowledge::embedded(), &plan, &|event| {
            progress.tell(&event);
        })
        .await?,
    )
}

/// The bounds of reading, as configured.
pub(crate) fn limits(config: &Config) -> Limits {
    Limits {
        request_deadline: config.request_timeout(),
        run_budget: config.run_budget(),
        ..Limits::default()
    }
}

/// Which checks run; a name that is none is a usage error before anything is read, and so is leaving out all: a run that looks
/// at nothing would end like one that found nothing.
pub(crate) fn selection(
    output: &Output,
    decisions: &Decisions,
    config: &Config,
    phase: Phase,
) -> Result<Selection> {
    outputs::check(output)?;
    let catalogue = checks::load(&decisions.own, config)?;
    let selection = Selection {
        accept: waivers::load(decisions, config, &catalogue)?,
        catalogue,
        only: output.checks.clone(),
        skip: output.skip.clone(),
        now: Some(Timestamp::now()),
    };
    selection.validate(phase)?;
    let all = selection.catalogue.infos(Some(phase));
    if !all.iter().any(|info| selection.runs(info)) {
        bail!("no check is left to run: --skip leaves out everything that --check asks for");
    }
    Ok(selection)
}

/// Prints the report and writes those that were asked for; the exit code is what it says.
pub(crate) fn show(assessment: &Assessment, output: &Output, selection: &Selection) -> Result<u8> {
    outputs::write(assessment, output, &selection.catalogue)?;
    waivers::tell(assessment, output);
    Ok(match output.exit_codes {
        Some(tool) => drop_in::exit_code(assessment, tool.into()),
        None => exit_code(assessment, fail_on(output.fail_on)),
    })
}

const fn fail_on(level: FailOn) -> report::FailOn {
    match level {
        FailOn::Blocker => report::FailOn::Blocker,
        FailOn::Risk => report::FailOn::Risk,
        FailOn::Unknown => report::FailOn::Unknown,
        FailOn::Never => report::FailOn::Never,
    }
}
