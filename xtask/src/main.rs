//! Tasks of the project, run as `cargo xtask <task>`.

mod bench;
mod fuzz;
mod knowledge;
mod test;
mod testbed;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the project")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs all tests: formatting, lints, unit tests, real control planes, the vendor's SDKs
    Test(test::Test),
    /// Builds, starts and pins real control planes for tests
    #[command(subcommand)]
    Testbed(testbed::Command),
    /// Generates the tables of every Kubernetes minor
    #[command(subcommand)]
    Knowledge(knowledge::Command),
    /// Feeds strange bytes to everything that reads bytes of strangers
    Fuzz(fuzz::Fuzz),
    /// Measures pre-check and service
    #[command(subcommand)]
    Bench(bench::Command),
    /// Judges the predictions about removed APIs on real API servers
    #[command(subcommand)]
    Truth(xtask::truth::Command),
    #[command(hide = true)]
    Bare(bench::Bare),
    #[command(hide = true)]
    Load(bench::Load),
    #[command(hide = true)]
    Floor(bench::Floor),
    #[command(hide = true)]
    Measure(bench::Measure),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Test(test) => test.run(),
        Task::Fuzz(fuzz) => fuzz.run(),
        Task::Testbed(command) => command.run().await,
        Task::Knowledge(command) => command.run().await,
        Task::Bench(command) => command.run().await,
        Task::Truth(command) => command.run().await,
        Task::Bare(bare) => bare.run().await,
        Task::Load(load) => load.run().await,
        Task::Floor(floor) => floor.run().await,
        Task::Measure(measure) => measure.run(),
    }
}
