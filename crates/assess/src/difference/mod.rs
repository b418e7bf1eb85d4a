//! Two recordings of one cluster: what was lost is told from what an upgrade brings about.

mod members;
mod rows;
mod scaled;

use std::collections::BTreeSet;

use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Facts, KubeVersion, Missing, Need, Reason, UpgradePath,
    difference::{Change, Comparison, Difference, Side},
};
use serde_json::{Map, Value};

use rows::{Groups, Named};
use scaled::Scaled;

/// Holds a later recording against an earlier one. Whoever calls sees to it that both are of one cluster.
pub fn compare(before: &Facts, after: &Facts, knowledge: &Knowledge) -> Comparison {
    let compare = Compare {
        path: way(before, after),
        knowledge,
        scaled: Scaled::between(before, after),
    };
    let (old, new) = (Groups::of(before), Groups::of(after));
    let mut differences = Vec::new();
    let mut not_compared = Vec::new();
    // Both were visited in the same order.
    for ((need, old), (_, new)) in old.0.iter().zip(&new.0) {
        match (old, new) {
            (Ok(old), Ok(new)) => differences.extend(compare.group(*need, old, new)),
            (Err(old), Err(new)) if never_asked(old) && never_asked(new) => (),
            (Err(gap), _) => not_compared.push(told("before", gap)),
            (_, Err(gap)) => not_compared.push(told("after", gap)),
        }
    }
    differences.sort();
    Comparison {
        before: side(before),
        after: side(after),
        differences,
        not_compared,
    }
}

fn side(facts: &Facts) -> Side {
    Side {
        observed_at: facts.observed_at,
        version: runs(facts),
    }
}

fn runs(facts: &Facts) -> Option<KubeVersion> {
    let version = facts.version.as_ref().ok()?;
    Some(version.version.clone())
}

fn way(before: &Facts, after: &Facts) -> Option<UpgradePath> {
    UpgradePath::new(runs(before)?, runs(after)?).ok()
}

fn never_asked(gap: &Missing) -> bool {
    matches!(gap.reason, Reason::NotCollected | Reason::SwitchedOff)
}

fn told(side: &str, gap: &Missing) -> Missing {
    Missing {
        detail: format!("{side}: {}", gap.detail),
        ..gap.clone()
    }
}

struct Compare<'a> {
    path: Option<UpgradePath>,
    knowledge: &'a Knowledge,
    scaled: Scaled,
}

impl Compare<'_> {
    fn group(&self, need: Need, old: &Named, new: &Named) -> Vec<Difference> {
        let gone: Vec<_> = old.keys().filter(|name| !new.contains_key(*name)).collect();
        let came: Vec<_> = new.keys().filter(|name| !old.contains_key(*name)).collect();
        let replaced = if need == Need::Nodes {
            gone.len().min(came.len())
        } else {
            0
        };
        let mut all = Vec::new();
        for (number, name) in gone.into_iter().enumerate() {
            all.push(if number < replaced {
                difference(need, name, Change::Planned, "was replaced")
            } else {
                self.lost(need, name, &old[name])
            });
        }
        for (number, name) in came.into_iter().enumerate() {
            all.push(if number < replaced {
                difference(need, name, Change::Planned, "stands in place of another")
            } else {
                self.gained(need, name)
            });
        }
        for (name, old) in old {
            if let Some(new) = new.get(name) {
                all.extend(self.changed(need, name, old, new));
            }
        }
        all
    }

    fn lost(&self, need: Need, name: &str, row: &Map<String, Value>) -> Difference {
        if self.ends(need, row) {
            return difference(
                need,
                name,
                Change::Planned,
                "is not served any more, as the new minor has it",
            );
        }
        match need {
            // Without its condition a health check says nothing.
            Need::Health => difference(need, name, Change::Planned, "is no health check any more"),
            _ => difference(need, name, Change::Loss, "is gone"),
        }
    }

    /// Whether an API version ends on the way.
    fn ends(&self, need: Need, row: &Map<String, Value>) -> bool {
        let Some(path) = &self.path else { return false };
        let text = |member: &str| row.get(member).and_then(Value::as_str).unwrap_or_default();
        let (group, version) = (text("group"), text("version"));
        let mut known = self.knowledge.apis().filter(|api| {
            api.group == group
                && api.version == version
                && api.removed.is_some_and(|it| path.crosses(it))
        });
        match need {
            Need::Discovery => known.any(|api| api.resource == text("resource")),
            Need::ApiServices => !row.contains_key("service") && known.next().is_some(),
            _ => false,
        }
    }

    fn gained(&self, need: Need, name: &str) -> Difference {
        let brought = matches!(
            need,
            Need::Discovery | Need::ApiServices | Need::Health | Need::Roles
        );
        let change = if brought && self.path.is_some() {
            Change::Planned
        } else {
            Change::Gain
        };
        difference(need, name, change, "is new")
    }

    fn changed(
        &self,
        need: Need,
        name: &str,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
    ) -> Vec<Difference> {
        let members: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        // Bootstrap roles are brought up to date by the API server itself.
        let own = need == Need::Roles && name.contains("system:") && self.path.is_some();
        // A pod that has done its work is not ready either.
        let done = need == Need::Pods && new.get("phase").is_some_and(|it| it == "Succeeded");
        let wanted = done || self.scaled.explains(need, name);
        let told = members
            .into_iter()
            .filter(|member| !wanted || !scaled::counts(member))
            .flat_map(|member| {
                let (old, new) = (old.get(member), new.get(member));
                let planned = own || self.moved(need, member, old, new);
                let told = members::judge(need, member, old, new).into_iter();
                told.map(move |(change, what)| {
                    (if planned { Change::Planned } else { change }, what)
                })
            });
        told.map(|(change, what)| difference(need, name, change, &what))
            .collect()
    }

    /// Whether a component, or the images of a workload, went to the version of the target and changed in nothing else.
    fn moved(&self, need: Need, member: &str, old: Option<&Value>, new: Option<&Value>) -> bool {
        let Some(path) = &self.path else { return false };
        let is_target = |tag: &str| {
            let version = tag.parse::<KubeVersion>();
            version.is_ok_and(|version| version.order() == path.target.order())
        };
        match (need, member) {
            (Need::Components, "tag") => new.and_then(Value::as_str).is_some_and(is_target),
            (_, "images") => retagged(old, new, is_target),
            _ => false,
        }
    }
}

/// Whether each image is the one before, but for a tag that is as wanted.
fn retagged(old: Option<&Value>, new: Option<&Value>, wanted: impl Fn(&str) -> bool) -> bool {
    let images = |value: Option<&'_ Value>| -> Option<Vec<String>> {
        let rows = value?.as_array()?.iter();
        rows.map(|row| row.as_str().map(str::to_owned)).collect()
    };
    let (Some(old), Some(new)) = (images(old), images(new)) else {
        return false;
    };
    let same = |(old, new): (&String, &String)| {
        let (was, is) = (old.rsplit_once(':'), new.rsplit_once(':'));
        let moved = |((was, _), (is, tag)): ((&str, &str), (&str, &str))| was == is && wanted(tag);
        old == new || was.zip(is).is_some_and(moved)
    };
    old.len() == new.len() && old.iter().zip(&new).all(same)
}

fn difference(need: Need, name: &str, change: Change, what: &str) -> Difference {
    Difference {
        change,
        group: need,
        subject: name.to_owned(),
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests;
