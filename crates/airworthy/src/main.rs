//! The command line: wires collecting, checking, reporting and serving together.

mod cli;
mod commands;
mod config;
mod console;
mod rbac;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use tracing_subscriber::EnvFilter;

use cli::{Cli, Command};
use config::Config;

/// The exit code of a usage error, or of a run that itself failed.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
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
            ExitCode::from(FAILED)
        }
    }
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
    match cli.command {
        Command::Precheck(args) => commands::precheck::run(args, config).await,
        Command::Postcheck(args) => commands::postcheck::run(args, config).await,
        Command::Record(args) => commands::record::run(args, &config).await,
        Command::Checks(args) => commands::checks::run(args),
        Command::Rbac(args) => commands::rbac::run(args),
        Command::Demo(args) => commands::demo::run(args, config).await,
        Command::Serve(args) => commands::serve::run(args, config).await,
        Command::Project(args) => commands::admin::project(args, config).await,
        Command::Cluster(args) => commands::admin::cluster(args, config).await,
        Command::Key(args) => commands::admin::key(args, config).await,
        Command::Config(args) => commands::show_config(args, config),
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "airworthy", &mut script);
            console::print(&String::from_utf8_lossy(&script))
        }
    }
}
