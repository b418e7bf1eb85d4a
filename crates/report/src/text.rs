//! Words and lines: counting, cleaning, wrapping.

use unicode_width::UnicodeWidthStr as _;

/// `1 risk`, `2 risks`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Columns that a text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Text of a cluster as a paragraph: made harmless as by [`clean_line`], and its white space counts for nothing.
pub(crate) fn clean(text: &str) -> String {
    let line = clean_line(text);
    let words: Vec<_> = line.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Text of a cluster on one line, made harmless: no terminal sequence, no other control character, no turning of the
/// reading direction.
pub(crate) fn clean_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' | '\u{9b}' => skip_sequence(c, &mut rest),
            c if c.is_whitespace() => out.push(' '),
            c if c.is_control() || steers(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Text of several lines, each made harmless for a terminal: no terminal sequence, no other control character, no turning of
/// the reading direction.
pub fn harmless(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(clean_line).collect();
    lines.join("\n")
}

/// Characters that print nothing but change how others read, or hide text of their own.
pub(crate) fn steers(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Skips a control sequence (`ESC [ … m` and the like) whole; of other sequences only their start, so that no text hides.
fn skip_sequence(start: char, rest: &mut std::str::Chars<'_>) {
    let mut ahead = rest.clone();
    if start == '\u{1b}' && ahead.next() != Some('[') {
        return;
    }
    let parameter = |c: &char| ('\u{20}'..='\u{3f}').contains(c);
    let last = ahead.find(|c| !parameter(c));
    if last.is_some_and(|c| ('\u{40}'..='\u{7e}').contains(&c)) {
        *rest = ahead;
    }
}

/// Breaks a text into lines of at most `columns`; words longer than that stay whole.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let fits = width(&line) + 1 + width(word) <= columns;
        if !line.is_empty() && !fits {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_terminal_stays() {
        for (dirty, cleaned) in [
            ("plain text", "plain text"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{9b}1;31mred", "red"),
            ("a\nb\tc\r\nd", "a b c d"),
            ("\u{1b}]0;title\u{7}x", "]0;titlex"),
            ("\u{1b}[", "["),
            ("\u{1b}[12", "[12"),
            ("\u{1b}", ""),
            ("bell\u{7} null\0 del\u{7f} c1\u{85}", "bell null del c1"),
            ("abc\u{202e}fed\u{200b}", "abcfed"),
            ("a\u{61c}b\u{ad}c\u{fff9}d\u{e0041}e", "abcde"),
            ("  many   spaces ", "many spaces"),
            ("ümläut 漢字", "ümläut 漢字"),
        ] {
            assert_eq!(clean(dirty), cleaned, "{dirty:?}");
        }
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(harmless("a\u{1b}[2J\n\u{7}b\n"), "a\nb\n");
    }

    #[test]
    fn wrapping_loses_no_word() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("averylongword x", 4), ["averylongword", "x"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("漢字 漢字", 5), ["漢字", "漢字"]);
    }

    #[test]
    fn lists_read_as_english() {
        let words = ["a".to_owned(), "b".into(), "c".into()];
        assert_eq!(list(&words), "a, b and c");
        assert_eq!(list(&words[..2]), "a and b");
        assert_eq!(
            (count(1, "risk"), count(0, "risk")),
            ("1 risk".into(), "0 risks".into())
        );
    }
}
