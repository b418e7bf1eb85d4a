//! Compares what was predicted with what really failed.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    apis::NAMESPACE,
    case::{At, Case},
    claim::{Claim, Whose},
};
use crate::table;

/// A case and what really happened.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) case: Case,
    pub(super) fails: bool,
}

/// What came out of a hop.
#[derive(Debug, Default)]
pub struct Score {
    /// Cases that really fail.
    pub failing: usize,
    /// Cases that do not.
    pub fine: usize,
    /// Real failures that were predicted.
    pub right: usize,
    /// Real failures that were not predicted, one line each.
    pub missed: Vec<String>,
    /// Predictions that did not come true, one line each.
    pub false_alarms: Vec<String>,
    rows: BTreeMap<&'static str, Row>,
}

#[derive(Debug, Default)]
struct Row {
    cases: usize,
    failing: usize,
    right: usize,
    wrong: usize,
}

impl Score {
    /// Judges the claims by the outcomes.
    pub(super) fn of(outcomes: &[Outcome], claims: &[Claim]) -> Self {
        let mut score = Self::default();
        for outcome in outcomes {
            score.count(outcome, claims);
        }
        for claim in claims {
            if !outcomes
                .iter()
                .any(|outcome| outcome.fails && proves(&outcome.case, claim))
            {
                score.blame(claim, outcomes);
            }
        }
        score
    }

    fn count(&mut self, outcome: &Outcome, claims: &[Claim]) {
        let row = self.rows.entry(outcome.case.way).or_default();
        row.cases += 1;
        if !outcome.fails {
            self.fine += 1;
            return;
        }
        self.failing += 1;
        row.failing += 1;
        if claims.iter().any(|claim| predicts(claim, &outcome.case)) {
            self.right += 1;
            row.right += 1;
        } else {
            self.missed.push(outcome.case.title());
        }
    }

    /// Notes a false alarm, in the row of the case that it is about, if there is one.
    fn blame(&mut self, claim: &Claim, outcomes: &[Outcome]) {
        let about = outcomes
            .iter()
            .find(|outcome| is_about(claim, &outcome.case));
        let about = about.map(|outcome| &outcome.case);
        let way = about.map_or("(none of the cases)", |case| case.way);
        self.rows.entry(way).or_default().wrong += 1;
        self.false_alarms.push(format!("{claim} [{way}]"));
    }

    /// Whether every prediction was right and none lacked.
    pub fn is_perfect(&self) -> bool {
        self.missed.is_empty() && self.false_alarms.is_empty()
    }

    /// The share of real failures that were predicted.
    pub fn recall(&self) -> f64 {
        share(self.right, self.failing)
    }

    /// The share of predictions that came true.
    pub fn precision(&self) -> f64 {
        share(self.right, self.right + self.false_alarms.len())
    }

    /// A table of the ways, the totals, and each miss and false alarm.
    pub fn render(&self) -> String {
        let heading = [
            "way",
            "cases",
            "really fail",
            "found",
            "missed",
            "false alarms",
        ];
        let rows: Vec<_> = self.rows.iter().map(|(way, row)| row.cells(way)).collect();
        let mut text = table::render(&heading, &rows);
        let _ = writeln!(
            text,
            "\n{} cases, {} really fail: recall {:.3}, precision {:.3}",
            self.failing + self.fine,
            self.failing,
            self.recall(),
            self.precision()
        );
        for line in &self.missed {
            let _ = writeln!(text, "MISSED: {line}");
        }
        for line in &self.false_alarms {
            let _ = writeln!(text, "FALSE ALARM: {line}");
        }
        text
    }
}

impl Row {
    fn cells(&self, way: &str) -> Vec<String> {
        let counts = [
            self.cases,
            self.failing,
            self.right,
            self.failing - self.right,
            self.wrong,
        ];
        let counts = counts.iter().map(ToString::to_string);
        [way.to_owned()].into_iter().chain(counts).collect()
    }
}

#[allow(clippy::cast_precision_loss)] // For people.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

/// Whether a claim predicts the failure of a case: it names the object and its owner, or the client, or a kind that has no other
/// version to be read at, so that nobody can tell whose objects there are.
fn predicts(claim: &Claim, case: &Case) -> bool {
    if !is_api(claim, case) {
        return false;
    }
    match &claim.whose {
        Whose::Object { owner, .. } => {
            is_object(claim, case) && owner.as_ref().is_none_or(|owner| *owner == case.owner)
        }
        Whose::Client { user } => runs_as(case, user),
        Whose::Somebody => case.api.new.is_none() && !case.is_client(),
    }
}

