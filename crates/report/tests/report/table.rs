//! Tables as people read them.

use airworthy_model::{Assessment, Need, Status};
use airworthy_report::{View, sentence, table};

use super::{committed::assert_committed, samples::*};

fn render(assessment: &Assessment, view: View) -> String {
    table::render(assessment, &CATALOGUE, view)
}

const PIPED: View = View {
    width: None,
    colour: false,
    wide: false,
};
const WIDE: View = View {
    wide: true,
    ..PIPED
};

#[test]
fn each_verdict_reads_as_committed() {
    for (name, assessment, view) in [
        ("ready", ready(), PIPED),
        ("ready-with-risks", ready_with_risks(), PIPED),
        ("unknown-risk", unknown_risk(), PIPED),
        ("not-ready", not_ready(), PIPED),
        ("cannot-determine", cannot_determine(), PIPED),
        ("not-ready-and-unknown", not_ready_and_unknown(), PIPED),
        ("partial", partial(ready()), PIPED),
        ("partial-not-ready", partial(not_ready()), PIPED),
        ("after-fit", after(ready()), PIPED),
        ("after-not-fit", after(not_ready()), PIPED),
        ("after-cannot-determine", after(cannot_determine()), PIPED),
        ("many", many(), PIPED),
        ("wide", not_ready_and_unknown(), WIDE),
        (
            "terminal-60",
            not_ready_and_unknown(),
            View {
                width: Some(60),
                ..WIDE
            },
        ),
        (
            "terminal-100",
            cannot_determine(),
            View {
                width: Some(100),
                ..PIPED
            },
        ),
        (
            "uses-80",
            uses(),
            View {
                width: Some(80),
                ..PIPED
            },
        ),
        (
            "uses-120",
            uses(),
            View {
                width: Some(120),
                ..PIPED
            },
        ),
        ("hostile", hostile(), WIDE),
    ] {
        assert_committed(
            &format!("tests/report/expected/{name}.txt"),
            &render(&assessment, view),
        );
    }
}

#[test]
fn sentences() {
    for (assessment, expected) in [
        (ready(), "Ready for 1.32."),
        (ready_with_risks(), "Ready for 1.32 with 1 risk."),
        (
            unknown_risk(),
            "Ready for 1.32 with 1 check without evidence.",
        ),
        (not_ready(), "Not ready for 1.32: 3 blockers, 1 risk."),
        (
            not_ready_and_unknown(),
            "Not ready for v1.32.4: 3 blockers, 1 risk, 1 check without evidence.",
        ),
        (
            cannot_determine(),
            "Cannot determine whether the cluster is ready for 1.32: 2 checks that could block lacked evidence.",
        ),
        (
            partial(ready()),
            "No blocker found for 1.32 by the 3 checks that ran; 2 checks were left out.",
        ),
        (
            partial(ready_with_risks()),
            "No blocker but 1 risk found for 1.32 by the 3 checks that ran; 2 checks were left out.",
        ),
        (
            partial(unknown_risk()),
            "No blocker found for 1.32 by the 3 checks that ran, 1 of them without evidence; 2 checks were left out.",
        ),
        (
            partial(not_ready()),
            "Not ready for 1.32: 3 blockers, 1 risk; 2 checks were left out.",
        ),
        (
            partial(cannot_determine()),
            "Cannot determine whether there is a blocker for 1.32: 2 checks that could block lacked evidence; 2 checks were left out.",
        ),
        (
            after(ready()),
            "Fit to serve after the upgrade to v1.32.13.",
        ),
        (
            after(ready_with_risks()),
            "Fit to serve after the upgrade to v1.32.13 with 1 risk.",
        ),
        (
            after(not_ready()),
            "Not fit to serve after the upgrade to v1.32.13: 3 blockers, 1 risk.",
        ),
        (
            after(cannot_determine()),
            "Cannot determine whether the cluster is fit to serve after the upgrade to v1.32.13: 2 checks that could block lacked evidence.",
        ),
        (
            after(partial(ready())),
            "No blocker found after the upgrade to v1.32.13 by the 3 checks that ran; 2 checks were left out.",
        ),
        (
            Assessment {
                path: None,
                ..after(ready())
            },
            "Fit to serve on v1.32.13.",
        ),
        (
            Assessment {
                path: None,
                ..ready()
            },
            "Ready for the upgrade.",
        ),
        (
            Assessment {
                version: Some(v("v1.31.14")),
                ..after(not_ready())
            },
            "Not fit to serve after the upgrade to 1.32: 3 blockers, 1 risk.",
        ),
    ] {
        assert_eq!(sentence(&assessment), expected);
    }
}

