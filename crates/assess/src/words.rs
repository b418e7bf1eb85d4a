//! How things are called in what is said of waivers and of users' checks.

use airworthy_model::Subject;

/// `PodDisruptionBudget shop/web`.
pub(crate) fn subject(subject: &Subject) -> String {
    format!("{} {}", subject.kind, subject.path())
}

/// The first of these, and how many more there are.
pub(crate) fn some_of(names: &[String], most: usize) -> String {
    let first: Vec<_> = names.iter().take(most).map(String::as_str).collect();
    let first = first.join(", ");
    match names.len().saturating_sub(most) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
