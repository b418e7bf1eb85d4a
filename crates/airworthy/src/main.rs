//! The command line: wires collecting, checking, reporting and serving together.

mod cli;
mod commands;
mod config;
mod console;
mod rbac;

use std::{ffi::OsString, process::ExitCode};

use airworthy_report::drop_in;
use clap::{CommandFactory as _, Parser as _};
use tracing_subscriber::EnvFilter;

use cli::{Cli, Command, FAILED};
use config::Config;

/// Slim rows that stay are allocated among the many texts of a page that go. With the allocator of glibc the places between them are
/// lost: on 5,000 nodes that was more memory than the rows themselves (decision 16).
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return refuse(&usage),
    };
    let failed = cli.command.failed();
    // Neither configuration nor runtime: it must live whatever becomes of the service that started it.
    if let Command::Supervise { folder } = &cli.command {
        return commands::supervise::run(folder);
    }
    start_log(&cli.command);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(run(cli));
            // A credential plugin that hangs holds a thread: nobody waits for that.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(anyhow::Error::new(error).context("cannot start the runtime")),
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            console::complain(&error);
            ExitCode::from(failed)
        }
    }
}

/// Shows help, or tells what is wrong with the arguments. Who asks for another tool's exit codes gets that tool's for a failure.
fn refuse(usage: &clap::Error) -> ExitCode {
    // Nobody is left to be told when the terminal is gone.
    let _ = usage.print();
    let foreign = |arg: OsString| arg.to_string_lossy().starts_with("--exit-codes");
    ExitCode::from(match usage.exit_code() {
        0 => 0,
        _ if std::env::args_os().any(foreign) => drop_in::FAILED,
        _ => FAILED,
    })
}

/// Logs go to stderr. A command for people stays quiet unless asked (`RUST_LOG`); the service tells of each request. What the
/// Kubernetes client logs of refused requests is in the facts already, with what it costs.
fn start_log(command: &Command) {
    let usual = match command {
        Command::Serve(_) => "info,kube=off,kube_client=off",
        _ => "error,kube=off,kube_client=off",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(console::colours_stderr())
        .init();
}

async fn run(cli: Cli) -> anyhow::Result<u8> {
    let config = Config::load(cli.config.as_deref())?;
    if let Some(file) = &cli.knowledge {
        commands::knowledge::replace(file)?;
    }
    match cli.command {
        Command::Precheck(args) => commands::precheck::run(args, config).await,
        Command::Postcheck(args) => Box::pin(commands::postcheck::run(args, config)).await,
        Command::Fix(args) => commands::fix::run(&args),
        Command::Record(args) => commands::record::run(args, &config).await,
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Diff(args) => commands::inspect::diff(&args),
        Command::Checks(args) => commands::checks::run(args, &config),
        Command::Waivers(args) => commands::waivers::run(&args),
        Command::Knowledge(command) => commands::knowledge::run(command, cli.knowledge.as_deref()),
        Command::Probe(command) => commands::probe::run(command).await,
        Command::Rbac(args) => commands::rbac::run(args, &config),
        Command::Demo(args) => Box::pin(commands::demo::run(args, config)).await,
        Command::Serve(args) => commands::serve::run(args, config).await,
        Command::Project(args) => commands::admin::project(args, config).await,
        Command::Cluster(args) => commands::admin::cluster(args, config).await,
        Command::Workflow(args) => commands::workflow::run(args, config).await,
        Command::Plan(args) => commands::plan::run(args, config).await,
        Command::Snapshot(args) => commands::snapshot::run(args, config).await,
        Command::Key(args) => commands::admin::key(args, config).await,
        Command::User(args) => commands::users::run(args, config).await,
        Command::Trail(args) => commands::trail::run(args, config).await,
        Command::Config(args) => commands::show_config(args, config),
        // Runs before there is a runtime.
        Command::Supervise { .. } => Ok(0),
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "airworthy", &mut script);
            console::print(&String::from_utf8_lossy(&script))
        }
    }
}
