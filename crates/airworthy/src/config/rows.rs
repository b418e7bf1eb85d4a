//! What `airworthy config show` prints.

use airworthy_cce::wire::Shapes;
use airworthy_model::UpgradeScope;

use super::Config;

impl Config {
    /// One row a setting: name, value, origin.
    pub(crate) fn rows(&self) -> Vec<(&'static str, String, String)> {
        let jumps = self.allowed_jumps.value.iter();
        let jumps = listed(jumps.map(|hop| format!("{}:{}", hop.from, hop.to)));
        let without = self.without.value.iter();
        let without = listed(without.map(|evidence| evidence.word().to_owned()));
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
        let scope = match self.scope.value {
            UpgradeScope::Nodes => "nodes",
            UpgradeScope::ControlPlane => "controlPlane",
        };
        let shapes = match self.shapes.value {
            Shapes::Current => "current",
            Shapes::Legacy => "legacy",
        };
        vec![
            (
                "listen",
                self.listen.value.to_string(),
                self.listen.origin.to_string(),
            ),
            (
                "database",
                self.database.value.display().to_string(),
                self.database.origin.to_string(),
            ),
            (
                "workers",
                self.workers.value.to_string(),
                self.workers.origin.to_string(),
            ),
            (
                "post-check-wait-seconds",
                self.post_check_wait.value.to_string(),
                self.post_check_wait.origin.to_string(),
            ),
            (
                "result-expiry-seconds",
                self.result_expiry.value.to_string(),
                self.result_expiry.origin.to_string(),
            ),
            (
                "kept-per-cluster",
                self.kept_per_cluster.value.to_string(),
                self.kept_per_cluster.origin.to_string(),
            ),
            (
                "request-timeout-seconds",
                self.request_timeout.value.to_string(),
                self.request_timeout.origin.to_string(),
            ),
            (
                "run-budget-seconds",
                self.run_budget.value.to_string(),
                self.run_budget.origin.to_string(),
            ),
            (
                "lease-seconds",
                self.lease.value.to_string(),
                self.lease.origin.to_string(),
            ),
            ("scope", scope.to_owned(), self.scope.origin.to_string()),
            (
                "allowed-jumps",
                jumps,
                self.allowed_jumps.origin.to_string(),
            ),
            ("without", without, self.without.origin.to_string()),
            ("shapes", shapes.to_owned(), self.shapes.origin.to_string()),
            (
                "check-before-upgrade",
                self.check_before_upgrade.value.word().to_owned(),
                self.check_before_upgrade.origin.to_string(),
            ),
            ("clusters", clusters, self.clusters.origin.to_string()),
            ("paths", paths, self.paths.origin.to_string()),
            ("patches", patches, self.paths.origin.to_string()),
            ("tls", tls, self.tls.origin.to_string()),
            (
                "allow-plain-http",
                self.allow_plain_http.value.to_string(),
                self.allow_plain_http.origin.to_string(),
            ),
            (
                "domain",
                self.domain.value.clone(),
                self.domain.origin.to_string(),
            ),
        ]
    }
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
