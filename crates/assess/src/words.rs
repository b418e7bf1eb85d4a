//! How things are called in what is said of waivers and of users' checks.

use airworthy_model::Subject;

/// `PodDisruptionBudget shop/web`.
pub(crate) fn subject(subject: &Subject) -> String {
    format!("{} {}", subject.kind, subject.path())
}

/// The first of these, and how many more there are.
pub(crate) fn some_of(names: &[String], most: usize) -> String {
    let named = names
        .iter()
        .take(most)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(most) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
