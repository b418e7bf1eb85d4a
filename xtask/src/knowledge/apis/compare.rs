//! Holds the embedded rows against the sources of one minor.

use airworthy_knowledge::{Api, Class, Knowledge, Serving};
use airworthy_model::Minor;

use super::{
    register::Gvk,
    snapshot::{Seen, Service, Snapshot},
};

/// What the rows say otherwise, both ways.
pub(crate) fn differences(snapshot: &Snapshot, knowledge: &Knowledge) -> Vec<String> {
    let minor = Minor::v1(snapshot.minor);
    let mut found = Vec::new();
    for (gvk, seen) in &snapshot.kinds {
        match knowledge.kind(&gvk.group, &gvk.version, &gvk.kind) {
            None => found.push(format!("{gvk} has no row")),
            Some(row) => found.extend(kind(gvk, seen, row, minor)),
        }
    }
    for row in knowledge.apis() {
        let there = matches!(row.serving(minor), Serving::Served | Serving::OffByDefault);
        let gvk = Gvk::new(&row.group, &row.version, &row.kind);
        if there && !snapshot.kinds.contains_key(&gvk) {
            found.push(format!("{gvk} is in no source"));
        }
    }
    found
}

fn kind(gvk: &Gvk, seen: &Seen, row: &Api, minor: Minor) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, row: String, source: String| {
        if row != source {
            found.push(format!("{gvk}: {what} {row}, but the source says {source}"));
        }
    };
    let plan = row.plan(minor);
    differ(
        "deprecated",
        format!("{:?}", plan.deprecated),
        format!("{:?}", seen.life.deprecated),
    );
    differ(
        "planned removal",
        format!("{:?}", plan.removed),
        format!("{:?}", seen.life.removed),
    );
    // Lists are served as their items are, and say nothing by themselves.
    if row.class != Class::List {
        differ(
            "serving",
            serving(row.serving(minor)).to_owned(),
            service(seen.service).to_owned(),
        );
    }
    if let (Some(place), true) = (&seen.place.collection, row.class == seen.class) {
        differ("resource", row.resource.clone(), place.plural.clone());
        differ(
            "namespaced",
            row.namespaced.to_string(),
            place.namespaced.to_string(),
        );
    }
    found
}

const fn serving(serving: Serving) -> &'static str {
    match serving {
        Serving::Served => "served",
        Serving::OffByDefault => "off by default",
        Serving::NotYet { .. } | Serving::Removed { .. } | Serving::Unknown => "not served",
    }
}

const fn service(service: Service) -> &'static str {
    match service {
        Service::Served => "served",
        Service::OffByDefault => "off by default",
        Service::None => "not served",
    }
}
