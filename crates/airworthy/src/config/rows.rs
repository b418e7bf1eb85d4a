//! What `airworthy config show` prints.

use std::fmt::Display;

use airworthy_cce::wire::Shapes;

use super::{Config, Origin};
use crate::cli::Evidence;

impl Config {
    /// One row a setting: name, value, origin.
    pub(crate) fn rows(&self) -> Vec<(&'static str, String, String)> {
        let jumps = self.allowed_jumps.value.iter();
        let jumps = listed(jumps.map(|hop| format!("{}:{}", hop.from, hop.to)));
        let words = |set: &[Evidence]| listed(set.iter().map(|one| one.word().to_owned()));
        let evidence = words(&self.evidence.value);
        let without = words(&self.without.value);
        let clusters = self.clusters.value.iter();
        let clusters = listed(clusters.map(|cluster| {
            let driver = cluster.driver.means.word();
            format!("{}/{} ({driver})", cluster.project, cluster.name)
        }));
        let rows = self.paths.value.rows.iter();
        let paths = listed(rows.map(|row| {
            let to: Vec<_> = row.to.iter().map(ToString::to_string).collect();
            format!("{}:{}", row.from, to.join(","))
        }));
        let patches = self.paths.value.patches.iter();
        let patches = listed(patches.map(ToString::to_string));
        let files = self.tls.value.iter();
        let tls = listed(
            files
                .flat_map(|files| [&files.certificate, &files.key])
                .map(|file| file.display().to_string()),
        );
        let waivers = self.waivers.value.iter();
        let checks = self.checks.value.iter();
        let checks = listed(checks.map(|file| file.display().to_string()));
        let waivers = listed(waivers.map(|file| file.display().to_string()));
        let shapes = match self.shapes.value {
            Shapes::Current => "current",
            Shapes::Legacy => "legacy",
        };
        vec![
            row("listen", &self.listen.value, &self.listen.origin),
            row(
                "database",
                &self.database.value.display(),
                &self.database.origin,
            ),
            row("workers", &self.workers.value, &self.workers.origin),
            row(
                "post-check-wait-seconds",
                &self.post_check_wait.value,
                &self.post_check_wait.origin,
            ),
            row(
                "result-expiry-seconds",
                &self.result_expiry.value,
                &self.result_expiry.origin,
            ),
            row("settle-at", &self.settle_at.value, &self.settle_at.origin),
            row(
                "kept-per-cluster",
                &self.kept_per_cluster.value,
                &self.kept_per_cluster.origin,
            ),
            row(
                "request-timeout-seconds",
                &self.request_timeout.value,
                &self.request_timeout.origin,
            ),
            row(
                "run-budget-seconds",
                &self.run_budget.value,
                &self.run_budget.origin,
            ),
            row("lease-seconds", &self.lease.value, &self.lease.origin),
            row("rollout", &self.rollout.value.word(), &self.rollout.origin),
            row(
                "control-plane",
                &self.control_plane.value.word(),
                &self.control_plane.origin,
            ),
            row("pace", &self.pace.value, &self.pace.origin),
            row("waivers", &waivers, &self.waivers.origin),
            row("checks", &checks, &self.checks.origin),
            row("allowed-jumps", &jumps, &self.allowed_jumps.origin),
            row("evidence", &evidence, &self.evidence.origin),
            row("without", &without, &self.without.origin),
            row("shapes", &shapes, &self.shapes.origin),
            row(
                "check-before-upgrade",
                &self.check_before_upgrade.value.word(),
                &self.check_before_upgrade.origin,
            ),
            row("clusters", &clusters, &self.clusters.origin),
            row("paths", &paths, &self.paths.origin),
            row("patches", &patches, &self.paths.origin),
            row("tls", &tls, &self.tls.origin),
            row(
                "allow-plain-http",
                &self.allow_plain_http.value,
                &self.allow_plain_http.origin,
            ),
            row("domain", &self.domain.value, &self.domain.origin),
        ]
    }
}

fn row(name: &'static str, value: &dyn Display, origin: &Origin) -> (&'static str, String, String) {
    (name, value.to_string(), origin.to_string())
}

/// The words of a list.
fn listed(words: impl Iterator<Item = String>) -> String {
    let words: Vec<_> = words.collect();
    if words.is_empty() {
        "(none)".to_owned()
    } else {
        words.join(" ")
    }
}
