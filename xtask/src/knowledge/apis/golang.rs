//! As much of Go's syntax as the files need that are read here. All of them are formatted by gofmt.

use std::collections::BTreeMap;

/// The text without comments that begin a line, and without those that end one after a space.
pub(crate) fn without_comments(text: &str) -> String {
    let code = |line: &str| {
        let start = line.trim_start();
        if start.starts_with("//") {
            return String::new();
        }
        line.split(" //").next().unwrap_or_default().to_owned()
    };
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// What stands between the bracket at the begin of `text` and its partner.
pub(crate) fn bracketed(text: &str) -> Option<&str> {
    let (open, close) = match text.chars().next()? {
        '(' => ('(', ')'),
        '{' => ('{', '}'),
        _ => return None,
    };
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth -= 1;
            if depth == 0 {
                return Some(&text[1..at]);
            }
        }
    }
    None
}

/// The arguments of every call of a function, each as written.
pub(crate) fn calls<'a>(text: &'a str, function: &str) -> Vec<Vec<&'a str>> {
    let called = format!("{function}(");
    let arguments = |(at, _): (usize, &str)| bracketed(&text[at + function.len()..]).map(list);
    text.match_indices(&called).filter_map(arguments).collect()
}

/// The members of a list as written, split at the commas of its outermost level.
pub(crate) fn list(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let split = text.split(move |letter| {
        match letter {
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0
    });
    split
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

/// The text in the first pair of quotes.
pub(crate) fn quoted(text: &str) -> Option<&str> {
    text.split('"').nth(1)
}

/// Constants and variables of texts: `GroupName = "policy"`.
pub(crate) fn strings(code: &str) -> BTreeMap<&str, &str> {
    code.lines().filter_map(string).collect()
}

fn string(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim().trim_end_matches("string").trim();
    let name = name.rsplit(' ').next()?;
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    Some((name, value))
}

/// What a `key: value` member of a composite literal holds.
pub(crate) fn member<'a>(literal: &'a str, key: &str) -> Option<&'a str> {
    list(literal).into_iter().find_map(|member| {
        let (name, value) = member.split_once(':')?;
        (name.trim() == key).then(|| value.trim())
    })
}

/// Import paths by the name under which the file knows them.
pub(crate) fn imports(text: &str) -> BTreeMap<String, String> {
    let block = text
        .split_once("import (")
        .and_then(|(_, rest)| rest.split_once("\n)"));
    let lines = block.map_or("", |(block, _)| block).lines();
    lines.filter_map(import).collect()
}

fn import(line: &str) -> Option<(String, String)> {
    let path = quoted(line)?.to_owned();
    let alias = line.split('"').next()?.trim();
    let own = path.rsplit('/').next()?.to_owned();
    Some((
        if alias.is_empty() {
            own
        } else {
            alias.to_owned()
        },
        path,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_lists_and_calls_are_read() {
        let text = "x.AddKnownTypes(GV,\n\t&A{},\n\t&B{C: f(1, 2)},\n)\ny()";
        assert_eq!(
            calls(text, "AddKnownTypes"),
            [vec!["GV", "&A{}", "&B{C: f(1, 2)}"]]
        );
        assert_eq!(bracketed("{a{b}c}d"), Some("a{b}c"));
        assert_eq!(bracketed("(a"), None);
    }

    #[test]
    fn constants_members_and_imports_are_read() {
        let text = "const GroupName = \"policy\"\nconst Other string = \"o\"\nvar X = Y";
        assert_eq!(
            strings(text),
            BTreeMap::from([("GroupName", "policy"), ("Other", "o")])
        );
        assert_eq!(
            member("Group: GroupName, Version: \"v1\"", "Version"),
            Some("\"v1\"")
        );
        let text = "import (\n\tx \"a/b\"\n\t\"c/v1\"\n)\n";
        let read = imports(text);
        assert_eq!((&*read["x"], &*read["v1"]), ("a/b", "c/v1"));
    }

    #[test]
    fn comments_are_no_code() {
        assert_eq!(without_comments("\t// &A{},\n\t&B{}, // &C{}"), "\n\t&B{},");
    }
}
