//! The number that a command ends with, row by row.

use airworthy_model::{Assessment, Need, Status};
use airworthy_report::{FailOn, exit_code};

use super::samples::*;

#[test]
fn every_row_of_the_table() {
    let [blocker, risk, unknown, never] = FailOn::ALL.map(FailOn::label);
    assert_eq!(
        [blocker, risk, unknown, never],
        ["blocker", "risk", "unknown", "never"]
    );
    let rows: [(&str, Assessment, [u8; 4]); 9] = [
        // fail on               blocker, risk, unknown, never
        ("ready", ready(), [0, 0, 0, 0]),
        ("risks", ready_with_risks(), [0, 1, 0, 0]),
        ("no evidence, cannot block", unknown_risk(), [0, 1, 3, 0]),
        ("no evidence, could block", cannot_determine(), [3, 3, 3, 0]),
        ("blockers", not_ready(), [1, 1, 1, 0]),
        (
            "blockers and no evidence",
            not_ready_and_unknown(),
            [1, 1, 1, 0],
        ),
        ("partial", partial(ready()), [0, 0, 0, 0]),
        (
            "partial with risks",
            partial(ready_with_risks()),
            [0, 1, 0, 0],
        ),
        ("after, not fit", after(not_ready()), [1, 1, 1, 0]),
    ];
    for (row, assessment, expected) in rows {
        let codes = FailOn::ALL.map(|fail_on| exit_code(&assessment, fail_on));
        assert_eq!(codes, expected, "{row}");
    }
}

#[test]
fn a_check_that_was_left_out_lacks_nothing() {
    let mut assessment = partial(ready());
    let mut left_out = unknown("UpgradePath", vec![forbidden(Need::Pods, None)]);
    left_out.status = Status::Skipped;
    set(&mut assessment, left_out);
    assert_eq!(exit_code(&assessment, FailOn::Unknown), 0);
}

#[test]
fn words_of_the_command_line() {
    assert_eq!(FailOn::default(), FailOn::Blocker);
    for fail_on in FailOn::ALL {
        assert_eq!(fail_on.to_string().parse(), Ok(fail_on));
    }
    let error = "Risk".parse::<FailOn>().unwrap_err().to_string();
    assert_eq!(error, "\"Risk\" is none of blocker, risk, unknown, never");
}
