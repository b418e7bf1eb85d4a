//! Words in messages: lists and numbers that stay short.

/// `text`, cut to `max` characters where it is longer.
pub(crate) fn short(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

/// Up to two names, and how many more there are.
pub(crate) fn some_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    let shown: Vec<_> = names.iter().take(2).map(|name| short(name, 50)).collect();
    match names.len() - shown.len() {
        0 => shown.join(" and "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `1 pod`, `3 pods`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stay_short() {
        assert_eq!(some_of(["a"]), "a");
        assert_eq!(some_of(["a", "b"]), "a and b");
        assert_eq!(some_of(["a", "b", "c", "d"]), "a, b and 2 more");
        assert_eq!(short("abcdef", 4), "abc…");
        assert_eq!(
            (counted(1, "pod"), counted(2, "pod")),
            ("1 pod".into(), "2 pods".into())
        );
    }
}
