use super::*;

/// Every node as `kind line:column source`, one a line, with its value where that is another.
fn tree(text: &str) -> String {
    let documents = parse(text.as_bytes()).unwrap_or_else(|problem| panic!("{text:?}: {problem}"));
    let nodes = documents.iter().flat_map(|document| {
        document.nodes().map(move |node| {
            let file = &text[node.span()];
            assert_eq!(file, node.source(), "spans point into the file");
            let value = node.text().filter(|value| *value != file);
            let value = value.map_or(String::new(), |value| format!(" = {value:?}"));
            format!(
                "{}:{} {:?} {file:?}{value}\n",
                node.line(),
                node.column(),
                node.style()
            )
        })
    });
    nodes.collect()
}

#[test]
fn every_node_knows_its_bytes() {
    assert_eq!(
        tree("a: 1 # one\nb:\n  - 'x'\n  - {c: \"\\x41\", d: }\n# end\n"),
        r#"1:1 Block "a: 1 # one\nb:\n  - 'x'\n  - {c: \"\\x41\", d: }"
1:1 Plain "a"
1:4 Plain "1"
2:1 Plain "b"
3:3 Block "- 'x'\n  - {c: \"\\x41\", d: }"
3:5 SingleQuoted "'x'" = "x"
4:5 Flow "{c: \"\\x41\", d: }"
4:6 Plain "c"
4:9 DoubleQuoted "\"\\x41\"" = "A"
4:17 Plain "d"
4:18 Plain ""
"#
    );
}

#[test]
fn a_block_scalar_goes_from_its_sign_to_its_last_line() {
    assert_eq!(
        tree("a: |- # why\n    x\n    y\n\nb: >\n  z\n"),
        "1:1 Block \"a: |- # why\\n    x\\n    y\\n\\nb: >\\n  z\"\n1:1 Plain \"a\"\n1:4 Literal \"|- # why\\n    x\\n    y\" = \"x\\ny\"\n\
         5:1 Plain \"b\"\n5:4 Folded \">\\n  z\" = \"z\\n\"\n"
    );
}

#[test]
fn json_values_one_after_the_other() {
    assert_eq!(
        tree("{\"a\":\t[1, \"x\\/y\"],\n\t\"b\": {}}\n{\"c\":null} [true]"),
        r#"1:1 Flow "{\"a\":\t[1, \"x\\/y\"],\n\t\"b\": {}}"
1:2 DoubleQuoted "\"a\"" = "a"
1:7 Flow "[1, \"x\\/y\"]"
1:8 Plain "1"
1:11 DoubleQuoted "\"x\\/y\"" = "x/y"
2:2 DoubleQuoted "\"b\"" = "b"
2:7 Flow "{}"
3:1 Flow "{\"c\":null}"
3:2 DoubleQuoted "\"c\"" = "c"
3:6 Plain "null"
3:12 Flow "[true]"
3:13 Plain "true"
"#
    );
}

/// `line.column` and the value of every `a` at the outermost level, and the number of its document.
fn values(bytes: &[u8]) -> Result<Vec<String>, String> {
    let documents = parse(bytes).map_err(|problem| problem.to_string())?;
    let one = |document: &Document<'_>| {
        let a = document.root().get("a")?;
        let value = a.text()?;
        Some(format!(
            "{}:{}.{} {value}",
            document.index(),
            a.line(),
            a.column()
        ))
    };
    Ok(documents.iter().filter_map(one).collect())
}

