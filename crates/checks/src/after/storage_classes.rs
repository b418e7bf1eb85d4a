//! Storage classes that are gone.

use std::collections::{BTreeMap, BTreeSet};

use airworthy_model::{
    Evidence, Finding, Severity, Subject,
    facts::{PersistentVolumeClaim, StorageClass},
};

use crate::{Context, Outcome, View, text::some_of};

/// Classes that claims still name, and the default without which claims that name none wait: what is bound stays, and nothing new is
/// made.
pub(super) fn gone(ctx: &Context<'_>, before: Option<&View<'_>>) -> Outcome {
    let Some(before) = before else {
        return Ok(crate::Judgement::default());
    };
    let (then, now) = (before.storage_classes()?, ctx.storage_classes()?);
    let names: BTreeSet<_> = now.iter().map(|class| &class.name).collect();
    let defaults = now.iter().any(|class| class.default);
    let users = users(ctx.persistent_volume_claims()?);
    let gone = then.iter().filter_map(|class| {
        if class.default && !defaults {
            return Some(default_gone(ctx, class));
        }
        let users = users.get(class.name.as_str())?;
        (!names.contains(&class.name)).then(|| {
            let users = some_of(users.iter().map(String::as_str));
            let message = format!("is gone; it was there before the upgrade, and {users} name it");
            finding(ctx, class, message)
        })
    });
    Ok(gone.collect())
}

/// The claims that name each class.
fn users(claims: &[PersistentVolumeClaim]) -> BTreeMap<&str, BTreeSet<String>> {
    let mut users = BTreeMap::<_, BTreeSet<_>>::new();
    for claim in claims {
        if let Some(class) = &claim.class {
            let name = format!("{}/{}", claim.namespace, claim.name);
            users.entry(class.as_str()).or_default().insert(name);
        }
    }
    users
}

fn default_gone(ctx: &Context<'_>, class: &StorageClass) -> Finding {
    let message = "was the default before the upgrade; now no class is: claims that name none wait";
    finding(ctx, class, message.to_owned())
}

fn finding(ctx: &Context<'_>, class: &StorageClass, message: String) -> Finding {
    let subject = Subject::cluster("storage.k8s.io/v1", "StorageClass", &class.name);
    let source = format!("/apis/storage.k8s.io/v1/storageclasses/{}", class.name);
    Finding::new(Severity::Risk, subject, message.clone())
        .because(Evidence::state(source, ctx.now(), message))
        .fix_with(
            "Put it back as it was: claims that are made from it cannot be served",
            "kubectl get storageclasses",
        )
}
