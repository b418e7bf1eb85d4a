//! HorizontalPodAutoscaler: v2beta1 has a target field a metric type, v2beta2 and v2 have one shape for all.

use serde_json::json;

use super::{Rule, renamed};
use crate::patch::{
    editor::{Editor, Refusal},
    path::Path,
};

const V2: &[&str] = &["autoscaling/v2", "autoscaling/v2beta2"];

pub(super) const RULES: &[Rule] = &[
    renamed(
        &["HorizontalPodAutoscaler"],
        &["autoscaling/v2beta2"],
        &["autoscaling/v2"],
    ),
    Rule {
        kinds: &["HorizontalPodAutoscaler"],
        from: &["autoscaling/v2beta1"],
        to: V2,
        steps: Some(metrics),
        note: None,
    },
];

fn metrics(e: &mut Editor) -> Result<(), Refusal> {
    // What the old version reported cannot be read at the new one, and nobody takes it from a file.
    e.remove(&"status".into())?;
    for metric in e.each("spec.metrics[]")? {
        for (source, name, selector) in [
            ("resource", None, ""),
            ("containerResource", None, ""),
            ("pods", Some("metricName"), "selector"),
            ("object", Some("metricName"), "selector"),
            ("external", Some("metricName"), "metricSelector"),
        ] {
            let source = metric.key(source);
            if e.has(&source)? {
                // Only of objects it is the object that is described.
                e.rename(&source.key("target"), "describedObject")?;
                named(e, &source, name, selector)?;
                target(e, &source)?;
            }
        }
    }
    Ok(())
}

fn named(e: &mut Editor, source: &Path, name: Option<&str>, selector: &str) -> Result<(), Refusal> {
    let Some(name) = name else { return Ok(()) };
    e.rename(&source.key(selector), "selector")?;
    e.nest(source, &[name, "selector"], "metric")?;
    e.rename(&source.key("metric").key(name), "name")
}

/// Which field says what is aimed at, and what it is called under `target`. Of two, the first counts in v2beta1.
fn target(e: &mut Editor, source: &Path) -> Result<(), Refusal> {
    for (old, new, kind) in [
        (
            "targetAverageUtilization",
            "averageUtilization",
            "Utilization",
        ),
        ("targetAverageValue", "averageValue", "AverageValue"),
        ("averageValue", "averageValue", "AverageValue"),
        ("targetValue", "value", "Value"),
    ] {
        if !e.has(&source.key(old))? {
            continue;
        }
        e.nest(source, &[old], "target")?;
        let target = source.key("target");
        e.rename(&target.key(old), new)?;
        e.insert(&target, "type", &json!(kind))?;
        return e.remove(&source.key("targetValue"));
    }
    Err(Refusal(format!("{source} names no target value")))
}
