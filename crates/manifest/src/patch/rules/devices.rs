//! Dynamic resource allocation: v1beta2 and v1 put a request for one kind of device under `exactly`, and a device's own fields
//! where `basic` was.

use super::{Rule, renamed};
use crate::patch::editor::{Editor, Refusal};

const FROM: &[&str] = &["resource.k8s.io/v1beta1"];
const TO: &[&str] = &["resource.k8s.io/v1", "resource.k8s.io/v1beta2"];

pub(super) const RULES: &[Rule] = &[
    renamed(&["DeviceClass"], FROM, TO),
    Rule {
        kinds: &["ResourceClaim"],
        from: FROM,
        to: TO,
        steps: Some(|e| exactly(e, "spec.devices.requests[]")),
        note: None,
    },
    Rule {
        kinds: &["ResourceClaimTemplate"],
        from: FROM,
        to: TO,
        steps: Some(|e| exactly(e, "spec.spec.devices.requests[]")),
        note: None,
    },
    Rule {
        kinds: &["ResourceSlice"],
        from: FROM,
        to: TO,
        steps: Some(basic),
        note: None,
    },
    renamed(
        &[
            "DeviceClass",
            "ResourceClaim",
            "ResourceClaimTemplate",
            "ResourceSlice",
            "DeviceTaintRule",
        ],
        &["resource.k8s.io/v1beta2"],
        &["resource.k8s.io/v1"],
    ),
];

const EXACT: &[&str] = &[
    "deviceClassName",
    "selectors",
    "allocationMode",
    "count",
    "adminAccess",
    "tolerations",
    "capacity",
    "derivedAttributes",
];

fn exactly(e: &mut Editor, requests: &str) -> Result<(), Refusal> {
    for request in e.each(requests)? {
        e.nest(&request, EXACT, "exactly")?;
    }
    Ok(())
}

fn basic(e: &mut Editor) -> Result<(), Refusal> {
    for device in e.each("spec.devices[]")? {
        e.lift(&device.key("basic"))?;
    }
    Ok(())
}
