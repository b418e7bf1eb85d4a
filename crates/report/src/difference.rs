//! What differs between two recordings, for people and for machines.

use airworthy_model::{
    difference::{Change, Comparison, Side},
    need::Missing,
};

use crate::{
    json::to_text,
    table::{Page, View},
    text::{clean, count, list, width},
};

/// Most lines of one sort that are shown unless all are asked for.
const MOST_LINES: usize = 20;

/// Exit code: nothing was lost among all that there is.
pub const NOTHING_LOST: u8 = 0;
/// Exit code: something is worse or gone.
pub const LOST: u8 = 1;
/// Exit code: nothing was lost among what could be compared, and something could not.
pub const NOT_COMPARED: u8 = 3;

const SORTS: [(Change, &str); 5] = [
    (Change::Regression, "Worse than before"),
    (Change::Loss, "Gone"),
    (Change::Other, "Changed"),
    (Change::Gain, "New"),
    (Change::Planned, "As the upgrade brings it about"),
];

/// What the comparison says as an exit code.
pub fn exit_code(compared: &Comparison) -> u8 {
    let lost = |change| compared.of(change).next().is_some();
    if lost(Change::Regression) || lost(Change::Loss) {
        LOST
    } else if compared.not_compared.is_empty() {
        NOTHING_LOST
    } else {
        NOT_COMPARED
    }
}

/// The comparison for people: what is worse first, what could not be compared last.
pub fn table(compared: &Comparison, view: View) -> String {
    let mut page = Page::new(view);
    page.text(0, &headline(compared));
    page.text(
        0,
        &format!(
            "from {} to {}",
            side(&compared.before),
            side(&compared.after)
        ),
    );
    for (change, title) in SORTS {
        section(&mut page, compared, change, title);
    }
    not_compared(&mut page, &compared.not_compared);
    page.finish()
}

/// The comparison for machines.
pub fn json(compared: &Comparison) -> String {
    to_text(compared)
}

fn headline(compared: &Comparison) -> String {
    let number = |change| compared.of(change).count();
    let worse = [
        (number(Change::Regression), "worse"),
        (number(Change::Loss), "gone"),
    ];
    let told = worse.iter().filter(|(number, _)| *number > 0);
    let told: Vec<_> = told
        .map(|(number, how)| format!("{} {how}", count(*number, "thing")))
        .collect();
    let gaps = match compared.not_compared.len() {
        0 => String::new(),
        1 => "; 1 group of facts could not be compared".to_owned(),
        gaps => format!("; {gaps} groups of facts could not be compared"),
    };
    if told.is_empty() {
        return format!("Nothing is worse than before, and nothing is gone{gaps}");
    }
    format!("{}{gaps}", list(&told))
}

fn side(side: &Side) -> String {
    let version = side.version.as_ref().map(ToString::to_string);
    let version = version.unwrap_or_else(|| "an unknown version".to_owned());
    format!(
        "{} ({})",
        clean(&version),
        side.observed_at.strftime("%F %H:%M:%SZ")
    )
}

fn section(page: &mut Page, compared: &Comparison, change: Change, title: &str) {
    let all: Vec<_> = compared.of(change).collect();
    if all.is_empty() {
        return;
    }
    page.section(&format!("{title} ({})", all.len()));
    let most = if page.is_wide() {
        usize::MAX
    } else {
        MOST_LINES
    };
    let shown = &all[..all.len().min(most)];
    let groups: Vec<_> = shown.iter().map(|it| it.group.to_string()).collect();
    let column = groups
        .iter()
        .map(|group| width(group))
        .max()
        .unwrap_or_default();
    for (group, it) in groups.iter().zip(shown) {
        let what = format!("{}: {}", clean(&it.subject), clean(&it.what));
        page.row(2, &[(group, column)], &what);
    }
    if shown.len() < all.len() {
        page.text(
            2,
            &format!("and {} more (--wide shows them)", all.len() - shown.len()),
        );
    }
}

fn not_compared(page: &mut Page, gaps: &[Missing]) {
    if gaps.is_empty() {
        return;
    }
    page.section(&format!("Not compared ({})", gaps.len()));
    for gap in gaps {
        page.text(2, &clean(&gap.to_string()));
    }
}
