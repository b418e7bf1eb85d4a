//! The decoders of what clusters answer, for whoever feeds them any bytes. Nothing here asks a cluster.

use airworthy_model::facts;
use bytes::Bytes;

use crate::{
    groups::{
        components,
        exposition::{ByLine, Lines},
        kubelets, metrics,
    },
    session::Sink as _,
    wire::{self, Wire},
};

/// Reads a body as text that components tell of themselves, in pieces of so many bytes where it is read by lines: metrics, flags and
/// settings of the API server, of kubeadm and of kubelets. Gives what was read, to compare.
pub fn texts(body: &[u8], piece: usize) -> String {
    let metrics = in_pieces(body, piece).and_then(metrics::Scan::finish);
    let mut kubelet = facts::Kubelet::default();
    kubelets::told(body, &mut kubelet);
    let gauges = in_pieces(body, piece).and_then(|all| kubelets::gauged(all, &mut kubelet));
    let components = components::told(&String::from_utf8_lossy(body));
    format!("{metrics:?}\n{gauges:?} {kubelet:?}\n{components:?}")
}

fn in_pieces<L: Lines>(body: &[u8], piece: usize) -> Result<L, &'static str> {
    let mut lines = ByLine::<L>::default();
    for chunk in body.chunks(piece.max(1)) {
        lines.take(chunk).map_err(|_| "a line does not end")?;
    }
    lines.finish()
}

/// Reads a body as the list of each kind, as JSON and as what stands in the envelope of protobuf. Gives how many rows it had.
pub fn lists(body: &[u8]) -> usize {
    let body = Bytes::copy_from_slice(body);
    let mut rows = 0;
    macro_rules! read {
        ($($wire:ty => $fact:ty),+ $(,)?) => {$(
            rows += list::<$wire, $fact>(wire::JSON, body.clone());
            rows += list::<$wire, $fact>(wire::PROTOBUF, envelope(<$wire>::LIST, &body));
        )+};
    }
    read!(
        wire::pod::Pod => facts::Pod,
        wire::node::Node => facts::Node,
        wire::network::Namespace => facts::Namespace,
        wire::network::Service => facts::Service,
        wire::network::EndpointSlice => facts::EndpointSlice,
        wire::api::Definition => facts::Crd,
        wire::api::Registration => facts::ApiService,
        wire::workload::Deployment => facts::Workload,
        wire::workload::StatefulSet => facts::Workload,
        wire::workload::DaemonSet => facts::Workload,
        wire::storage::PersistentVolume => facts::PersistentVolume,
        wire::storage::PersistentVolumeClaim => facts::PersistentVolumeClaim,
        wire::storage::CsiNode => facts::CsiNode,
        wire::storage::VolumeAttachment => facts::VolumeAttachment,
        wire::ingress::Ingress => facts::Ingress,
        wire::policy::NetworkPolicy => facts::NetworkPolicy,
        wire::batch::Job => facts::Job,
        wire::batch::CronJob => facts::CronJob,
        wire::csr::CertificateSigningRequest => facts::Csr,
        wire::lease::Lease => facts::Lease,
        wire::gateway::Gateway => facts::Gateway,
        wire::usage::NodeMetrics => facts::NodeUsage,
        wire::probe::ProbePod => facts::Probe,
        wire::access::ServiceAccount => facts::ServiceAccount,
        wire::access::TokenSecret => facts::TokenSecret,
    );
    rows
}

fn list<W: Wire, F: From<W>>(content_type: &str, body: Bytes) -> usize {
    let mut rows = 0;
    let keep = |wire: W| {
        drop(F::from(wire));
        rows += 1;
    };
    // What is wrong with it is told, and nothing is kept of it.
    let told = wire::decode_list(content_type, body, keep);
    told.map_or(0, |_| rows)
}

/// The envelope in which Kubernetes sends protobuf: four bytes, the kind, and the object.
fn envelope(kind: &str, raw: &[u8]) -> Bytes {
    let field = |tag: u8, bytes: &[u8]| {
        let mut field = vec![tag << 3 | 2];
        prost::encoding::encode_varint(bytes.len() as u64, &mut field);
        field.extend_from_slice(bytes);
        field
    };
    let kind = field(1, &field(2, kind.as_bytes()));
    [b"k8s\0", &kind[..], &field(2, raw)].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_in_both_encodings() {
        let json = br#"{"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [{"metadata": {"name": "a"}}]}"#;
        assert_eq!(lists(json), 2, "a pod, and a pod of a probe");
        // An item (field 2) with metadata (field 1) with a name (field 1): of every kind.
        let protobuf = [0x12, 0x05, 0x0a, 0x03, 0x0a, 0x01, b'a'];
        assert!(lists(&protobuf) > 20);
    }

    #[test]
    fn pieces_make_no_difference() {
        let text =
            b"# HELP x\nkubelet_cgroup_version 2\napiserver_storage_objects{resource=\"pods\"} 3\n";
        let whole = texts(text, text.len());
        assert!(whole.contains("cgroup_version: Some(2)"), "{whole}");
        assert_eq!(texts(text, 3), whole);
    }
}
