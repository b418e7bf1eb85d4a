//! What `docs/checks/README.md` says of a check: what is found on a real API server has that level, and fills those members of `riskSource`.

use std::{collections::BTreeMap, sync::LazyLock};

use airworthy_model::{Finding, Severity};
use serde_json::Value;

const INDEX: &str = include_str!("../../../../docs/checks/README.md");

/// The row of a check.
struct Row {
    worst: Severity,
    /// The lists of `riskSource` with their members, and whether each is always filled; nothing of a post-check.
    sources: Option<BTreeMap<&'static str, Vec<(&'static str, bool)>>>,
}

static ROWS: LazyLock<BTreeMap<&str, Row>> = LazyLock::new(|| {
    let mut sources = None;
    let mut rows = BTreeMap::new();
    for line in INDEX.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = line.split(" | ").map(str::trim).collect();
        let column = |name| cells.iter().position(|cell| *cell == name);
        if cells[0] == "| Check" {
            sources = column("riskSource");
        } else if let Some((name, row)) = row(&cells, sources) {
            rows.insert(name, row);
        }
    }
    rows
});

fn row(cells: &[&'static str], sources: Option<usize>) -> Option<(&'static str, Row)> {
    let (_, name) = cells[0].split_once('[')?;
    let (name, _) = name.split_once(']')?;
    let worst = match *cells.get(4)? {
        "blocker" => Severity::Blocker,
        "risk" => Severity::Risk,
        "note" => Severity::Note,
        other => panic!("{name}: {other} is no level"),
    };
    let sources = sources.map(|at| cells[at].split("; ").filter_map(list).collect());
    Some((name, Row { worst, sources }))
}

/// `deprecatedAPIRisks (url, userAgent?)`
fn list(cell: &'static str) -> Option<(&'static str, Vec<(&'static str, bool)>)> {
    let (list, members) = cell.split_once(" (")?;
    let members = members.trim_end_matches(')').split(", ");
    let members = members.map(|member| match member.strip_suffix('?') {
        Some(member) => (member, false),
        None => (member, true),
    });
    Some((list, members.collect()))
}

/// Demands that a finding is no worse than its check's row says, and that the wire says of it what the row says. Checks of users have no row.
#[track_caller]
pub(super) fn demand(check: &str, finding: &Value) {
    let Some(row) = ROWS.get(check) else {
        assert!(airworthy_checks::find(check).is_none(), "{check}: no row");
        return;
    };
    let found: Finding = serde_json::from_value(finding.clone()).expect("a finding");
    assert!(
        found.severity <= row.worst,
        "worse than documented: {finding:#}"
    );
    let Some(documented) = &row.sources else {
        return;
    };
    let wire = serde_json::to_value(airworthy_cce::mapping::risk_source(&[&found])).unwrap();
    let lists = wire.as_object().expect("an object");
    assert_eq!(lists.len(), 1, "one list a finding: {wire:#}");
    for (list, rows) in lists {
        let members = documented
            .get(&**list)
            .unwrap_or_else(|| panic!("{check}: {list} is not documented: {wire:#}"));
        for (member, _) in members.iter().filter(|(_, always)| *always) {
            assert!(
                rows[0].get(member).is_some(),
                "{check}: no {member}: {wire:#}"
            );
        }
        for member in rows[0].as_object().expect("an object").keys() {
            let known = members.iter().any(|(known, _)| known == member);
            assert!(known, "{check}: {member} is not documented: {wire:#}");
        }
    }
}
