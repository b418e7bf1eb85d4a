//! Real API servers are the judge: what the tables say is served is held against the discovery of six minors, both ways.
//!
//! `cargo xtask knowledge discover` wrote the files: each server ran with its default flags, and again with every API and gate on.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_knowledge::{Api, Class, Knowledge, Serving, api_version};
use airworthy_model::Minor;
use serde::Deserialize;

const SERVERS: &[(u16, &str)] = &[
    (24, include_str!("../data/discovery/1.24.json")),
    (25, include_str!("../data/discovery/1.25.json")),
    (31, include_str!("../data/discovery/1.31.json")),
    (32, include_str!("../data/discovery/1.32.json")),
    (36, include_str!("../data/discovery/1.36.json")),
    (37, include_str!("../data/discovery/1.37.json")),
];

#[derive(Deserialize)]
struct Server {
    #[serde(rename = "server")]
    runs: String,
    /// Versions at which an eviction is taken, whatever discovery says.
    evictions: Vec<String>,
    /// Versions at which aggregated discovery is answered.
    #[serde(rename = "aggregatedDiscovery")]
    aggregated: Vec<String>,
    default: Vec<Resource>,
    more: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    group: String,
    version: String,
    #[serde(rename = "resource")]
    name: String,
    kind: String,
    #[serde(default)]
    kind_of: Option<String>,
    namespaced: bool,
    verbs: String,
}

impl Resource {
    /// Group and version of its kind.
    fn kind_version(&self) -> String {
        let own = || api_version(&self.group, &self.version);
        self.kind_of.clone().unwrap_or_else(own)
    }

    fn parent(&self) -> Option<&str> {
        Some(self.name.split_once('/')?.0)
    }
}

/// `group/version kind`
type Name = (String, String);

fn name(api: &Api) -> Name {
    (api.api_version(), api.kind.clone())
}

/// Kinds with a collection, and kinds that are only below others: those of the resource above are no kinds of their own.
fn kinds(rows: &[Resource]) -> BTreeMap<Name, &Resource> {
    let collections = rows.iter().filter(|row| row.parent().is_none());
    let mut kinds: BTreeMap<Name, &Resource> = collections
        .map(|row| ((row.kind_version(), row.kind.clone()), row))
        .collect();
    for row in rows.iter().filter(|row| row.parent().is_some()) {
        kinds
            .entry((row.kind_version(), row.kind.clone()))
            .or_insert(row);
    }
    kinds
}

/// What the tables say otherwise than a server.
fn compare(minor: u16, text: &str, knowledge: &Knowledge) -> BTreeSet<String> {
    let server: Server = serde_json::from_str(text).expect("a discovery file");
    let mut found = BTreeSet::new();
    let minor = Minor::v1(minor);
    assert_eq!(server.runs.parse::<Minor>(), Ok(minor));
    let default = kinds(&server.default);
    let more = kinds(&server.more);
    for (name, row) in &default {
        found.extend(judge(knowledge, name, row, minor, Serving::Served));
    }
    for (name, row) in more.iter().filter(|(name, _)| !default.contains_key(*name)) {
        found.extend(judge(knowledge, name, row, minor, Serving::OffByDefault));
    }
    found.extend(aggregated(&server, minor, knowledge));
    let evicted =
        |api: &Api| api.kind == "Eviction" && server.evictions.contains(&api.api_version());
    for api in knowledge.apis().filter(|api| on_servers(api.class)) {
        let said = api.serving(minor);
        let is_on = default.contains_key(&name(api)) || evicted(api);
        let can_be = is_on || more.contains_key(&name(api));
        if (said == Serving::Served && !is_on) || (said == Serving::OffByDefault && !can_be) {
            found.insert(format!(
                "{} {}: {said:?}, but the server has it not",
                api.api_version(),
                api.kind
            ));
        }
    }
    found
}

/// Discovery does not list itself.
fn aggregated(server: &Server, minor: Minor, knowledge: &Knowledge) -> Vec<String> {
    let rows = knowledge
        .apis()
        .filter(|api| api.kind == "APIGroupDiscovery");
    let wrong = rows.filter(|api| {
        (api.serving(minor) == Serving::Served) != server.aggregated.contains(&api.api_version())
    });
    wrong
        .map(|api| format!("{}: {:?}", api.api_version(), api.serving(minor)))
        .collect()
}

const fn on_servers(class: Class) -> bool {
    matches!(class, Class::Resource | Class::Review | Class::Subresource)
}

/// What the tables say otherwise of a resource that a server has.
fn judge(
    knowledge: &Knowledge,
    (version, kind): &Name,
    row: &Resource,
    minor: Minor,
    expected: Serving,
) -> Vec<String> {
    let (group, number) = version.split_once('/').unwrap_or(("", version));
    let Some(api) = knowledge.kind(group, number, kind) else {
        return vec![format!("{version} {kind}: no row")];
    };
    let mut found = Vec::new();
    let mut differ = |what: &str, said: String, is: String| {
        if said != is {
            found.push(format!(
                "{version} {kind}: {what} {said}, but the server says {is}"
            ));
        }
    };
    differ(
        "serving",
        format!("{:?}", api.serving(minor)),
        format!("{expected:?}"),
    );
    differ(
        "namespaced",
        api.namespaced.to_string(),
        row.namespaced.to_string(),
    );
    if row.parent().is_none() {
        differ("resource", api.resource.clone(), row.name.clone());
        differ(
            "create only",
            api.create_only.to_string(),
            (row.verbs == "create").to_string(),
        );
    } else if api.class == Class::Subresource {
        let own = api
            .subresources
            .iter()
            .any(|label| without_group(label) == row.name);
        differ("below", own.to_string(), "true".into());
    }
    found
}

/// `deployments/scale` of `deployments.apps/scale`.
fn without_group(label: &str) -> String {
    let (parent, name) = label.split_once('/').unwrap_or((label, ""));
    format!("{}/{name}", parent.split('.').next().unwrap_or(parent))
}

#[test]
fn the_tables_say_what_real_servers_serve() {
    for (minor, text) in SERVERS {
        let found = compare(*minor, text, Knowledge::embedded());
        // There is no exception: where a table and a server disagree, the table is wrong.
        assert!(found.is_empty(), "1.{minor}: {found:#?}");
    }
}

#[test]
fn a_table_that_is_wrong_either_way_is_seen() {
    let bundle = Knowledge::bundle();
    let of = |kind: &str| {
        let row = format!("\"group\":\"policy\",\"version\":\"v1\",\"kind\":\"{kind}\"");
        bundle
            .lines()
            .find(|line| line.contains(&row))
            .expect("a row")
            .to_owned()
    };
    let budget = of("PodDisruptionBudget");
    let wrong = |to: &str| {
        let wrong = Knowledge::parse(&bundle.replacen(&budget, to, 1)).expect("still knowledge");
        let (minor, text) = SERVERS[2];
        compare(minor, text, &wrong).len()
    };
    // Too little: served by the server, and off, gone or not there in the table.
    assert_eq!(wrong(&budget.replace("\"served\"", "\"offByDefault\"")), 1);
    assert_eq!(wrong(&budget.replace("1.37", "1.30")), 1);
    assert_eq!(
        wrong(&budget.replace("PodDisruptionBudget", "PodBudget")),
        2
    );
    assert_eq!(
        wrong(&budget.replace("\"namespaced\":true", "\"namespaced\":false")),
        1
    );
    assert_eq!(wrong(&budget), 0);
}