/// Whether the failure of a case makes a claim true: that somebody calls is true when anybody does, but names nobody.
fn proves(case: &Case, claim: &Claim) -> bool {
    let somebody = claim.whose == Whose::Somebody && is_api(claim, case) && !case.window.is_empty();
    somebody || predicts(claim, case)
}

/// The same without the owner: for people who look for what was meant.
fn is_about(claim: &Claim, case: &Case) -> bool {
    match &claim.whose {
        Whose::Object { .. } => claim.kind == case.api.kind && is_object(claim, case),
        Whose::Client { user } => claim.kind == case.api.kind && runs_as(case, user),
        Whose::Somebody => false,
    }
}

fn is_api(claim: &Claim, case: &Case) -> bool {
    claim.kind == case.api.kind && claim.api_version == case.api.version(At::Old)
}

fn is_object(claim: &Claim, case: &Case) -> bool {
    let Whose::Object {
        namespace, name, ..
    } = &claim.whose
    else {
        return false;
    };
    let expected = if case.api.namespaced { NAMESPACE } else { "" };
    !case.is_client() && *name == case.name && (namespace == expected || namespace.is_empty())
}

fn runs_as(case: &Case, user: &str) -> bool {
    case.window.iter().any(|call| call.agent.user == user)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{apis::Hop, ways},
        *,
    };

    fn outcomes() -> Vec<Outcome> {
        let hops = Hop::all().unwrap();
        let cases = ways::cases(&hops[1]);
        let of_kind = cases
            .into_iter()
            .filter(|case| case.api.kind == "FlowSchema");
        let fails = |case: &Case| case.next.as_ref().is_some_and(|next| next.at == At::Old);
        of_kind
            .map(|case| Outcome {
                fails: fails(&case),
                case,
            })
            .collect()
    }

    fn claim(whose: Whose) -> Claim {
        Claim {
            api_version: "flowcontrol.apiserver.k8s.io/v1beta3".into(),
            kind: "FlowSchema".into(),
            whose,
            said: "says so".into(),
        }
    }

    fn object(case: &Case) -> Claim {
        let (namespace, name) = (String::new(), case.name.clone());
        let owner = Some(case.owner.clone());
        claim(Whose::Object {
            namespace,
            name,
            owner,
        })
    }

    fn all_right(outcomes: &[Outcome]) -> Vec<Claim> {
        let failing = outcomes
            .iter()
            .filter(|outcome| outcome.fails)
            .map(|outcome| &outcome.case);
        failing
            .map(|case| {
                if case.is_client() {
                    claim(Whose::Client {
                        user: case.owner.clone(),
                    })
                } else {
                    object(case)
                }
            })
            .collect()
    }

    #[test]
    fn right_predictions_are_perfect() {
        let outcomes = outcomes();
        let score = Score::of(&outcomes, &all_right(&outcomes));
        assert!(score.is_perfect(), "{}", score.render());
        assert!(score.failing > 10 && score.fine > 10);
    }

    #[test]
    fn one_prediction_less_is_a_miss() {
        let outcomes = outcomes();
        let mut claims = all_right(&outcomes);
        claims.remove(0);
        let score = Score::of(&outcomes, &claims);
        assert_eq!((score.missed.len(), score.false_alarms.len()), (1, 0));
        assert!(score.recall() < 1.0);
    }

    #[test]
    fn a_fine_object_is_a_false_alarm() {
        let outcomes = outcomes();
        let fine = outcomes
            .iter()
            .find(|outcome| !outcome.fails && !outcome.case.is_client())
            .unwrap();
        let mut claims = all_right(&outcomes);
        claims.push(object(&fine.case));
        let score = Score::of(&outcomes, &claims);
        assert_eq!((score.missed.len(), score.false_alarms.len()), (0, 1));
        assert!(score.precision() < 1.0);
    }

    #[test]
    fn the_wrong_owner_is_a_miss_and_a_false_alarm() {
        let outcomes = outcomes();
        let mut claims = all_right(&outcomes);
        if let Whose::Object { owner, .. } = &mut claims[0].whose {
            *owner = Some("somebody-else".into());
        }
        let score = Score::of(&outcomes, &claims);
        assert_eq!((score.missed.len(), score.false_alarms.len()), (1, 1));
    }

    #[test]
    fn a_kind_that_somebody_uses_predicts_no_object_of_it() {
        let outcomes: Vec<_> = outcomes()
            .into_iter()
            .filter(|outcome| outcome.case.window.is_empty())
            .collect();
        let score = Score::of(&outcomes, &[claim(Whose::Somebody)]);
        assert_eq!(score.right, 0);
        assert_eq!(score.false_alarms.len(), 1);
    }
}
