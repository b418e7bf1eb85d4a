//! Lists of spans of minors: when something was there.

use std::collections::BTreeSet;

use airworthy_model::Minor;

use crate::{api::Span, section::BadRow};

/// Where a minor lies, as seen from a list of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the span that begins there.
    Inside(Minor),
    /// Before the first.
    Before(Minor),
    /// After one that ended; the first minor after it.
    After(Minor),
    /// There is no span.
    Nowhere,
}

pub(crate) fn place(spans: &[Span], minor: Minor) -> Place {
    if let Some(span) = spans.iter().find(|span| span.contains(minor)) {
        return Place::Inside(span.from);
    }
    let ended = spans
        .iter()
        .filter(|span| span.to < minor)
        .max_by_key(|span| span.to);
    match (ended, spans.iter().map(|span| span.from).min()) {
        (Some(span), _) => Place::After(span.to.next()),
        (None, Some(first)) => Place::Before(first),
        (None, None) => Place::Nowhere,
    }
}

pub(crate) fn contains(spans: &[Span], minor: Minor) -> bool {
    spans.iter().any(|span| span.contains(minor))
}

/// What is wrong with a list that should have at least one span, in order and apart from one another.
fn fault(spans: &[Span]) -> Option<&'static str> {
    if spans.is_empty() {
        return Some("was never there");
    }
    if spans.iter().any(|span| span.to < span.from) {
        return Some("ends before it begins");
    }
    let disorder = spans.windows(2).any(|pair| pair[1].from <= pair[0].to);
    disorder.then_some("has spans that are not in order")
}

/// Refuses rows that are there twice, and those whose spans cannot be. `key` is asked only of rows with spans.
pub(crate) fn demand<'a, R, S: AsRef<[Span]>, K: Ord>(
    rows: &'a [R],
    spans: impl Fn(&'a R) -> S,
    key: impl Fn(&'a R) -> K,
    name: impl Fn(&'a R) -> String,
) -> Result<(), BadRow> {
    let mut seen = BTreeSet::new();
    for (at, row) in rows.iter().enumerate() {
        let twice = || (!seen.insert(key(row))).then_some("is there twice");
        if let Some(why) = fault(spans(row).as_ref()).or_else(twice) {
            let why = format!("{} {why}", name(row));
            return Err(BadRow { at, why });
        }
    }
    Ok(())
}
