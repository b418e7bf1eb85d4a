//! Which pods name objects of the API: kubelets refuse static pods that do.

use airworthy_model::facts::ApiReference;
use prost::Message;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{shape::PodSpec, volume::There};

/// Entries of a list laid over one another, as the binary encoding has it for a member that comes several times: what counts is
/// whether any of them names an object, and pods with long environments cost nothing more.
pub(crate) fn laid_over<'de, D: Deserializer<'de>, T: Message + Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let list: Option<Vec<T>> = Option::deserialize(deserializer)?;
    let mut over: Option<T> = None;
    for entry in list.unwrap_or_default() {
        over.get_or_insert_with(T::default)
            .merge(&*entry.encode_to_vec())
            .map_err(D::Error::custom)?;
    }
    Ok(over)
}

/// A variable of a container's environment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Variable {
    #[prost(message, optional, tag = "3")]
    pub value_from: Option<VariableSource>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct VariableSource {
    #[prost(message, optional, tag = "3")]
    pub config_map_key_ref: Option<There>,
    #[prost(message, optional, tag = "4")]
    pub secret_key_ref: Option<There>,
}

/// An object of which each key becomes a variable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Variables {
    #[prost(message, optional, tag = "2")]
    pub config_map_ref: Option<There>,
    #[prost(message, optional, tag = "3")]
    pub secret_ref: Option<There>,
}

/// A volume put together from several sources.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message, Deserialize)]
#[serde(default)]
pub(crate) struct Projected {
    #[prost(message, optional, tag = "1")]
    #[serde(deserialize_with = "laid_over")]
    pub sources: Option<Projection>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Projection {
    #[prost(message, optional, tag = "1")]
    pub secret: Option<There>,
    #[prost(message, optional, tag = "3")]
    pub config_map: Option<There>,
    #[prost(message, optional, tag = "4")]
    pub service_account_token: Option<There>,
    #[prost(message, optional, tag = "5")]
    pub cluster_trust_bundle: Option<There>,
    #[prost(message, optional, tag = "6")]
    pub pod_certificate: Option<There>,
}

impl PodSpec {
    /// The first reference that a kubelet would refuse a static pod for, in the kubelet's order (`HasAPIObjectReference` of
    /// `pkg/api/pod`).
    pub(crate) fn refers_to(&self) -> Option<ApiReference> {
        use ApiReference as R;
        [
            (R::ServiceAccount, !self.service_account_name.is_empty()),
            (R::Secret, self.names_secret()),
            (R::ConfigMap, self.names_config_map()),
            (R::ResourceClaim, self.resource_claims.is_some()),
        ]
        .into_iter()
        .find_map(|(kind, there)| there.then_some(kind))
        .or_else(|| self.volume_reference())
    }

    fn variables(&self) -> impl Iterator<Item = (VariableSource, Variables)> {
        let containers = self.init_containers.iter().chain(&self.containers);
        containers.map(|container| {
            let single = container.env.and_then(|variable| variable.value_from);
            let all = container.env_from.unwrap_or_default();
            (single.unwrap_or_default(), all)
        })
    }

    fn projections(&self) -> impl Iterator<Item = Projection> {
        let projected = self
            .volumes
            .iter()
            .filter_map(|volume| volume.source.projected);
        projected.filter_map(|projected| projected.sources)
    }

    fn names_secret(&self) -> bool {
        let of = |(one, all): (VariableSource, Variables)| {
            one.secret_key_ref.is_some() || all.secret_ref.is_some()
        };
        let volume = |source: &super::volume::VolumeSource| {
            source.secret.is_some() || source.azure_file.is_some()
        };
        self.image_pull_secrets.is_some()
            || self.variables().any(of)
            || self.volumes.iter().any(|one| volume(&one.source))
            || self.projections().any(|one| one.secret.is_some())
    }

    fn names_config_map(&self) -> bool {
        let of = |(one, all): (VariableSource, Variables)| {
            one.config_map_key_ref.is_some() || all.config_map_ref.is_some()
        };
        self.variables().any(of)
            || self
                .volumes
                .iter()
                .any(|one| one.source.config_map.is_some())
            || self.projections().any(|one| one.config_map.is_some())
    }

