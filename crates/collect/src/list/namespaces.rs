//! A long list, namespace by namespace.
//!
//! For each page of a list etcd goes through all that comes after it, to count it: a list of 150,000 objects on 150 pages is 11 million
//! steps. The lists of its namespaces hold the same objects and are short. All are read as they were when the first page was
//! (`resourceVersionMatch=Exact`, served from 1.19 on), so that the sum tells whether all was seen.

use super::{Listing, read};
use crate::{
    resource,
    session::Session,
    wire::{helm::Labelled, meta::ListMeta},
};
use airworthy_model::Need;

/// In so many namespaces may the shortest of the long lists be; a list that is longer, in as many more. A namespace costs a request, and what
/// it spares grows with the square of the list.
const NAMESPACES: usize = 250;

/// The lists that a long list is made of.
pub(super) struct Parts {
    pub namespaces: Vec<String>,
    pub resource_version: String,
    /// Objects in all of them.
    pub total: usize,
}

/// How to read a list whose first page had so many objects; nothing where it is best read as one.
pub(super) async fn parts(
    session: &Session<'_>,
    listing: &Listing,
    objects: usize,
    first: &ListMeta,
) -> Option<Parts> {
    let rest = usize::try_from(first.remaining_item_count?).ok()?;
    let total = objects.checked_add(rest)?;
    let plan = session.plan;
    let may_be = listing.selector.is_empty() && plan.wants(Need::Namespaces);
    let enough = total >= plan.limits.long_list && total <= plan.limits.objects;
    if !may_be || !enough || first.resource_version.is_empty() {
        return None;
    }
    let namespaces = names(session).await?;
    if !namespaces.iter().all(|name| is_label(name)) {
        return None;
    }
    let few =
        namespaces.len().saturating_mul(plan.limits.long_list) <= total.saturating_mul(NAMESPACES);
    few.then(|| Parts {
        namespaces,
        resource_version: first.resource_version.clone(),
        total,
    })
}

/// The names of all namespaces. Boxed: a list of namespaces is a list.
async fn names(session: &Session<'_>) -> Option<Vec<String>> {
    let listing = Listing {
        metadata_only: true,
        ..Listing::at(resource::NAMESPACES.path("v1"), session)
    };
    let keep = |wire: Labelled, rows: &mut Vec<_>| rows.push(wire.metadata.name);
    Box::pin(read(session, &listing, keep)).await.ok()
}

/// Whether it may stand in a path as it is.
fn is_label(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.bytes().all(allowed)
}
