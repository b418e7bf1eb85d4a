//! Addresses at which people reach what is in the cluster, then and now.

use std::collections::BTreeSet;

use airworthy_model::Severity;

use crate::text::some_of;

/// What has become of a way in: how bad that is, and in words.
pub(super) type Change = (Severity, String);

/// It is not there any more.
pub(super) fn gone(addresses: &[String]) -> Change {
    let had = names(addresses);
    (
        Severity::Risk,
        format!("is gone; before the upgrade it had the address {had}"),
    )
}

/// It went with its namespace, as somebody wanted.
pub(super) fn gone_with_namespace(addresses: &[String]) -> Change {
    let had = names(addresses);
    (
        Severity::Note,
        format!("is gone with its namespace; before the upgrade it had the address {had}"),
    )
}

/// Host names rotate, and whoever resolves them follows; an address that is in somebody's DNS does not.
pub(super) fn moved(old: &[String], now: &[String]) -> Option<Change> {
    if old.is_empty() {
        return None;
    }
    let had = names(old);
    if now.is_empty() {
        let message = format!("has no address any more; before the upgrade it had {had}");
        return Some((Severity::Blocker, message));
    }
    let kept: BTreeSet<_> = now.iter().collect();
    let fixed = old.iter().all(|address| is_ip(address));
    if !fixed || old.iter().any(|address| kept.contains(address)) {
        return None;
    }
    let has = names(now);
    let message = format!(
        "has the address {has} instead of {had}: names that point to the old one lead nowhere"
    );
    Some((Severity::Risk, message))
}

fn names(addresses: &[String]) -> String {
    some_of(addresses.iter().map(String::as_str))
}

fn is_ip(address: &str) -> bool {
    address.parse::<std::net::IpAddr>().is_ok()
}
