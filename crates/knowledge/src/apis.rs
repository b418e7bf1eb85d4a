//! The section of kinds.

use std::cmp::Ordering;

use crate::{
    api::Api,
    section::{BadRow, Table},
};

/// All kinds, by group, version and kind.
#[derive(Clone, Debug)]
pub(crate) struct Apis {
    rows: Vec<Api>,
    /// Places of the rows that have a resource, by group, version and resource.
    by_resource: Vec<u32>,
}

type Key<'a> = (&'a str, &'a str, &'a str);

fn by_kind(api: &Api) -> Key<'_> {
    (&api.group, &api.version, &api.kind)
}

fn by_resource(api: &Api) -> Key<'_> {
    (&api.group, &api.version, &api.resource)
}

impl Table for Apis {
    const NAME: &'static str = "apis";
    type Row = Api;

    fn of(rows: Vec<Api>) -> Result<Self, BadRow> {
        refuse(&rows)?;
        let mut rows = rows;
        rows.sort_by(|one, other| by_kind(one).cmp(&by_kind(other)));
        let mut by_resource_: Vec<u32> = (0..)
            .zip(&rows)
            .filter(|(_, api)| !api.resource.is_empty())
            .map(|(at, _)| at)
            .collect();
        by_resource_.sort_by(|one, other| {
            by_resource(&rows[*one as usize]).cmp(&by_resource(&rows[*other as usize]))
        });
        Ok(Self {
            rows,
            by_resource: by_resource_,
        })
    }
}

/// Refuses two rows of one kind and rows whose minors are not in order: either would be a wrong answer for somebody.
fn refuse(rows: &[Api]) -> Result<(), BadRow> {
    let mut seen = std::collections::BTreeSet::new();
    for (at, api) in rows.iter().enumerate() {
        let bad = |why: &str| BadRow {
            at,
            why: format!("{} {} {why}", api.api_version(), api.kind),
        };
        if !seen.insert(by_kind(api)) {
            return Err(bad("is there twice"));
        }
        let spans = api.served.iter().chain(&api.off_by_default);
        if spans.into_iter().any(|span| span.to < span.from) {
            return Err(bad("is served until before it is served"));
        }
    }
    Ok(())
}

impl Apis {
    pub(crate) fn all(&self) -> &[Api] {
        &self.rows
    }

    pub(crate) fn kind(&self, group: &str, version: &str, kind: &str) -> Option<&Api> {
        let key = (group, version, kind);
        let at = self.rows.binary_search_by(|api| by_kind(api).cmp(&key));
        Some(&self.rows[at.ok()?])
    }

    pub(crate) fn resource(&self, group: &str, version: &str, resource: &str) -> Option<&Api> {
        let key = (group, version, resource);
        let order = |at: &u32| -> Ordering { by_resource(&self.rows[*at as usize]).cmp(&key) };
        let at = self.by_resource.binary_search_by(order).ok()?;
        Some(&self.rows[self.by_resource[at] as usize])
    }

    pub(crate) fn knows_group(&self, group: &str) -> bool {
        let order = |api: &Api| api.group.as_str().cmp(group);
        self.rows.binary_search_by(order).is_ok()
    }

    pub(crate) fn knows_version(&self, group: &str, version: &str) -> bool {
        let order = |api: &Api| (&*api.group, &*api.version).cmp(&(group, version));
        self.rows.binary_search_by(order).is_ok()
    }
}
