//! `cargo xtask fuzz`: the targets of `fuzz/` under libFuzzer, with coverage, on a stable toolchain.

#![allow(clippy::print_stderr)] // A program that tells people what it does.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::test::root;

/// All targets, as `fuzz/Cargo.toml` names them.
const TARGETS: [&str; 23] = [
    "manifest",
    "fix",
    "helm",
    "audit",
    "version",
    "corefile",
    "constraint",
    "texts",
    "lists",
    "knowledge",
    "recording",
    "waivers",
    "own_checks",
    "authorization",
    "canonical",
    "precheck",
    "postcheck",
    "upgrade",
    "workflow",
    "delay",
    "cluster",
    "token",
    "nothing",
];

/// What makes LLVM count which edges ran; these flags need no nightly compiler.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Ccodegen-units=1 \
    -Cdebug-assertions=on -Coverflow-checks=on --cfg fuzzing";

#[derive(Args)]
pub(crate) struct Fuzz {
    /// Targets [default: all]
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    seconds: u64,
}

impl Fuzz {
    /// Runs one target after the other; the first that falls over ends the run and leaves its input beside the corpus.
    pub(crate) fn run(self) -> Result<()> {
        let (host, out) = (host()?, root().join("target/fuzz"));
        build(&host, &out)?;
        let targets = if self.targets.is_empty() {
            TARGETS.map(str::to_owned).to_vec()
        } else {
            self.targets
        };
        for target in &targets {
            let program = out.join(&host).join("release").join(target);
            hunt(target, &program, &out, self.seconds)?;
        }
        Ok(())
    }
}

/// The machine's own target triple. It is named in the build, so that the flags do not reach build scripts.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.context("cannot ask rustc for its host")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc names no host")
}

fn build(host: &str, out: &Path) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--locked",
            "--release",
            "--package",
            "airworthy-fuzz",
        ])
        .args(["--features", "libfuzzer", "--target", host])
        .env("CARGO_TARGET_DIR", out)
        .env("RUSTFLAGS", COVERAGE)
        // Many programs of the same code: linking them for speed takes longer than they gain by it.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .current_dir(root())
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("the fuzz targets do not build");
    }
    Ok(())
}

fn hunt(target: &str, program: &Path, out: &Path, seconds: u64) -> Result<()> {
    let corpus = out.join("corpus").join(target);
    fs::create_dir_all(&corpus).context("cannot make the corpus folder")?;
    eprintln!("== {target}: {seconds} s");
    let status = Command::new(program)
        .args([&corpus, &root().join("fuzz/seeds").join(target)])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", corpus.display()))
        .args([
            "-rss_limit_mb=1024",
            "-timeout=10",
            "-max_len=65536",
            "-print_final_stats=1",
        ])
        .args(["-verbosity=0"])
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    if !status.success() {
        bail!("{target} fell over; its input is in {}", corpus.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A target that is not named here is never hunted.
    #[test]
    fn every_program_of_a_target_is_named() {
        let programs = fs::read_dir(root().join("fuzz/bins")).unwrap();
        let programs = programs.map(|entry| entry.unwrap().path());
        let programs: BTreeSet<_> = programs
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let named: BTreeSet<_> = TARGETS.map(str::to_owned).into();
        assert_eq!(programs, named);
        let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
        for target in TARGETS {
            assert!(
                manifest.contains(&format!("\nname = \"{target}\"\n")),
                "{target}"
            );
        }
        let library = fs::read_to_string(root().join("fuzz/src/lib.rs")).unwrap();
        for target in TARGETS {
            assert!(
                library.contains(&format!("    (\"{target}\", ")),
                "{target}"
            );
        }
    }
}
