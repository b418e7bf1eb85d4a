//! A policy's expressions, and what follows from them.

use airworthy_model::facts::FailurePolicy;

use super::{
    expression::{self, Answer, Expression, Variables},
    successor::Successor,
};
use crate::wire::{
    admission::failure_policy,
    admission_policy::{PolicySpec, Validation},
    meta::cut,
};

/// Most conditions, variables and validations of a policy together.
const MOST_EXPRESSIONS: usize = 200;

/// A policy that can be put to pods.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    fails: bool,
    conditions: Vec<Option<Expression>>,
    validations: Vec<(Option<Expression>, String)>,
    /// Errors of annotations for the audit log refuse a pod too, and they are not looked at.
    annotates: bool,
}

/// What a policy says of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    LetIn,
    /// Refused, with the policy's own text.
    Refused(String),
    /// It is not certain.
    NotJudged,
}

impl Program {
    /// Reads the expressions of a policy. `None` where it asks for parameters, or has more expressions than are looked at.
    pub(crate) fn of(spec: &PolicySpec) -> Option<Self> {
        let many = spec.match_conditions.len() + spec.variables.len() + spec.validations.len();
        if spec.param_kind.is_some() || many > MOST_EXPRESSIONS {
            return None;
        }
        let none = Variables::new();
        let conditions = spec.match_conditions.iter();
        let variables = variables(spec);
        let validations = spec.validations.iter();
        Some(Self {
            fails: failure_policy(spec.failure_policy.as_deref()) == FailurePolicy::Fail,
            conditions: conditions
                .map(|one| Expression::read(&one.expression, &none))
                .collect(),
            validations: validations
                .map(|one| (Expression::read(&one.expression, &variables), text(one)))
                .collect(),
            annotates: !spec.audit_annotations.is_empty(),
        })
    }

    /// What putting it to a successor can cost at most.
    pub(crate) fn cost(&self, on: &Successor) -> u64 {
        let validations = self.validations.iter().map(|(expression, _)| expression);
        let all = self.conditions.iter().chain(validations).flatten();
        all.fold(0, |sum, one| sum.saturating_add(one.cost(on.size)))
    }

    /// What it says of a successor, in the order in which the API server asks: whether it is for the pod, then what it demands.
    pub(crate) fn judge(&self, on: &Successor) -> Word {
        let conditions: Vec<_> = self
            .conditions
            .iter()
            .map(|one| run(one.as_ref(), on))
            .collect();
        if conditions.contains(&Answer::Fails) {
            return Word::LetIn;
        }
        if conditions.contains(&Answer::Unclear) {
            return Word::NotJudged;
        }
        if conditions.contains(&Answer::Breaks) {
            return if self.fails {
                Word::Refused("a match condition cannot be evaluated for them".to_owned())
            } else {
                Word::LetIn
            };
        }
        self.validate(on)
    }

    fn validate(&self, on: &Successor) -> Word {
        let mut certain = !self.annotates;
        for (expression, text) in &self.validations {
            match run(expression.as_ref(), on) {
                Answer::Fails => return Word::Refused(text.clone()),
                Answer::Breaks if self.fails => return Word::Refused(text.clone()),
                Answer::Holds | Answer::Breaks => (),
                Answer::Unclear => certain = false,
            }
        }
        if certain {
            Word::LetIn
        } else {
            Word::NotJudged
        }
    }
}

fn run(expression: Option<&Expression>, on: &Successor) -> Answer {
    expression.map_or(Answer::Unclear, |one| one.run(on))
}

/// Variables by name, each with those before it in their places. One that cannot be read is left out, and so is what names it.
fn variables(spec: &PolicySpec) -> Variables {
    let mut variables = Variables::new();
    for one in &spec.variables {
        if let Some(read) = expression::read(&one.expression, &variables) {
            variables.insert(one.name.clone(), read);
        }
    }
    variables
}

/// What the policy says when a validation does not hold.
fn text(validation: &Validation) -> String {
    let own = validation.message.trim();
    cut(if own.is_empty() {
        format!("failed expression: {}", validation.expression.trim())
    } else {
        own.to_owned()
    })
}

#[cfg(test)]
#[path = "program_tests.rs"]
mod tests;