#[test]
fn a_run_on_files_speaks_of_files() {
    for (assessment, expected) in [
        (
            Assessment {
                version: None,
                ..ready_with_risks()
            },
            "Files ready for 1.32 with 1 risk.",
        ),
        (
            Assessment {
                version: None,
                ..not_ready()
            },
            "Files not ready for 1.32: 3 blockers, 1 risk.",
        ),
        (
            Assessment {
                version: None,
                ..cannot_determine()
            },
            "Cannot determine whether the files are ready for 1.32: 2 checks that could block lacked evidence.",
        ),
    ] {
        assert_eq!(sentence(&assessment), expected);
    }
}

#[test]
fn a_partial_run_never_says_that_the_cluster_is_ready() {
    for assessment in [
        ready(),
        ready_with_risks(),
        unknown_risk(),
        cannot_determine(),
    ] {
        for assessment in [partial(assessment.clone()), after(partial(assessment))] {
            let text = render(&assessment, WIDE);
            let claims = text.to_lowercase().contains("ready") || text.contains("Fit");
            assert!(!claims, "{text}");
        }
    }
}

#[test]
fn nothing_that_a_cluster_says_steers_the_terminal() {
    for view in [
        PIPED,
        WIDE,
        View {
            width: Some(50),
            ..WIDE
        },
    ] {
        let text = render(&hostile(), view);
        let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(steers), "{text:?}");
        let forged = text.lines().skip(1).any(|line| line.starts_with("Ready"));
        assert!(!forged, "{text}");
    }
}

#[test]
fn colour_only_repeats_what_words_say() {
    let colour = render(
        &not_ready_and_unknown(),
        View {
            colour: true,
            ..WIDE
        },
    );
    let plain = render(&not_ready_and_unknown(), WIDE);
    assert!(
        colour.contains("\u{1b}[1m\u{1b}[31mNot ready"),
        "{colour:?}"
    );
    let mut without = String::new();
    let mut parts = colour.split('\u{1b}');
    without += parts.next().unwrap();
    for part in parts {
        without += part.split_once('m').unwrap().1;
    }
    assert_eq!(without, plain);
}

#[test]
fn plain_text_draws_no_boxes() {
    for assessment in [not_ready_and_unknown(), cannot_determine(), many()] {
        let text = render(&assessment, WIDE);
        assert!(
            !text.contains(|c| ('\u{2500}'..='\u{25ff}').contains(&c)),
            "{text}"
        );
    }
}

#[test]
fn wrapping_changes_only_white_space() {
    let words = |view| {
        let text = render(&not_ready_and_unknown(), view);
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let expected = words(WIDE);
    for width in [0, 1, 40, 57, 80, 200] {
        assert_eq!(
            words(View {
                width: Some(width),
                ..WIDE
            }),
            expected,
            "{width}"
        );
    }
}

#[test]
fn lines_keep_to_the_width() {
    let text = render(
        &cannot_determine(),
        View {
            width: Some(80),
            ..PIPED
        },
    );
    let long: Vec<_> = text
        .lines()
        .filter(|l| l.len() > 80 && l.split_whitespace().count() > 2)
        .collect();
    assert_eq!(long, [""; 0]);
}

#[test]
fn a_wide_view_leaves_nothing_out() {
    let text = render(&many(), WIDE);
    for finding in many().findings {
        assert!(text.contains(&format!("pdb {} ", finding.subject.name)));
        assert!(text.contains(&finding.fingerprint()));
    }
    assert!(!text.contains("more"), "{text}");
}

#[test]
fn an_unknown_check_that_names_nothing_is_still_shown() {
    let mut assessment = ready();
    set(&mut assessment, check("PodUnhealthy", Status::Unknown));
    let text = render(&assessment, PIPED);
    assert!(
        text.contains("no reason given") && text.contains("PodUnhealthy"),
        "{text}"
    );
}

#[test]
fn a_check_outside_the_catalogue_goes_by_its_name() {
    let text = table::render(&not_ready(), &[], PIPED);
    assert!(text.contains("\n  PdbBlocksDrain (2 found)\n"), "{text}");
}

#[test]
fn what_could_hide_a_blocker_is_told_first() {
    let mut assessment = ready();
    let missing = |need| vec![forbidden(need, None)];
    set(
        &mut assessment,
        unknown("PodUnhealthy", missing(Need::Pods)),
    );
    set(
        &mut assessment,
        unknown("PdbBlocksDrain", missing(Need::Pdbs)),
    );
    assessment.checks.reverse();
    let text = render(&assessment, PIPED);
    let (pods, budgets) = (
        text.find("pods: forbidden"),
        text.find("budgets: forbidden"),
    );
    assert!(budgets.is_some() && budgets < pods, "{text}");
}
