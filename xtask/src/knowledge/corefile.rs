//! Whether the section of CoreDNS names the version that kubeadm installs. The rows are written by hand from the sources that each
//! names; CoreDNS is no module of Kubernetes.

use airworthy_knowledge::Knowledge;
use airworthy_model::Minor;
use anyhow::{Context as _, Result};

use super::modules::Release;

const MODULE: &str = "k8s.io/kubernetes";
const FILE: &str = "cmd/kubeadm/app/constants/constants.go";

/// What the table says otherwise than kubeadm's own source.
pub(super) fn differences(release: &Release, knowledge: &Knowledge) -> Result<Vec<String>> {
    let installed = installed(&release.module(MODULE)?.read(FILE)?)?;
    let minor = Minor::v1(release.minor);
    let told = knowledge.default_coredns(minor).map(ToString::to_string);
    let same = told.as_deref() == Some(&*installed);
    let told = told.unwrap_or_else(|| "none".into());
    Ok(if same {
        Vec::new()
    } else {
        vec![format!(
            "kubeadm installs CoreDNS {installed}, the table says {told}"
        )]
    })
}

/// The version in the source: `CoreDNSVersion = "v1.11.3"`.
fn installed(source: &str) -> Result<String> {
    let after = source
        .split_once("CoreDNSVersion = \"")
        .context("kubeadm names no version of CoreDNS")?
        .1;
    let version = after.split('"').next().unwrap_or_default();
    Ok(version.trim_start_matches('v').to_owned())
}

#[cfg(test)]
mod tests {
    use super::installed;

    #[test]
    fn the_version_is_read_with_and_without_its_letter() {
        for source in [
            "CoreDNSVersion = \"v1.8.0\"",
            "\tCoreDNSVersion = \"1.8.0\"\n",
        ] {
            assert_eq!(installed(source).unwrap(), "1.8.0");
        }
        assert!(installed("").is_err());
    }
}
