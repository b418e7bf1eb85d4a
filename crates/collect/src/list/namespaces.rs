//! A long list, namespace by namespace.
//!
//! For each page of a list etcd goes through all that comes after it, to count it: a list of 150,000 objects on 150 pages is 11 million
//! steps. The lists of its namespaces hold the same objects and are short. All are read as they were at one moment
//! (`resourceVersionMatch=Exact`, served from 1.19 on), so that the sum tells whether all was seen.
//!
//! For a list of objects that a selector chooses the API server goes on until it has a page of them: where few are chosen of 20,000 Secrets, one
//! request reads them all, up to 10,000 at once, and others of its clients wait for a second. In one namespace there are few to go through.

use super::{
    Listing,
    pages::{Attempt, Part},
};
use crate::{
    names::is_name,
    resource,
    session::Session,
    wire::{helm::Labelled, meta::ListMeta},
};
use airworthy_model::Need;

/// In so many namespaces may the shortest of the long lists be; a list that is longer, in as many more. A namespace costs a request, and what
/// it spares grows with the square of the list.
const NAMESPACES: usize = 250;
/// In so many may the fewest objects be of which a selector chooses, or in as many more as there are more objects: 16 for each are worth a request.
const NAMESPACES_OF_CHOICE: usize = 125;

/// The lists that a long list is made of.
pub(super) struct Parts {
    pub namespaces: Vec<String>,
    pub resource_version: String,
    /// Objects in all of them; absent where a selector chooses. Then the namespaces are all that there were at that moment.
    pub total: Option<usize>,
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
    let limits = session.plan.limits;
    let enough = total >= limits.long_list && total <= limits.objects;
    if !listing.selector.is_empty() || !enough || first.resource_version.is_empty() {
        return None;
    }
    let (namespaces, _) = names(session).await?;
    let few = is_few(namespaces.len(), NAMESPACES, total, limits.long_list);
    few.then(|| Parts {
        namespaces,
        resource_version: first.resource_version.clone(),
        total: Some(total),
    })
}

/// How to read what a selector chooses of a kind; nothing where it is best read as one list, or where nobody tells how many objects there are.
pub(super) async fn chosen(session: &Session<'_>, listing: &Listing) -> Option<Parts> {
    if listing.selector.is_empty() {
        return None;
    }
    let (_, resource) = listing.path.rsplit_once('/')?;
    let total = session.stored(resource).await?;
    let least = session.plan.limits.long_choice;
    if total < least {
        return None;
    }
    let (namespaces, resource_version) = names(session).await?;
    let few = is_few(namespaces.len(), NAMESPACES_OF_CHOICE, total, least);
    (few && !resource_version.is_empty()).then_some(Parts {
        namespaces,
        resource_version,
        total: None,
    })
}

/// Whether the namespaces of so many objects are few, when the least of them may be in so many.
const fn is_few(namespaces: usize, most: usize, objects: usize, least: usize) -> bool {
    namespaces.saturating_mul(least) <= objects.saturating_mul(most)
}

/// The names of all namespaces, and the resource version at which they were so.
async fn names(session: &Session<'_>) -> Option<(Vec<String>, String)> {
    if !session.plan.wants(Need::Namespaces) {
        return None;
    }
    let listing = Listing {
        metadata_only: true,
        ..Listing::at(resource::NAMESPACES.path("v1"), session)
    };
    let keep = |wire: Labelled, rows: &mut Vec<_>| rows.push(wire.metadata.name);
    let mut attempt = Attempt::new(session, &listing, &keep);
    let whole = Part::whole(&listing);
    let first = attempt.page(&whole, "").await.ok()?;
    attempt.rest(&whole, first.r#continue).await.ok()?;
    let names: Vec<String> = attempt.kept;
    let fine = names.iter().all(|name| is_name(name));
    fine.then_some((names, first.resource_version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_objects_may_be_in_more_namespaces() {
        assert!(is_few(250, NAMESPACES, 50_000, 50_000));
        assert!(!is_few(251, NAMESPACES, 50_000, 50_000));
        assert!(is_few(500, NAMESPACES, 100_000, 50_000));
        // Sixteen Secrets for each.
        assert!(is_few(1000, NAMESPACES_OF_CHOICE, 16_000, 2000));
        assert!(!is_few(1001, NAMESPACES_OF_CHOICE, 16_000, 2000));
    }
}
