//! Texts of a cluster that try to be more than text, through every format and back through a real reader of it.

use airworthy_model::Assessment;
use airworthy_report::{csv, github, html, json, junit, markdown, sarif};
use pulldown_cmark::{Event, Options, Parser, Tag};
use roxmltree::{Document, ParsingOptions};
use serde_json::Value;

use super::samples::*;

/// Each is one line of printable text, so that it must come back as it is.
fn texts() -> Vec<String> {
    let long = "very-long-name-".repeat(700);
    let texts = [
        "plain",
        "it's \"quoted\" and \\backslashed\\",
        "]]> --> ?> */ <!-- <![CDATA[x]]>",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "&amp; &lt; &#60; &nbsp;",
        "100%0A::error::x %25 %0D",
        "a,b;c:d::e=f|g`h",
        "=HYPERLINK(\"http://example.com\")",
        "+1+cmd",
        "-2+3",
        "@SUM(A1)",
        "＝1+1",
        "| cell | row |",
        "`code` **bold** _it_ ~~no~~ # h #12 @somebody",
        "[link](http://example.com) ![i](x) [^1] <http://x>",
        "{0} {{1}} ${{ secrets.TOKEN }} $HOME $(id)",
        "```",
        "naïve 漢字 \u{1f600} العربية",
        "a\u{fffe}b",
    ];
    let texts = texts.into_iter().map(str::to_owned);
    texts.chain([long]).collect()
}

/// What XML has no character for is shown as what is not known.
fn in_xml(text: &str) -> String {
    text.replace('\u{fffe}', "\u{fffd}")
}

fn xml(text: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).unwrap_or_else(|e| panic!("{e}"))
}

/// All text of a document, space between what is between tags.
fn content(document: &Document<'_>) -> String {
    let texts = document.descendants().filter(roxmltree::Node::is_text);
    texts
        .filter_map(|node| node.text())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn html_holds_text_alone() {
    let plain = html::render(&saying("plain"), &[]);
    let elements = |text: &str| {
        let document = xml(text);
        let nodes = document.descendants().filter(roxmltree::Node::is_element);
        let names = nodes.map(|node| node.tag_name().name().to_owned());
        names.collect::<Vec<_>>()
    };
    assert!(!elements(&plain).contains(&"script".to_owned()));
    for text in texts() {
        let page = html::render(&saying(&text), &[]);
        assert_eq!(elements(&page), elements(&plain), "{text:.80}");
        assert!(content(&xml(&page)).contains(&in_xml(&text)), "{text:.80}");
    }
}

#[test]
fn html_asks_nothing_of_a_network() {
    for assessment in [uses(), hostile(), saying("http://example.com/x.png")] {
        let page = html::render(&assessment, &CATALOGUE);
        let document = xml(&page);
        let asks = |node: &roxmltree::Node<'_, '_>| {
            let loads = ["src", "href", "action", "data", "background", "style"];
            let attributes = node.attributes();
            attributes
                .map(|a| a.name())
                .any(|name| loads.contains(&name) || name.starts_with("on"))
        };
        assert!(!document.descendants().any(|node| asks(&node)));
        assert!(!page.contains("url(") && !page.contains("@import"));
        assert!(page.contains("default-src 'none'"));
    }
}

#[test]
fn junit_is_well_formed_and_says_the_texts() {
    for text in texts() {
        let report = junit::render(&saying(&text));
        let document = xml(&report);
        let cases = document
            .descendants()
            .filter(|n| n.has_tag_name("testcase"));
        for case in cases {
            let name = case.attribute("name").unwrap_or_default();
            assert!(name.starts_with(&in_xml(&text)), "{name:.80}");
        }
        assert!(content(&document).contains(&in_xml(&text)), "{text:.80}");
    }
}

#[test]
fn csv_comes_back_cell_by_cell_and_computes_nothing() {
    for text in texts() {
        let report = csv::render(&saying(&text));
        let mut reader = ::csv::Reader::from_reader(report.as_bytes());
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 1 + 5 + 5 + 2);
        let names = rows
            .iter()
            .filter(|row| &row[0] == "finding")
            .map(|row| row[7].to_owned());
        for name in names {
            let shown = name.strip_prefix('\'').unwrap_or(&name);
            assert_eq!(shown, text);
        }
        let formula =
            |cell: &str| cell.starts_with(['=', '+', '-', '@', '＝', '\t', '\r', '|', '%']);
        assert!(
            !rows.iter().any(|row| row.iter().any(formula)),
            "{text:.80}"
        );
    }
}

/// What a runner of GitHub Actions makes of a line: level, properties, message.
fn command(line: &str) -> (String, Vec<(String, String)>, String) {
    let undo = |text: &str| {
        let text = text.replace("%2C", ",").replace("%3A", ":");
        text.replace("%0A", "\n")
            .replace("%0D", "\r")
            .replace("%25", "%")
    };
    let rest = line.strip_prefix("::").expect("a command");
    let (head, message) = rest.split_once("::").expect("the end of its properties");
    let (level, properties) = head.split_once(' ').expect("properties");
    let properties = properties.split(',').map(|property| {
        let (name, value) = property.split_once('=').expect("a value");
        (name.to_owned(), undo(value))
    });
    (level.to_owned(), properties.collect(), undo(message))
}

