//! What differs between two texts of rows.

use std::collections::BTreeSet;

/// Rows that go (`-`) and rows that come (`+`), in order, so that the two of one thing stand together.
pub(super) fn lines(before: &str, after: &str) -> Vec<String> {
    let (before, after) = (rows(before), rows(after));
    let goes = before.difference(&after).map(|row| (*row, '-'));
    let comes = after.difference(&before).map(|row| (*row, '+'));
    let mut all: Vec<_> = goes.chain(comes).collect();
    all.sort_unstable();
    all.iter()
        .map(|(row, sign)| format!("{sign} {row}"))
        .collect()
}

fn rows(text: &str) -> BTreeSet<&str> {
    text.lines()
        .map(|line| line.trim_end_matches(','))
        .filter(|line| line.starts_with('{'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_that_differ_are_told() {
        let (before, after) = (
            "[\n{\"a\":1},\n{\"b\":1}\n]\n",
            "[\n{\"a\":1},\n{\"b\":2},\n{\"c\":1}\n]\n",
        );
        assert_eq!(
            lines(before, after),
            ["- {\"b\":1}", "+ {\"b\":2}", "+ {\"c\":1}"]
        );
        assert!(lines(after, after).is_empty());
    }
}
