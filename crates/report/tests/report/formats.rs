//! Every format that is made for somebody else's program or page: what it says of each verdict, as committed.

use airworthy_model::Assessment;
use airworthy_report::{csv, github, html, junit, markdown, sarif};

use super::{committed::assert_committed, samples::*};

/// A format, and how it is rendered.
pub(crate) type Format = (&'static str, fn(&Assessment) -> String);

pub(crate) const FORMATS: [Format; 6] = [
    ("csv", csv::render),
    ("github", github::render),
    ("html", |assessment| html::render(assessment, &CATALOGUE)),
    ("junit.xml", junit::render),
    ("md", |assessment| markdown::render(assessment, &CATALOGUE)),
    ("sarif", |assessment| sarif::render(assessment, &CATALOGUE)),
];

#[test]
fn reports_read_as_committed() {
    for (name, assessment) in [
        ("ready", ready()),
        ("not-ready-and-unknown", not_ready_and_unknown()),
        ("cannot-determine", cannot_determine()),
        ("partial", partial(ready_with_risks())),
        ("uses", uses()),
        ("files", files()),
    ] {
        for (format, render) in FORMATS {
            let file = format!("tests/report/expected/{name}.{format}");
            assert_committed(&file, &render(&assessment));
        }
    }
}

#[test]
fn each_says_the_verdict_and_how_much_was_decided() {
    for (format, render) in FORMATS {
        let text = render(&cannot_determine());
        for said in [
            "Cannot determine whether the cluster is ready for 1.32",
            "1 of 4",
        ] {
            let said_in_sarif =
                format == "sarif" && said == "1 of 4" && text.contains("\"decided\": 1");
            assert!(
                text.contains(said) || said_in_sarif,
                "{said:?} {format}: {text}"
            );
        }
    }
}

#[test]
fn no_check_that_lacked_evidence_is_left_out() {
    for (format, render) in FORMATS {
        for assessment in [
            cannot_determine(),
            not_ready_and_unknown(),
            uses(),
            unknown_risk(),
        ] {
            let text = render(&assessment);
            for check in assessment.undecided() {
                assert!(
                    text.contains(&check.check),
                    "{} {format}: {text}",
                    check.check
                );
            }
            assert!(text.contains("answered 403"), "{format}: {text}");
        }
    }
}

#[test]
fn the_same_assessment_gives_the_same_bytes() {
    for (format, render) in FORMATS {
        assert_eq!(render(&uses()), render(&uses()), "{format}");
    }
}

#[test]
fn nothing_outside_printable_text_leaves_a_report() {
    for (format, render) in FORMATS {
        let text = render(&hostile());
        let steers = |c: char| (c.is_control() && c != '\n' && c != '\r') || c == '\u{202e}';
        // What JSON keeps of it, it keeps as an escape.
        let line = text.lines().find(|line| line.contains(steers));
        assert_eq!(line, None, "{format}");
        assert!(format == "csv" || !text.contains('\r'), "{format}");
    }
}
