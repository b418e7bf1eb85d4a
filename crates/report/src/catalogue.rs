//! The list of checks.

use airworthy_model::{CheckInfo, Group, Kind, Phase, Severity};
use serde::Serialize;

use crate::{
    json,
    table::{Page, View},
    text::width,
    words,
};

/// What a list of checks says of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Name.
    pub name: &'static str,
    /// When it runs.
    pub phase: Phase,
    /// Its group on the wire.
    pub group: Group,
    /// Its kind on the wire.
    pub kind: Kind,
    /// The worst a finding of it can be.
    pub level: Severity,
    /// What it reads, by the names that reports use.
    pub needs: Vec<String>,
    /// Where it stands, if it is a user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

impl From<&CheckInfo> for Entry {
    fn from(check: &CheckInfo) -> Self {
        Self {
            name: check.name,
            phase: check.phase,
            group: check.group,
            kind: check.kind,
            level: check.level,
            needs: check.needs.iter().copied().map(json::need_name).collect(),
            origin: None,
        }
    }
}

/// The names of users' checks, and where they stand.
pub type Origins<'a> = [(&'a str, &'a str)];

fn origin<'a>(origins: &Origins<'a>, check: &CheckInfo) -> Option<&'a str> {
    let found = origins.iter().find(|(name, _)| *name == check.name);
    found.map(|(_, origin)| *origin)
}

/// The checks as indented JSON, with a line feed at its end.
pub fn json(checks: &[CheckInfo], origins: &Origins<'_>) -> String {
    let entry = |check| Entry {
        origin: origin(origins, check).map(str::to_owned),
        ..Entry::from(check)
    };
    let entries: Vec<Entry> = checks.iter().map(entry).collect();
    json::to_text(&entries)
}

/// The checks for people: those before the upgrade, then those after it, of users' checks with where they stand; a wide view adds
/// group, kind and needs.
pub fn table(checks: &[CheckInfo], origins: &Origins<'_>, view: View) -> String {
    let mut page = Page::new(view);
    let column = checks.iter().map(|check| width(check.name)).max();
    for (phase, title) in [
        (Phase::Pre, "Before the upgrade"),
        (Phase::Post, "After the upgrade"),
    ] {
        let here: Vec<_> = checks.iter().filter(|check| check.phase == phase).collect();
        if !here.is_empty() {
            page.section(&format!("{title} ({})", here.len()));
        }
        for check in here {
            let place = (column.unwrap_or_default(), origin(origins, check));
            entry(&mut page, check, place);
        }
    }
    page.finish()
}

fn entry(page: &mut Page, check: &CheckInfo, (column, origin): (usize, Option<&str>)) {
    let level = words::severity(check.level);
    let origin = origin.map_or(String::new(), |origin| format!(" ({origin})"));
    let summary = format!("{}{origin}", check.summary);
    page.row(2, &[(check.name, column), (level, 7)], &summary);
    if page.is_wide() {
        let needs: Vec<_> = check.needs.iter().map(|need| need.label()).collect();
        let (group, kind) = (check.group, check.kind);
        page.text(
            6,
            &format!("{group:?}, {kind:?}, reads {}", needs.join(", ")),
        );
    }
}
