//! Which pods a quota counts, as the quota evaluator of the API server tells it (`podMatchesScopeFunc` of
//! `pkg/quota/v1/evaluator/core`).

use airworthy_model::facts::{PodShape, Requirement};

/// Operators that scopes have.
const OPERATORS: [&str; 4] = ["In", "NotIn", "Exists", "DoesNotExist"];

/// Whether a quota with these scopes counts pods of a shape: all of them must hold. Nothing where none is known not to, and one is not
/// understood or asks what is not known of the pod.
pub(super) fn count(
    scopes: &[Requirement],
    shape: &PodShape,
    best_effort: impl Fn() -> Option<bool>,
) -> Option<bool> {
    let mut all = Some(true);
    for scope in scopes {
        match holds(scope, shape, &best_effort) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => all = None,
        }
    }
    all
}

fn holds(
    scope: &Requirement,
    shape: &PodShape,
    best_effort: impl Fn() -> Option<bool>,
) -> Option<bool> {
    let operator = scope.operator.as_str();
    if scope.key == "PriorityClass" {
        let class = Some(&*shape.priority_class).filter(|class| !class.is_empty());
        return OPERATORS
            .contains(&operator)
            .then(|| scope.met_by_value(class));
    }
    let marks = shape.quota_marks;
    let there = match scope.key.as_str() {
        "Terminating" => marks?.deadline,
        "NotTerminating" => !marks?.deadline,
        "BestEffort" => best_effort()?,
        "NotBestEffort" => !best_effort()?,
        "CrossNamespacePodAffinity" => marks?.other_namespaces,
        // It is about claims.
        "VolumeAttributesClass" => return Some(false),
        _ => return None,
    };
    (operator == "Exists").then_some(there)
}

/// Scopes as people write them.
pub(super) fn named(scopes: &[Requirement]) -> String {
    let told = scopes.iter().map(|scope| {
        let Requirement {
            key,
            operator,
            values,
        } = scope;
        match &values[..] {
            [] if operator == "Exists" => key.clone(),
            [] => format!("{key} {operator}"),
            values => format!("{key} {operator} ({})", values.join(", ")),
        }
    });
    told.collect::<Vec<_>>().join(", ")
}
