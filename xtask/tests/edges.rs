//! The shape of the workspace: who may depend on whom. `ARCHITECTURE.md` says why; this test refuses any other edge.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// Crate, and the crates of ours that it may depend on (normal and build dependencies).
const EDGES: &[(&str, &[&str])] = &[
    ("airworthy-model", &[]),
    ("airworthy-expressions", &[]),
    ("airworthy-knowledge", &["airworthy-model"]),
    (
        "airworthy-checks",
        &["airworthy-model", "airworthy-knowledge"],
    ),
    (
        "airworthy-assess",
        &[
            "airworthy-model",
            "airworthy-knowledge",
            "airworthy-checks",
            "airworthy-expressions",
        ],
    ),
    (
        "airworthy-manifest",
        &["airworthy-model", "airworthy-knowledge"],
    ),
    (
        "airworthy-collect",
        &[
            "airworthy-model",
            "airworthy-knowledge",
            "airworthy-manifest",
            "airworthy-expressions",
        ],
    ),
    ("airworthy-report", &["airworthy-model"]),
    ("airworthy-cce", &["airworthy-model"]),
    ("airworthy-upgrade", &["airworthy-model"]),
    ("airworthy-store", &["airworthy-model", "airworthy-upgrade"]),
    (
        "airworthy-drivers",
        &[
            "airworthy-model",
            "airworthy-knowledge",
            "airworthy-upgrade",
            "airworthy-collect",
        ],
    ),
    ("airworthy-service", ALL_ABOVE),
    ("airworthy-server", ALL_ABOVE),
    ("airworthy", ALL_ABOVE),
    ("airworthy-testbed", &[]),
];

/// May depend on every crate that stands above it in [`EDGES`].
const ALL_ABOVE: &[&str] = &["*"];

/// Whether `name` may depend on `dependency`.
fn allowed(name: &str, dependency: &str) -> bool {
    let row = EDGES.iter().position(|(crate_name, _)| *crate_name == name);
    let row =
        row.unwrap_or_else(|| panic!("{name} has no row in this test and in ARCHITECTURE.md"));
    match EDGES[row].1 {
        ALL_ABOVE => EDGES[..row].iter().any(|(above, _)| *above == dependency),
        listed => listed.contains(&dependency),
    }
}

/// What tests and builds the product, and may know all of it.
const OUTSIDE: &[&str] = &["xtask", "airworthy-fuzz"];

/// Crates that stay inside the crates named; but for one they are third-party.
const CONFINED: &[(&str, &[&str])] = &[
    ("kube", &["airworthy-collect", "airworthy-drivers"]),
    ("k8s-openapi", &["airworthy-collect"]),
    ("sqlx", &["airworthy-store", "xtask"]),
    ("axum", &["airworthy-server", "xtask"]),
    ("clap", &["airworthy", "xtask"]),
    ("cel", &["airworthy-expressions"]),
    // It shows the interpreter's types to whoever uses it.
    (
        "airworthy-expressions",
        &["airworthy-assess", "airworthy-collect"],
    ),
];

/// Crates that know no IO, no clock and no runtime.
const PURE: &[&str] = &[
    "airworthy-model",
    "airworthy-expressions",
    "airworthy-knowledge",
    "airworthy-checks",
    "airworthy-assess",
    "airworthy-report",
    "airworthy-manifest",
    "airworthy-upgrade",
];

/// Normal and build dependencies by crate.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| (text(&package["name"]), dependencies_of(package)))
        .collect()
}

fn dependencies_of(package: &Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().expect("dependencies");
    all.iter()
        .filter(|dependency| dependency["kind"] != "dev")
        .map(|dependency| text(&dependency["name"]))
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[test]
fn no_crate_depends_on_one_that_it_must_not_know() {
    for (name, dependencies) in dependencies()
        .iter()
        .filter(|(name, _)| !OUTSIDE.contains(&name.as_str()))
    {
        for dependency in dependencies
            .iter()
            .filter(|dependency| dependency.starts_with("airworthy"))
        {
            assert!(
                allowed(name, dependency),
                "{name} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn third_party_names_stay_inside_their_crate() {
    for (name, dependencies) in dependencies() {
        for (confined, inside) in CONFINED {
            assert!(
                !dependencies.contains(*confined) || inside.contains(&name.as_str()),
                "{name} must not depend on {confined}"
            );
        }
    }
}

#[test]
fn pure_crates_have_no_runtime_and_no_io() {
    let dependencies = dependencies();
    for name in PURE {
        for io in ["tokio", "hyper", "http", "tempfile", "tracing", "rustix"] {
            assert!(
                !dependencies[*name].contains(io),
                "{name} must not depend on {io}"
            );
        }
    }
}

/// A page of the architecture that does not name a crate misleads whoever looks for it.
#[test]
fn the_architecture_page_names_every_crate() {
    let page = include_str!("../../ARCHITECTURE.md");
    for (name, _) in EDGES {
        let short = name.strip_prefix("airworthy-").unwrap_or(name);
        assert!(
            page.contains(&format!("| `{short}` |")),
            "ARCHITECTURE.md has no row for {short}"
        );
    }
}
