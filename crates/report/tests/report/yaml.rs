//! YAML says what JSON says.

use airworthy_model::Assessment;
use airworthy_report::{json, yaml};
use serde_json::Value;

use super::samples::*;

fn assert_same(assessment: &Assessment) {
    let yaml = yaml::render(assessment);
    let from_yaml: Value = serde_saphyr::from_str(&yaml).unwrap_or_else(|e| panic!("{e}\n{yaml}"));
    let from_json: Value = serde_json::from_str(&json::render(assessment)).unwrap();
    assert_eq!(from_yaml, from_json, "{yaml}");
}

#[test]
fn yaml_says_what_json_says() {
    for assessment in [
        ready(),
        not_ready_and_unknown(),
        partial(cannot_determine()),
        hostile(),
    ] {
        assert_same(&assessment);
    }
}

#[test]
fn texts_that_look_like_something_else_stay_texts() {
    let long = "word ".repeat(60);
    for text in [
        "",
        " ",
        "~",
        "null",
        "true",
        "yes",
        "no",
        "on",
        "1.32",
        "0x1f",
        "0o17",
        "017",
        "1e3",
        ".inf",
        "1:30",
        "2026-11-21",
        "- a",
        "a: b",
        "a #b",
        "#a",
        "'",
        "\"",
        "\\",
        "%a",
        "@a",
        "`a",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "{",
        "[",
        "?",
        ": ",
        "a\nb",
        "a\n",
        "\na",
        "a\n\n",
        " a",
        "a ",
        "\ta",
        "a\tb",
        "---",
        "...",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "é漢\u{1f600}",
        "\u{0}",
        "\u{1b}[0m",
        "=",
        "<<",
        &long,
        "a\r\nb",
        "  indented\n more",
    ] {
        let mut assessment = not_ready();
        assessment.knowledge = text.into();
        assessment.findings[0].message = text.into();
        assessment.findings[0].fix[0].command = Some(text.into());
        assert_same(&assessment);
    }
}

#[test]
fn versions_are_quoted_so_that_no_reader_takes_them_for_numbers() {
    let yaml = yaml::render(&ready());
    assert!(
        yaml.contains("from: \"1.31\"") || yaml.contains("from: '1.31'"),
        "{yaml}"
    );
}
