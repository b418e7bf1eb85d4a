use serde_json::json;

use super::*;

fn edited(text: &str, edit: impl FnOnce(&mut Editor) -> Done) -> String {
    let text = format!("apiVersion: v1\nkind: X\n{text}");
    let mut editor = Editor::new(text, 0, 0);
    edit(&mut editor).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    assert!(
        editor.has(&"kind".into()).is_ok(),
        "it parses: {}",
        editor.text
    );
    let text = editor.into_text();
    text.strip_prefix("apiVersion: v1\nkind: X\n")
        .expect("the head stays")
        .to_owned()
}

#[test]
fn scalars_keep_their_quotes() {
    for (text, to, expected) in [
        ("a: b # c\n", "x", "a: x # c\n"),
        ("a: 'b'\n", "x", "a: 'x'\n"),
        ("a: \"b\"\n", "x", "a: \"x\"\n"),
        ("a: b\n", "80", "a: \"80\"\n"),
        ("{a: b}", "x y", "{a: \"x y\"}"),
    ] {
        let text = if text.starts_with('{') {
            format!("z: {text}\n")
        } else {
            text.to_owned()
        };
        let (path, expected) = if text.starts_with('z') {
            (Path::from("z.a"), format!("z: {expected}\n"))
        } else {
            (Path::from("a"), expected.to_owned())
        };
        assert_eq!(edited(&text, |e| e.set(&path, to)), expected);
    }
}

#[test]
fn removing_takes_whole_lines_and_their_comments() {
    for (text, path, expected) in [
        (
            "a:\n  b: 1 # gone\n  # of c\n  c: 2\n",
            "a.b",
            "a:\n  # of c\n  c: 2\n",
        ),
        (
            "a:\n  b: 1\n  c:\n    d: 2\n    e: |\n      x\n\nf: 3\n",
            "a.c",
            "a:\n  b: 1\n\nf: 3\n",
        ),
        ("a:\n  b: 1\nc: 2\n", "a.b", "a:\n  {}\nc: 2\n"),
        ("a: {b: 1, c: 2, d: 3}\n", "a.b", "a: {c: 2, d: 3}\n"),
        ("a: {b: 1, c: 2}\n", "a.c", "a: {b: 1}\n"),
        ("a: {b: 1}\n", "a.b", "a: {}\n"),
        ("a: 1\nb:\n", "b", "a: 1\n"),
        ("a: 1\n", "b", "a: 1\n"),
    ] {
        assert_eq!(edited(text, |e| e.remove(&path.into())), expected, "{text}");
    }
    let text = "a:\n- b: 1\n  c: 2\n- d: 3\n";
    let path = Path::from("a").index(0).key("b");
    assert_eq!(edited(text, |e| e.remove(&path)), "a:\n- c: 2\n- d: 3\n");
}

#[test]
fn inserting_follows_the_style_of_the_mapping() {
    let value = json!({"x": ["v"]});
    for (text, path, expected) in [
        (
            "a:\n    b: 1 # one\nc: 2\n",
            "a",
            "a:\n    b: 1 # one\n    k:\n      x:\n      - v\nc: 2\n",
        ),
        ("a: {b: 1}\n", "a", "a: {b: 1, \"k\": {\"x\": [\"v\"]}}\n"),
        ("a: {}\n", "a", "a: {\"k\": {\"x\": [\"v\"]}}\n"),
        ("a:\nb: 1\n", "a", "a: {\"k\": {\"x\": [\"v\"]}}\nb: 1\n"),
        ("a: 1", "new", "a: 1\nnew:\n  k:\n    x:\n    - v"),
    ] {
        let after = edited(text, |e| e.insert(&path.into(), "k", &value));
        assert_eq!(after, expected, "{text}");
    }
}

#[test]
fn lifting_takes_a_level_away() {
    for (text, expected) in [
        (
            "a:\n  b:\n    # x\n    c: 1\n    d:\n      e: |\n        f\n  g: 2\n",
            "a:\n  c: 1\n  d:\n    e: |\n      f\n  g: 2\n",
        ),
        ("a: {b: {c: 1, d: 2}, g: 2}\n", "a: {c: 1, d: 2, g: 2}\n"),
        ("a: 1\n", "a: 1\n"),
    ] {
        assert_eq!(edited(text, |e| e.lift(&"a.b".into())), expected);
    }
}

#[test]
fn copying_keeps_comments_of_blocks() {
    let text = "a:\n  b: # why\n    # what\n    c: 1\nd:\n    e: 1\n";
    let after = edited(text, |e| e.copy(&"a.b".into(), &"d".into(), "new"));
    assert_eq!(
        after,
        format!("{text}    new: # why\n      # what\n      c: 1\n")
    );
    let after = edited("a: {b: 1, f: 2}\nd: {}\n", |e| {
        e.copy(&"a.b".into(), &"d".into(), "new")
    });
    assert_eq!(after, "a: {b: 1, f: 2}\nd: {\"new\": 1}\n");
}

#[test]
fn nesting_moves_lines_with_their_comments() {
    for (text, expected) in [
        (
            "a:\n  s: x # one\n  p: 80\n",
            "a:\n  in:\n    s: x # one\n    p: 80\n",
        ),
        (
            "a:\n  s: x\n  o: 1\n  p:\n  - 80\n",
            "a:\n  in:\n    s: x\n    p:\n    - 80\n  o: 1\n",
        ),
        ("a: {s: x, o: 1, p: 80}\n", "a: {in: {s: x, p: 80}, o: 1}\n"),
        (
            "a: {\"s\": \"x\", \"p\": 80}\n",
            "a: {\"in\": {\"s\": \"x\", \"p\": 80}}\n",
        ),
        ("a:\n  o: 1\n", "a:\n  o: 1\n"),
        ("a:\n  s: x\n  p: 80", "a:\n  in:\n    s: x\n    p: 80"),
        (
            "a:\r\n  s: x\r\n  p: 80\r\n",
            "a:\r\n  in:\r\n    s: x\r\n    p: 80\r\n",
        ),
    ] {
        let after = edited(text, |e| e.nest(&"a".into(), &["s", "p"], "in"));
        assert_eq!(after, expected, "{text}");
    }
    let text = "a:\n- s: |\n    t\n  p: 80\n- q: 1\n";
    let path = Path::from("a").index(0);
    let after = edited(text, |e| e.nest(&path, &["s", "p"], "in"));
    assert_eq!(after, "a:\n- in:\n    s: |\n      t\n    p: 80\n- q: 1\n");
}

#[test]
fn what_others_share_is_not_touched() {
    for (text, path) in [
        ("x: &x {b: 1}\na: *x\n", "a.b"),
        ("x: &x {b: 1}\na:\n  <<: *x\n", "a.b"),
    ] {
        let mut editor = Editor::new(format!("apiVersion: v1\nkind: X\n{text}"), 0, 0);
        let refusal = editor.set(&path.into(), "2").expect_err("it is shared");
        assert!(refusal.0.contains("anchor"), "{refusal:?}");
    }
}
