//! The index of the checks, `docs/checks/README.md`: made of the catalogue, of `cases.yaml` and of `vendor_only.yaml`, and committed.
//! With `AIRWORTHY_REWRITE=1` it is written anew.

mod common;

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use airworthy_checks::{CATALOGUE, Check};
use airworthy_model::{Finding, Kind, Phase, Severity};
use common::World;
use serde::Deserialize;
use serde_json::Value;

/// What was tried of a check beside the examples of its page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// Whether the check is one of those that every release must have.
    #[serde(default)]
    essential: bool,
    /// Tests on real API servers: a file below `crates/airworthy/tests`, and a function in it.
    #[serde(default)]
    real: Vec<String>,
    /// What an API server or a program did because of the bad situation, as that test sees it.
    #[serde(default)]
    shown: String,
    /// What is tried where no API server can make the situation.
    #[serde(default)]
    instead: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VendorOnly {
    page: String,
    asks: String,
}

fn cases() -> BTreeMap<String, Cases> {
    serde_saphyr::from_str(include_str!("../cases.yaml")).expect("cases.yaml")
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn every_check_has_its_row_and_no_row_lacks_its_check() {
    let cases = cases();
    for check in CATALOGUE {
        assert!(
            cases.contains_key(check.info.name),
            "{}: not in cases.yaml",
            check.info.name
        );
    }
    for name in cases.keys() {
        assert!(airworthy_checks::find(name).is_some(), "{name}: no check");
    }
}

#[test]
fn every_check_is_tried_on_a_real_api_server() {
    for (name, cases) in cases() {
        assert!(
            !cases.real.is_empty() || !cases.instead.is_empty(),
            "{name}: no case on a real API server"
        );
    }
}

#[test]
fn every_case_is_a_test_that_is_there() {
    for (name, cases) in cases() {
        for case in &cases.real {
            let (file, function) = case.split_once(' ').expect("a file and a function");
            let path = root().join("crates/airworthy/tests").join(file);
            let source =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {file}: {error}"));
            let test = format!("fn {function}()");
            let at = source
                .find(&test)
                .unwrap_or_else(|| panic!("{name}: {file} has no {test}"));
            let before = source[..at].trim_end();
            assert!(
                before.ends_with("#[test]") || before.ends_with("#[tokio::test]"),
                "{name}: {function} of {file} is no test"
            );
        }
    }
}

#[test]
fn the_committed_index_is_what_comes_out() {
    let (path, index) = (root().join("docs/checks/README.md"), index());
    let set = |name| std::env::var_os(name).is_some();
    if set("AIRWORTHY_REWRITE") && !set("CI") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &index).unwrap();
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == index,
        "docs/checks/README.md is not what comes out now; AIRWORTHY_REWRITE=1 rewrites it"
    );
}

fn index() -> String {
    let cases = cases();
    let mut page = String::from(
        "# Checks\n\nMade of the catalogue; do not edit. A check's page says what it finds, why it matters, how to fix it, how to confirm that, when to\n\
         ignore it and what it cannot see; `airworthy checks show NAME` prints it. *Examples* counts those of the page, each of which is a test.\n\
         *Real case* names the tests that make the bad situation on a real API server, see it found, repair it and see it gone. *Shown* is what the\n\
         API server, or a program started for the test, did because of it. Bold names are the checks that no release goes without.\n\n\
         *riskSource* is what an item on the wire says of each finding: the list that the finding stands in, and the members that are filled; those\n\
         with a question mark only where they are known. It is made of the findings of the examples, and the real cases are held against it.\n\
         The answer of a post-check has no items, and so no riskSource.\n",
    );
    for (phase, title) in [
        (Phase::Pre, "Before the upgrade"),
        (Phase::Post, "After the upgrade"),
    ] {
        let checks = CATALOGUE.iter().filter(|check| check.info.phase == phase);
        let (column, rule) = match phase {
            Phase::Pre => (" riskSource |", "---|"),
            Phase::Post => ("", ""),
        };
        write!(
            page,
            "\n## {title} ({})\n\n| Check | Finds | Group | Kind | Worst |{column} Examples | Real case | Shown |\n|---|---|---|---|---|{rule}---|---|---|\n",
            checks.clone().count()
        )
        .unwrap();
        checks.for_each(|check| row(&mut page, check, &cases[check.info.name]));
    }
    vendor_only(&mut page);
    page
}

