//! The configuration of CoreDNS, wherever it usually stands.

use airworthy_model::facts::{ClusterDns, Corefile};

use super::config_map;
use crate::{
    corefile::{self, Form},
    failure::Failure,
    session::Session,
    wire::meta::Pair,
};

/// `ConfigMaps` of `kube-system` that hold Corefiles: of kubeadm and most platforms; what users of AKS and k3s add; of the cache on
/// nodes; of RKE2's chart.
const NAMES: [&str; 4] = [
    "coredns",
    "coredns-custom",
    "node-local-dns",
    "rke2-coredns-rke2-coredns",
];
/// Most keys of one ConfigMap that are read.
const MOST_KEYS: usize = 100;

/// Reads all of them; those that are not there hold nothing.
pub(crate) async fn read(session: &Session<'_>) -> Result<ClusterDns, Failure> {
    let maps = NAMES.map(|name| config_map::read(session, name));
    let maps = futures::future::try_join_all(maps).await?;
    let mut corefiles = Vec::new();
    for (name, map) in NAMES.into_iter().zip(maps) {
        let data = map.into_iter().flat_map(|map| map.data);
        corefiles.extend(
            data.take(MOST_KEYS)
                .filter_map(|pair| corefile(name, &pair)),
        );
    }
    Ok(ClusterDns { corefiles })
}

/// The facts of one key. A ConfigMap of CoreDNS may hold zones and lists of stub domains beside Corefiles.
fn corefile(name: &str, pair: &Pair) -> Option<Corefile> {
    let form = form(name, &pair.key)?;
    let corefile::Read {
        servers,
        digest,
        problem,
    } = corefile::read(&pair.value, form);
    Some(Corefile {
        namespace: "kube-system".into(),
        name: name.into(),
        key: pair.key.clone(),
        servers,
        digest,
        problem,
    })
}

fn form(name: &str, key: &str) -> Option<Form> {
    if key == "Corefile" || key.ends_with(".server") {
        return Some(Form::Whole);
    }
    (name == "coredns-custom" && key.ends_with(".override")).then_some(Form::Part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_what_they_hold() {
        assert_eq!(form("coredns", "Corefile"), Some(Form::Whole));
        assert_eq!(form("coredns-custom", "a.server"), Some(Form::Whole));
        assert_eq!(form("coredns-custom", "a.override"), Some(Form::Part));
        assert_eq!(form("coredns", "example.org.db"), None);
    }
}
