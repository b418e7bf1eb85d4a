//! The Go library that Helm uses is the judge. `constraints.json` holds what Masterminds/semver v3.4.0 says of each constraint:
//! which of the releases below it lets in, or that it is none.

use std::str::FromStr as _;

use airworthy_model::{Admitted, KubeConstraint, Minor};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    constraint: String,
    accepts: Vec<String>,
    #[serde(default)]
    refused: bool,
}

const RELEASES: [&str; 16] = [
    "1.0.0", "1.24.0", "1.24.17", "1.25.0", "1.29.3", "1.31.0", "1.31.14", "1.32.0", "1.32.1",
    "1.32.4", "1.33.0", "1.33.7", "2.0.0", "0.9.0", "0.0.0", "0.0.3",
];

fn admits(constraint: &KubeConstraint, release: &str) -> bool {
    let mut parts = release.split('.').map(|part| part.parse::<u16>().unwrap());
    let mut part = || parts.next().unwrap();
    let (major, minor) = (part(), part());
    constraint.admits(Minor { major, minor }, part())
}

#[test]
fn constraints_are_read_as_helm_reads_them() {
    let rows: Vec<Row> = serde_json::from_str(include_str!("constraints.json")).unwrap();
    assert!(rows.len() > 400);
    let mut wrong = Vec::new();
    for row in rows {
        match KubeConstraint::from_str(&row.constraint) {
            Err(_) if row.refused => {}
            Ok(_) if row.refused => wrong.push(format!("{:?} is taken", row.constraint)),
            Err(why) => wrong.push(why.to_string()),
            Ok(constraint) => {
                let accepts: Vec<_> = RELEASES
                    .into_iter()
                    .filter(|release| admits(&constraint, release))
                    .collect();
                if accepts != row.accepts {
                    let (text, helm) = (&row.constraint, &row.accepts);
                    wrong.push(format!("{text:?}\n  Helm {helm:?}\n  here {accepts:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_minor_is_let_in_whole_in_part_or_not() {
    let of = |text: &str| {
        KubeConstraint::from_str(text)
            .unwrap()
            .admits_minor(Minor::v1(32))
    };
    assert_eq!(of(">=1.25.0-0 <1.33.0-0"), Admitted::All);
    assert_eq!(of(">=1.32.3"), Admitted::Some);
    assert_eq!(of("<1.32.0-0"), Admitted::None);
}

#[test]
fn long_texts_are_refused_and_quoted_in_part() {
    let long = format!(">=1.2{}", " ".repeat(100_000));
    let error = KubeConstraint::from_str(&long).unwrap_err().to_string();
    assert!(error.len() < 200, "{error}");
}