    fn volume_reference(&self) -> Option<ApiReference> {
        use ApiReference as R;
        let of_source = self.volumes.iter().find_map(|volume| {
            let source = &volume.source;
            [
                (R::CsiDriver, source.csi.is_some()),
                (R::Endpoints, source.glusterfs.is_some()),
                (
                    R::PersistentVolumeClaim,
                    source.persistent_volume_claim.is_some() || source.ephemeral.is_some(),
                ),
            ]
            .into_iter()
            .find_map(|(kind, there)| there.then_some(kind))
        });
        let of_projection = self.projections().find_map(|one| {
            [
                (R::ServiceAccount, one.service_account_token.is_some()),
                (R::ClusterTrustBundle, one.cluster_trust_bundle.is_some()),
                (R::PodCertificate, one.pod_certificate.is_some()),
            ]
            .into_iter()
            .find_map(|(kind, there)| there.then_some(kind))
        });
        of_source.or(of_projection)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(spec: Value) -> Option<ApiReference> {
        let spec: PodSpec = serde_json::from_value(spec).unwrap();
        // What the binary encoding makes of it is the same.
        let again = PodSpec::decode(&*spec.encode_to_vec()).unwrap();
        assert_eq!(again.refers_to(), spec.refers_to());
        spec.refers_to()
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "reads better where it is called"
    )]
    fn volume(name: &str, source: Value) -> Value {
        json!({"volumes": [{"name": "plain", "hostPath": {"path": "/"}}, {"name": "it", name: source}]})
    }

    #[test]
    fn what_a_kubelet_calls_a_reference_is_one() {
        use ApiReference as R;
        let env = json!([{"name": "a", "value": "x"}, {"name": "b", "valueFrom": {"secretKeyRef": {"name": "hush"}}},
            {"name": "c", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]);
        let from = json!([{"configMapRef": {"name": "m"}}, {"prefix": "p"}]);
        let projected = |source: Value| {
            volume(
                "projected",
                json!({"sources": [{"downwardAPI": {}}, source]}),
            )
        };
        for (spec, kind) in [
            (json!({"serviceAccountName": "default"}), R::ServiceAccount),
            (json!({"imagePullSecrets": [{"name": "pull"}]}), R::Secret),
            (json!({"containers": [{"env": env}]}), R::Secret),
            (json!({"initContainers": [{"envFrom": from}]}), R::ConfigMap),
            (
                json!({"resourceClaims": [{"name": "gpu"}]}),
                R::ResourceClaim,
            ),
            (volume("configMap", json!({"name": "m"})), R::ConfigMap),
            (volume("secret", json!({"secretName": "s"})), R::Secret),
            (volume("azureFile", json!({"secretName": "s"})), R::Secret),
            (volume("csi", json!({"driver": "d"})), R::CsiDriver),
            (volume("glusterfs", json!({"endpoints": "e"})), R::Endpoints),
            (
                volume("persistentVolumeClaim", json!({"claimName": "c"})),
                R::PersistentVolumeClaim,
            ),
            (volume("ephemeral", json!({})), R::PersistentVolumeClaim),
            (projected(json!({"configMap": {"name": "m"}})), R::ConfigMap),
            (projected(json!({"secret": {"name": "m"}})), R::Secret),
            (
                projected(json!({"serviceAccountToken": {"path": "t"}})),
                R::ServiceAccount,
            ),
            (
                projected(json!({"clusterTrustBundle": {"path": "t"}})),
                R::ClusterTrustBundle,
            ),
            (
                projected(json!({"podCertificate": {"signerName": "t"}})),
                R::PodCertificate,
            ),
        ] {
            assert_eq!(of(spec.clone()), Some(kind), "{spec}");
        }
    }

    #[test]
    fn what_the_node_itself_can_give_is_none() {
        let env = json!([{"name": "a", "value": "x"}, {"name": "c", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]);
        for spec in [
            json!({}),
            json!({"containers": [{"env": env, "envFrom": null}], "volumes": null, "imagePullSecrets": []}),
            volume("downwardAPI", json!({"items": []})),
            volume("emptyDir", json!({})),
            volume("nfs", json!({"server": "s"})),
            volume("projected", json!({"sources": [{"downwardAPI": {}}]})),
        ] {
            assert_eq!(of(spec.clone()), None, "{spec}");
        }
    }
}
