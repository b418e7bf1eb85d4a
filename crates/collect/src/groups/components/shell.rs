//! Lines for a shell, taken apart as a shell does.

/// What ends a command, or takes a file to it. Each is a word of its own.
const OPERATORS: [char; 5] = [';', '&', '|', '<', '>'];

/// The words of a line: quotes are taken off, comments are left out, and nothing is expanded. `None` where a quote does not end.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(next) = rest.next() {
        match next {
            '\'' | '"' => quoted(next, &mut rest, word.get_or_insert_default())?,
            '\\' => escaped(rest.next(), &mut word),
            '#' if word.is_none() => drop(rest.find(|end| *end == '\n')),
            _ if next.is_whitespace() => words.extend(word.take()),
            _ if OPERATORS.contains(&next) => {
                words.extend(word.take());
                words.push(next.to_string());
            }
            _ => word.get_or_insert_default().push(next),
        }
    }
    words.extend(word);
    Some(words)
}

/// A line that goes on in the next is one line.
fn escaped(next: Option<char>, word: &mut Option<String>) {
    if let Some(next) = next.filter(|next| *next != '\n') {
        word.get_or_insert_default().push(next);
    }
}

/// Takes what stands up to the closing quote.
fn quoted(quote: char, rest: &mut impl Iterator<Item = char>, into: &mut String) -> Option<()> {
    loop {
        match rest.next()? {
            next if next == quote => return Some(()),
            '\\' if quote == '"' => {
                let next = rest.next()?;
                if !matches!(next, '"' | '\\' | '$' | '`' | '\n') {
                    into.push('\\');
                }
                into.extend((next != '\n').then_some(next));
            }
            next => into.push(next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_line_is_taken_apart_as_a_shell_does() {
        for (line, expected) in [
            (r#"a --b="c d" 'e'"f""#, &["a", "--b=c d", "ef"][..]),
            ("a \\\n  --b # 'tis --c\n--d#e", &["a", "--b", "--d#e"]),
            (
                r#"a "" --b="\"\x\$" c\ d"#,
                &["a", "", r#"--b="\x$"#, "c d"],
            ),
            (
                "a --b=c;d>>e 2>&1",
                &["a", "--b=c", ";", "d", ">", ">", "e", "2", ">", "&", "1"],
            ),
        ] {
            assert_eq!(words(line).unwrap(), expected, "{line}");
        }
        assert_eq!(words("a --b='c --d"), None);
        assert_eq!(words(r#"a --b="c\"#), None);
    }
}