#[test]
fn files_are_split_as_kubectl_splits_them() {
    for (text, expected) in [
        ("a: 1", &["0:1.4 1"][..]),
        ("---\na: 1\n---\na: 2\n", &["0:2.4 1", "1:4.4 2"]),
        ("a: 1\r\n---\r\na: 2\r\n", &["0:1.4 1", "1:3.4 2"]),
        ("\u{feff}a: 1\n---\n", &["0:1.4 1"]),
        ("--- # one\na: 1\n---\t# two\na: 2", &["0:2.4 1", "1:4.4 2"]),
        ("--- {a: 1}\n--- {a: 2}\n", &["0:1.9 1", "1:2.9 2"]),
        ("# only words\n---\n---\n\n--- \na: 2\n", &["0:6.4 2"]),
        ("a: 1\n...\n# x\n---\na: 2\n...\n", &["0:1.4 1", "1:5.4 2"]),
        ("%YAML 1.1\n# x\n---\na: 1\n", &["0:4.4 1"]),
        ("a: 1\n---b: 2\n", &["0:1.4 1"]),
        ("a: |\n  ---\n  b\n", &["0:1.4 ---\nb\n"]),
        (
            "{\"a\": 1}{\"a\": 2}\n---\na: 3\n",
            &["0:1.7 1", "1:1.15 2", "2:3.4 3"],
        ),
        ("{a: 1}\n", &["0:1.5 1"]),
        ("? a\n: 1\n", &["0:2.3 1"]),
        ("'a': 1\n", &["0:1.6 1"]),
        ("\"\\x61\": 1\n", &["0:1.9 1"]),
        ("b: &b {a: 1}\n<<: *b\n", &["0:1.11 1"]),
        ("b: &b {a: 1}\n<<: [{c: 1}, *b]\na: 2\n", &["0:3.4 2"]),
        ("b: &b 7\na: *b\n", &["0:2.4 7"]),
        ("a: 1\na: 2\n", &["0:2.4 2"]),
        ("", &[]),
        ("\n# nothing\n", &[]),
    ] {
        assert_eq!(
            values(text.as_bytes()),
            Ok(expected.iter().map(ToString::to_string).collect()),
            "{text:?}"
        );
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let deep_json = "[".repeat(10_000);
    let deep_block = "- ".repeat(10_000);
    let many = format!("[{}]", "1,".repeat(MAX_NODES));
    for (bytes, expected) in [
        (
            &b"a: 1\n---\nb: \0\n"[..],
            "line 3, column 4: a NUL byte: this is no text",
        ),
        (b"a: 1\n---\nb: caf\xe9\n", "line 3, column 7: not UTF-8"),
        (
            b"\xff\xfea\0",
            "UTF-16, which Kubernetes' tools do not read",
        ),
        (
            b"a:\n\t- b\n",
            "line 2, column 2: not YAML: tabs disallowed within this context (block indentation)",
        ),
        (
            b"x: 1\n---\na: *b\n",
            "line 3, column 4: not YAML: while parsing node, found unknown anchor",
        ),
        (
            b"{\"a\": 1 \"b\": 2}",
            "line 1, column 9: not JSON: expected a comma or the end of the object or array",
        ),
        (
            b"{\"a\": [1\n",
            "line 2, column 1: not JSON: it ends in the middle",
        ),
        (
            b"{\"a\": \"\\q\"}",
            "line 1, column 11: not JSON: an escape that JSON does not have",
        ),
        (
            deep_json.as_bytes(),
            "line 1, column 251: nested more than 250 deep",
        ),
        (
            deep_block.as_bytes(),
            "line 1, column 501: nested more than 250 deep",
        ),
        (
            many.as_bytes(),
            "line 1, column 2000000: the document has more than a million values",
        ),
    ] {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
        assert_eq!(values(bytes), Err(expected.to_owned()), "{shown:?}");
    }
}

#[test]
fn aliases_are_followed_not_copied() {
    let level = |level: u32| format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1);
    let levels: String = (1..200).map(level).collect();
    let bomb = format!("a0: &a0 [x, x]\n{levels}a: 1\nself: &self\n  <<: *self\n");
    let documents = parse(bomb.as_bytes()).expect("it is small");
    let root = documents[0].root();
    assert_eq!(root.get("a").and_then(Node::text), Some("1"));
    assert_eq!(root.at(&["self", "b"]).map(Node::line), None);
}
