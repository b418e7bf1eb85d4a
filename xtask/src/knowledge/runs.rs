//! Minors gathered one by one, as spans.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_knowledge::Span;
use airworthy_model::Minor;

/// The minors in which something was seen: 31 for 1.31.
pub(super) type Minors = BTreeSet<u16>;

/// Neighbours become one span.
pub(super) fn spans(minors: &Minors) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for minor in minors.iter().copied().map(Minor::v1) {
        match spans.last_mut() {
            Some(last) if last.to.next() == minor => last.to = minor,
            _ => spans.push(Span {
                from: minor,
                to: minor,
            }),
        }
    }
    spans
}

/// The first minor of the run that reaches to the newest of `there`, if it does.
pub(super) fn since(minors: &Minors, there: &Minors) -> Option<Minor> {
    let newest = there.last()?;
    let last = spans(minors).pop()?;
    (last.to.minor == *newest).then_some(last.from)
}

/// What was seen, with neighbours that say the same as one.
pub(super) fn merged<T: PartialEq + Clone>(seen: &BTreeMap<u16, T>) -> Vec<(Span, T)> {
    let mut merged: Vec<(Span, T)> = Vec::new();
    for (minor, value) in seen {
        let minor = Minor::v1(*minor);
        match merged.last_mut() {
            Some((span, last)) if span.to.next() == minor && last == value => span.to = minor,
            _ => merged.push((
                Span {
                    from: minor,
                    to: minor,
                },
                value.clone(),
            )),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: u16, to: u16) -> Span {
        Span {
            from: Minor::v1(from),
            to: Minor::v1(to),
        }
    }

    #[test]
    fn a_gap_and_another_value_end_a_span() {
        assert_eq!(
            spans(&Minors::from([19, 20, 22, 23])),
            [span(19, 20), span(22, 23)]
        );
        let seen = BTreeMap::from([(19, 'a'), (20, 'a'), (21, 'b'), (23, 'b')]);
        assert_eq!(
            merged(&seen),
            [
                (span(19, 20), 'a'),
                (span(21, 21), 'b'),
                (span(23, 23), 'b')
            ]
        );
    }

    #[test]
    fn what_ended_before_has_no_since() {
        let there = Minors::from([19, 20, 21]);
        assert_eq!(since(&Minors::from([20, 21]), &there), Some(Minor::v1(20)));
        assert_eq!(since(&Minors::from([19, 20]), &there), None);
    }
}
