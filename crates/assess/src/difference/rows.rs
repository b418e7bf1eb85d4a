//! Groups of facts as rows with a name each, without what changes by itself.

use std::collections::BTreeMap;

use airworthy_model::{
    Facts, Missing, Need,
    facts::{GroupVisitor, Read, Rows},
};
use serde_json::{Map, Value};

/// Rows by their names.
pub(super) type Named = BTreeMap<String, Map<String, Value>>;

/// Groups that hold moments, or what comes and goes, or what is not of the cluster.
const PASSED_OVER: &[Need] = &[
    Need::Leases,
    Need::NodeLeases,
    Need::Metrics,
    Need::NodeUsage,
    Need::Events,
    Need::Jobs,
    Need::Csrs,
    Need::VolumeAttachments,
    Need::CsiNodes,
    Need::ApiWriters,
    Need::Audit,
    Need::Manifests,
    Need::Permissions,
    Need::Collection,
    Need::Backups,
    Need::Operations,
    Need::Probes,
];

/// Members that change by themselves, or say only that others did.
const VOLATILE: &[&str] = &[
    "uid",
    "created",
    "generation",
    "observedGeneration",
    "revision",
    "record",
    "deployedAt",
    "appliedAt",
    "renewed",
    "holder",
    "lastScheduled",
    "lastSuccessful",
    "lastScheduleTime",
    "lastSuccessfulTime",
    "lastEnded",
    "disruptionsAllowed",
    "resampled",
    "notReady",
    "probes",
    "clockSkew",
    "source",
    "judged",
];

/// The groups of one side.
pub(super) struct Groups(pub(super) Vec<(Need, Result<Named, Missing>)>);

impl Groups {
    pub(super) fn of(facts: &Facts) -> Self {
        let mut groups = Self(Vec::new());
        let Ok(()) = facts.visit(&mut groups);
        groups
    }
}

impl GroupVisitor for Groups {
    type Error = std::convert::Infallible;

    fn group<T: Rows>(&mut self, need: Need, group: &Read<T>) -> Result<(), Self::Error> {
        if PASSED_OVER.contains(&need) {
            return Ok(());
        }
        let named = group.as_ref().map_err(Clone::clone).map(|group| {
            let mut named = Named::new();
            for row in group.rows() {
                // Facts are plain data: they always serialise.
                if let Ok(Value::Object(row)) = serde_json::to_value(row) {
                    add(&mut named, need, row);
                }
            }
            named
        });
        self.0.push((need, named));
        Ok(())
    }
}

/// Files a row, or the rows that it holds, under their names.
fn add(named: &mut Named, need: Need, mut row: Map<String, Value>) {
    match need {
        Need::Discovery => {
            return spread(
                named,
                "",
                &mut row,
                "resources",
                &["resource", "version", "group"],
            );
        }
        Need::Health => {
            spread(named, "/readyz ", &mut row, "ready", &["name"]);
            return spread(named, "/livez ", &mut row, "live", &["name"]);
        }
        Need::Components => return spread(named, "", &mut row, "components", &["name", "node"]),
        // What a controller makes has another name every time; the controller itself is compared.
        Need::Pods if row.contains_key("controller") => return,
        Need::EndpointSlices => return sum(named, &row),
        _ => (),
    }
    let name = match need {
        Need::Version => "API server".to_owned(),
        Need::ClusterDns => "Corefile".to_owned(),
        _ => name(
            &row,
            &[
                "kind",
                "configurationKind",
                "configuration",
                "namespace",
                "name",
                "binding",
            ],
        ),
    };
    named.insert(name, without_volatile(row));
}

/// Names joined by blanks; namespace and name by a stroke.
fn name(row: &Map<String, Value>, members: &[&str]) -> String {
    let mut name = String::new();
    for member in members {
        let Some(text) = row.get(*member).and_then(Value::as_str) else {
            continue;
        };
        if text.is_empty() {
            continue;
        }
        name.push_str(text);
        name.push(if *member == "namespace" { '/' } else { ' ' });
    }
    name.trim_end().to_owned()
}

/// The rows of a list within a row; what their names begin with tells them from those of another list.
fn spread(
    named: &mut Named,
    begin: &str,
    row: &mut Map<String, Value>,
    list: &str,
    members: &[&str],
) {
    let Some(Value::Array(rows)) = row.remove(list) else {
        return;
    };
    for row in rows {
        if let Value::Object(row) = row {
            let name = format!("{begin}{}", name(&row, members));
            named.insert(name, without_volatile(row));
        }
    }
}

/// Slices have names that are made up: their endpoints are added up by Service.
fn sum(named: &mut Named, row: &Map<String, Value>) {
    let name = name(row, &["namespace", "service"]);
    let ready = row.get("ready").and_then(Value::as_u64).unwrap_or(0);
    let sum = named.entry(name).or_default();
    let known = sum.get("ready").and_then(Value::as_u64).unwrap_or(0);
    sum.insert("ready".to_owned(), (known + ready).into());
}

fn without_volatile(mut row: Map<String, Value>) -> Map<String, Value> {
    row.retain(|member, _| !VOLATILE.contains(&member.as_str()));
    row
}
