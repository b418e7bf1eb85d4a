//! The feature gates that a real API server tells in its metrics, kept as the judge of the table of gates:
//! `crates/knowledge/data/discovery/gates-<minor>.json`.

use std::{collections::BTreeMap, fs};

use airworthy_testbed::Client;
use anyhow::{Context as _, Result};
use serde_json::json;

/// Writes what the server's metric `kubernetes_feature_enabled` says: stage and state of each gate. Servers before 1.26 have no
/// such metric, and get no file.
pub(super) async fn keep(client: &Client, minor: &str, server: &str) -> Result<()> {
    let metrics = client.get_text("/metrics").await?;
    let gates: BTreeMap<_, _> = metrics.lines().filter_map(gate).collect();
    if gates.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = gates
        .iter()
        .map(|(name, (stage, on))| json!({"gate": name, "stage": stage, "enabled": on}).to_string())
        .collect();
    let text = format!(
        "{{\n\"server\": {},\n\"gates\": [\n{}\n]\n}}\n",
        json!(server),
        rows.join(",\n")
    );
    let file = super::data()
        .join("discovery")
        .join(format!("gates-{minor}.json"));
    fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
    println!("{server}: {} feature gates", gates.len());
    Ok(())
}

/// Reads `kubernetes_feature_enabled{name="X",stage="ALPHA"} 0`; the stage of what is stable is empty.
fn gate(line: &str) -> Option<(String, (String, bool))> {
    let rest = line.strip_prefix("kubernetes_feature_enabled{name=\"")?;
    let (name, rest) = rest.split_once("\",stage=\"")?;
    let (stage, value) = rest.split_once("\"} ")?;
    Some((name.to_owned(), (stage.to_owned(), value.trim() == "1")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_read_with_its_stage_and_state() {
        let read = |line| gate(line).map(|(name, (stage, on))| format!("{name} {stage} {on}"));
        assert_eq!(
            read("kubernetes_feature_enabled{name=\"AllAlpha\",stage=\"ALPHA\"} 0").as_deref(),
            Some("AllAlpha ALPHA false")
        );
        assert_eq!(
            read("kubernetes_feature_enabled{name=\"KMSv2\",stage=\"\"} 1").as_deref(),
            Some("KMSv2  true")
        );
        assert_eq!(read("# TYPE kubernetes_feature_enabled gauge"), None);
    }
}