#[test]
fn annotations_are_one_line_each_and_come_back() {
    for text in texts() {
        let report = github::render(&saying(&text));
        assert_eq!(report.lines().count(), 1 + 1 + 5, "{text:.80}");
        for line in report.lines() {
            let (level, properties, message) = command(line);
            assert!(["error", "warning", "notice"].contains(&level.as_str()));
            assert!(message.contains(&text), "{text:.80}");
            let names: Vec<_> = properties.iter().map(|(name, _)| name.as_str()).collect();
            assert!(
                names == ["title"] || names == ["file", "line", "col", "title"],
                "{names:?}"
            );
            if let [(_, file), ..] = properties.as_slice()
                && names.len() == 4
            {
                assert_eq!(*file, text);
            }
        }
    }
}

/// Text and code of a Markdown document, and the kinds of what is neither.
fn events(text: &str) -> (String, Vec<&'static str>) {
    let (mut plain, mut marks) = (String::new(), Vec::new());
    for event in Parser::new_ext(text, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Text(text) | Event::Code(text) => plain += &text,
            Event::SoftBreak | Event::End(_) => plain.push(' '),
            Event::Start(tag) => marks.push(kind(&tag)),
            _ => marks.push("other"),
        }
    }
    (plain.replace('\u{200b}', ""), marks)
}

fn kind(tag: &Tag<'_>) -> &'static str {
    match tag {
        Tag::Heading { .. } => "heading",
        Tag::Table(_) => "table",
        Tag::TableHead => "head",
        Tag::TableRow => "row",
        Tag::TableCell => "cell",
        Tag::Paragraph => "paragraph",
        Tag::CodeBlock(_) => "code",
        Tag::Strong => "strong",
        _ => "other",
    }
}

#[test]
fn markdown_holds_text_alone() {
    let (shown, plain) = events(&markdown::render(&saying("plain"), &[]));
    assert!(!plain.contains(&"other"), "{plain:?}");
    let times = shown.matches("plain").count();
    for text in texts().into_iter().filter(|text| text.len() < 400) {
        let report = markdown::render(&saying(&text), &[]);
        let (said, marks) = events(&report);
        assert_eq!(marks, plain, "{text}\n{report}");
        assert_eq!(said.matches(&text).count(), times, "{text}\n{report}");
    }
}

#[test]
fn markdown_calls_nobody() {
    let report = markdown::render(&saying("@somebody closes #12"), &[]);
    let outside_code = report.split("```").step_by(2);
    for part in outside_code {
        assert!(!part.contains("@s") && !part.contains("#1"), "{part}");
    }
}

#[test]
fn markdown_fits_where_it_goes_and_says_what_is_left() {
    let mut assessment = uses();
    for (number, finding) in many().findings.into_iter().enumerate() {
        let check = format!("Check{number}");
        assessment
            .findings
            .push(airworthy_model::Finding { check, ..finding });
    }
    let huge = saying(&"very-long-name-".repeat(700));
    for assessment in [assessment, many(), huge] {
        let report = markdown::render(&assessment, &CATALOGUE);
        assert!(report.chars().count() < 65_000, "{}", report.len());
        assert!(report.contains("more") || report.contains('…'));
        assert!(report.contains("\n### Blockers ("), "the worst is there");
        assert!(report.contains("### Unknown") || assessment.undecided().count() == 0);
    }
}

fn messages(log: &Value) -> Vec<&str> {
    let results = log["runs"][0]["results"].as_array().unwrap();
    let texts = results.iter().map(|result| &result["message"]["text"]);
    texts.map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn sarif_messages_have_no_placeholder_and_no_link() {
    for text in texts() {
        let report = sarif::render(&saying(&text), &[]);
        let log: Value = serde_json::from_str(&report).unwrap();
        let escaped = text
            .replace('{', "{{")
            .replace('}', "}}")
            .replace("](", "\\](");
        for message in messages(&log) {
            assert!(message.contains(&escaped), "{text:.80}");
        }
        let first = &log["runs"][0]["results"][0];
        assert_eq!(first["properties"]["message"], text.as_str());
    }
}

/// Text of several lines and with control characters: nothing breaks, and every reader still reads it.
#[test]
fn control_characters_break_no_format() {
    for text in [
        "a\nb",
        "a\r\nb\r",
        "\u{0}\u{1}\u{8}\u{b}\u{c}\u{1f}x\u{7f}",
        "\u{85}\u{2028}x",
        "\u{1b}[31mx",
        "\ta",
    ] {
        let assessment: Assessment = saying(text);
        xml(&html::render(&assessment, &[]));
        xml(&junit::render(&assessment));
        let report = csv::render(&assessment);
        let mut reader = ::csv::Reader::from_reader(report.as_bytes());
        assert!(reader.records().all(|row| row.is_ok()));
        assert_eq!(github::render(&assessment).lines().count(), 7);
        let (_, marks) = events(&markdown::render(&assessment, &[]));
        assert!(!marks.contains(&"other"), "{text:?}");
        for text in [json::render(&assessment), sarif::render(&assessment, &[])] {
            serde_json::from_str::<Value>(&text).unwrap();
        }
    }
}
