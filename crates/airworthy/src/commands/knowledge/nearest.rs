//! The name that was meant.

/// The candidate that takes the fewest changes, where those are few.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let low = name.to_lowercase();
    if !(3..=100).contains(&low.len()) {
        return None;
    }
    let near = candidates.map(|candidate| (changes(&low, &candidate.to_lowercase()), candidate));
    let (changes, candidate) = near.min()?;
    (changes <= 1 + low.len() / 5).then_some(candidate)
}

/// How many letters must be put in, taken out or replaced.
fn changes(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (down, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = down + 1;
        for (at, other) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_changes_and_suggests_only_what_is_near() {
        assert_eq!(
            (
                changes("abc", "abc"),
                changes("abc", "axcd"),
                changes("", "ab")
            ),
            (0, 2, 2)
        );
        let kinds = || ["Deployment", "DaemonSet"].into_iter();
        assert_eq!(nearest("deploymnt", kinds()), Some("Deployment"));
        assert_eq!(nearest("Widget", kinds()), None);
    }
}