fn row(page: &mut String, check: &Check, cases: &Cases) {
    let info = &check.info;
    let kind = match info.kind {
        Kind::Exception => "Exception",
        Kind::Risk => "Risk",
    };
    let worst = match info.level {
        Severity::Blocker => "blocker",
        Severity::Risk => "risk",
        Severity::Note => "note",
    };
    let bold = if cases.essential { "**" } else { "" };
    let real: Vec<_> = cases
        .real
        .iter()
        .map(|case| {
            let (file, function) = case.split_once(' ').unwrap_or_default();
            format!("[{function}](../../crates/airworthy/tests/{file})")
        })
        .collect();
    let sources = match info.phase {
        Phase::Pre => format!(" {} |", risk_sources(check)),
        Phase::Post => String::new(),
    };
    writeln!(
        page,
        "| {bold}[{}]({}){bold} | {} | {:?} | {kind} | {worst} |{sources} {} | {} | {} |",
        info.name,
        page_of(info.name),
        info.summary.replace('|', "\\|"),
        info.group,
        common::examples(check).len(),
        if real.is_empty() {
            cases.instead.clone()
        } else {
            real.join(", ")
        },
        cases.shown
    )
    .unwrap();
}

/// The lists of `riskSource` that findings of a check's examples stand in, each with its members: `nodeRisks (NodeID)`.
fn risk_sources(check: &Check) -> String {
    let mut lists: BTreeMap<String, Members> = BTreeMap::new();
    for example in common::examples(check) {
        for finding in World::of(&example.facts).findings(check) {
            let finding = Finding {
                check: check.info.name.to_owned(),
                ..finding
            };
            let source = airworthy_cce::mapping::risk_source(&[&finding]);
            let Ok(Value::Object(source)) = serde_json::to_value(source) else {
                panic!("{}: no object", check.info.name);
            };
            for (list, rows) in source {
                let filled = rows[0].as_object().expect("an object a finding");
                let members = lists.entry(list).or_default();
                members.findings += 1;
                for member in filled.keys() {
                    *members.filled.entry(member.clone()).or_default() += 1;
                }
            }
        }
    }
    let lists = lists.iter().map(|(list, members)| members.of(list));
    lists.collect::<Vec<_>>().join("; ")
}

/// How often the members of a list are filled.
#[derive(Default)]
struct Members {
    findings: usize,
    filled: BTreeMap<String, usize>,
}

impl Members {
    fn of(&self, list: &str) -> String {
        let members = self.filled.iter().map(|(member, times)| {
            let mark = if *times < self.findings { "?" } else { "" };
            format!("{member}{mark}")
        });
        format!("{list} ({})", members.collect::<Vec<_>>().join(", "))
    }
}

/// Every pre-check that can find anything says where on the wire.
#[test]
fn every_pre_check_fills_its_risk_source() {
    let pre = |check: &&&Check| check.info.phase == Phase::Pre;
    for check in CATALOGUE.iter().filter(pre) {
        // The findings of this one are made by the engine.
        let told = check.info.name == "InternalError" || !risk_sources(check).is_empty();
        assert!(told, "{}: no example fills riskSource", check.info.name);
    }
}

/// Where the page of a check is, seen from the index.
fn page_of(name: &str) -> String {
    let title = format!("# {name}\n");
    let families = fs::read_dir(root().join("crates/checks/src")).unwrap();
    let pages = families
        .filter_map(|family| fs::read_dir(family.unwrap().path()).ok())
        .flatten()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let page = pages
        .into_iter()
        .find(|path| fs::read_to_string(path).unwrap().starts_with(&title))
        .unwrap_or_else(|| panic!("{name}: no page"));
    let tail: Vec<_> = page
        .iter()
        .rev()
        .take(2)
        .map(|part| part.to_string_lossy())
        .collect();
    format!("../../crates/checks/src/{}/{}", tail[1], tail[0])
}

fn vendor_only(page: &mut String) {
    let items: Vec<VendorOnly> =
        serde_saphyr::from_str(include_str!("../vendor_only.yaml")).expect("vendor_only.yaml");
    page.push_str(
        "\n## Not applicable\n\nItems of Huawei Cloud's own list that ask about its infrastructure. Nothing outside of it can answer them, so there is no check of\n\
         these names and no such item on the wire; none of them is ever passed.\n\n| Page | Asks |\n|---|---|\n",
    );
    for item in items {
        writeln!(page, "| {} | {} |", item.page, item.asks).unwrap();
    }
}
