//! `/metrics`, line by line: the text is megabytes and a few lines count.

use std::collections::{BTreeMap, HashMap};

use airworthy_model::{
    KubeVersion, Minor,
    facts::{Answers, DeprecatedRequest, Metrics, WebhookCalls},
};
use jiff::Timestamp;

use super::exposition::{ByLine, Lines, Sample};
use crate::{
    failure::{Cause, Failure},
    session::{Ask, Session},
};

pub(crate) async fn read(session: &Session<'_>) -> Result<Metrics, Failure> {
    let ask = Ask::get("/metrics", "text/plain;version=0.0.4, */*;q=0.1");
    let most = session.plan.limits.metrics_bytes;
    let (head, scan) = session.patiently::<ByLine<Scan>>(&ask, most).await?;
    if !head.status.is_success() {
        let message = head
            .status
            .canonical_reason()
            .unwrap_or_default()
            .to_owned();
        return Err(ask.failed(Cause::Status(head.status, message)));
    }
    let scan = scan
        .finish()
        .map_err(|why| ask.failed(Cause::Malformed(why.into())))?;
    if let Ok(version) = scan.version.parse::<KubeVersion>() {
        session.met(&version.to_string());
    }
    scan.finish()
        .map_err(|why| ask.failed(Cause::Malformed(why.into())))
}

/// Group, version, resource, subresource.
type Endpoint = [String; 4];

/// What has been read so far.
#[derive(Default)]
pub(crate) struct Scan {
    started: Option<f64>,
    /// What the process says that it is.
    version: String,
    deprecated: Vec<(Endpoint, String)>,
    requests: HashMap<Endpoint, BTreeMap<String, f64>>,
    objects: BTreeMap<String, i64>,
    /// From the older families, which say the same under another name.
    older_objects: BTreeMap<String, i64>,
    storage: BTreeMap<String, u64>,
    storage_errors: Option<f64>,
    certificates: BTreeMap<u64, u64>,
    certificate_faults: BTreeMap<String, u64>,
    /// All, those with an error of the server, those with 429.
    answers: [f64; 3],
    /// By webhook: requests refused because it could not be called, each of which is among those with an error; and those that it
    /// answered.
    webhooks: BTreeMap<String, [f64; 2]>,
    of_an_api_server: bool,
}

/// Most databases and steps of a histogram that are kept.
const MOST: usize = 32;
/// Most webhooks that are told apart: more than an API server could ask in a request.
const MOST_WEBHOOKS: usize = 2_000;
/// How the size of the database was called, the newest last; a server may tell it under several names.
const STORAGE_SIZES: [&str; 3] = [
    "etcd_db_total_size_in_bytes",
    "apiserver_storage_db_total_size_in_bytes",
    "apiserver_storage_size_bytes",
];
/// Groups that the API server serves by itself. A test holds them against the tables.
const OWN_GROUPS: [&str; 26] = [
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "lifecycle.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "settings.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];
/// Subresources whose answers are a kubelet's or a pod's, or a budget's: they say nothing of the API server.
const OF_OTHERS: [&str; 6] = ["attach", "eviction", "exec", "log", "portforward", "proxy"];
/// Counters of faulty certificates behind the API server.
const CERTIFICATE_FAULTS: [&str; 4] = [
    "apiserver_webhooks_x509_insecure_sha1_total",
    "apiserver_webhooks_x509_missing_san_total",
    "apiserver_kube_aggregator_x509_insecure_sha1_total",
    "apiserver_kube_aggregator_x509_missing_san_total",
];

impl Lines for Scan {
    fn line(&mut self, line: &[u8]) {
        if !line.starts_with(b"apiserver_")
            && !line.starts_with(b"etcd_")
            && !line.starts_with(b"process_")
            && !line.starts_with(b"kubernetes_build_info")
        {
            return;
        }
        let Some(sample) = std::str::from_utf8(line).ok().and_then(Sample::parse) else {
            return;
        };
        self.of_an_api_server |= sample.name.starts_with("apiserver_");
        match sample.name {
            "apiserver_requested_deprecated_apis" if sample.value > 0.0 => {
                self.deprecated
                    .push((endpoint(&sample), sample.label("removed_release")));
            }
            "apiserver_request_total" => {
                let verbs = self.requests.entry(endpoint(&sample)).or_default();
                *verbs.entry(sample.label("verb")).or_default() += sample.value;
                self.answer(&sample);
            }
            "apiserver_resource_objects" => {
                let resource = sample.label("resource");
                let group = sample.label("group");
                let key = if group.is_empty() {
                    resource
                } else {
                    format!("{resource}.{group}")
                };
                self.objects.insert(key, sample.count());
            }
            "apiserver_storage_objects" | "etcd_object_counts" => {
                self.older_objects
                    .insert(sample.label("resource"), sample.count());
            }
            "process_start_time_seconds" => self.started = Some(sample.value),
            "kubernetes_build_info" => self.version = sample.label("git_version"),
            _ => self.of_store_or_certificates(&sample),
        }
    }
}

impl Scan {
    fn answer(&mut self, sample: &Sample<'_>) {
        let code = sample.label("code");
        let [all, errors, throttled] = &mut self.answers;
        *all += sample.value;
        if !is_own(sample) {
            return;
        }
        if code.starts_with('5') {
            *errors += sample.value;
        } else if code == "429" {
            *throttled += sample.value;
        }
    }

    fn of_store_or_certificates(&mut self, sample: &Sample<'_>) {
        let name = sample.name;
        if STORAGE_SIZES.contains(&name) && self.storage.len() < MOST {
            // Under each name once; the largest set of them counts.
            let database = format!(
                "{name} {}{}",
                sample.label("endpoint"),
                sample.label("storage_cluster_id")
            );
            self.storage.insert(database, whole(sample.value));
        } else if name == "etcd_request_errors_total" {
            *self.storage_errors.get_or_insert_default() += sample.value;
        } else if name == "apiserver_client_certificate_expiration_seconds_bucket"
            && self.certificates.len() < MOST
        {
            if let Ok(seconds) = sample.label("le").parse::<f64>()
                && seconds.is_finite()
            {
                *self.certificates.entry(whole(seconds)).or_default() += whole(sample.value);
            }
        } else if name.starts_with("apiserver_admission_webhook_") {
            self.webhook(sample);
        } else if CERTIFICATE_FAULTS.contains(&name) && sample.value > 0.0 {
            *self.certificate_faults.entry(name.to_owned()).or_default() += whole(sample.value);
        }
    }

    /// Rejections tell calls that failed and refusals; durations tell the rest, where a failure of a webhook that fails closed counts as
    /// a rejection too.
    fn webhook(&mut self, sample: &Sample<'_>) {
        let answered = match sample.name {
            "apiserver_admission_webhook_rejection_count" => {
                match sample.label("error_type").as_str() {
                    "calling_webhook_error" => false,
                    "no_error" => true,
                    _ => return,
                }
            }
            "apiserver_admission_webhook_admission_duration_seconds_count"
                if sample.label("rejected") == "false" =>
            {
                true
            }
            _ => return,
        };
        let name = sample.label("name");
        if self.webhooks.len() < MOST_WEBHOOKS || self.webhooks.contains_key(&name) {
            self.webhooks.entry(name).or_default()[usize::from(answered)] += sample.value;
        }
    }

    /// The sizes under the newest name that the server knows.
    fn storage_bytes(&self) -> Vec<u64> {
        let under = |name: &&str| {
            let ours = self
                .storage
                .iter()
                .filter(|(key, _)| key.split(' ').next() == Some(*name));
            ours.map(|(_, size)| *size).collect::<Vec<_>>()
        };
        let mut told = STORAGE_SIZES.iter().rev().map(&under);
        told.find(|sizes| !sizes.is_empty()).unwrap_or_default()
    }

    /// What the lines tell.
    pub(crate) fn finish(mut self) -> Result<Metrics, &'static str> {
        if !self.of_an_api_server {
            return Err("there is no metric of an API server in it");
        }
        let storage_bytes = self.storage_bytes();
        let mut object_counts = self.older_objects;
        object_counts.extend(self.objects);
        let mut deprecated_requests: Vec<_> = self
            .deprecated
            .into_iter()
            .map(|(endpoint, removed)| deprecated(&mut self.requests, endpoint, &removed))
            .collect();
        deprecated_requests.sort_unstable();
        let webhook_calls: Vec<_> = self.webhooks.into_iter().filter_map(calls).collect();
        let uncalled = webhook_calls.iter().map(|calls| calls.failed).sum();
        Ok(Metrics {
            process_started: self.started.and_then(instant),
            deprecated_requests,
            object_counts,
            storage_bytes,
            storage_errors: self.storage_errors.map(whole),
            client_certificates: self.certificates,
            certificate_faults: self.certificate_faults,
            answers: Some(Answers {
                all: whole(self.answers[0]),
                errors: whole(self.answers[1]).saturating_sub(uncalled),
                throttled: whole(self.answers[2]),
            }),
            webhook_calls,
        })
    }
}

/// What is kept of a webhook: nothing where all calls got through.
fn calls((name, [failed, answered]): (String, [f64; 2])) -> Option<WebhookCalls> {
    let [failed, answered] = [failed, answered].map(whole);
    (failed > 0).then_some(WebhookCalls {
        name,
        failed,
        answered,
    })
}

/// Whether an answer is the API server's own: about a kind that it stores itself, and not passed on from others. Health checks fail
/// while it starts.
fn is_own(sample: &Sample<'_>) -> bool {
    !sample.label("resource").is_empty()
        && OWN_GROUPS.contains(&sample.label("group").as_str())
        && !OF_OTHERS.contains(&sample.label("subresource").as_str())
}

fn deprecated(
    requests: &mut HashMap<Endpoint, BTreeMap<String, f64>>,
    endpoint: Endpoint,
    removed: &str,
) -> DeprecatedRequest {
    let verbs = requests.remove(&endpoint).unwrap_or_default();
    let [group, version, resource, subresource] = endpoint;
    DeprecatedRequest {
        group,
        version,
        resource,
        subresource,
        removed_release: removed.parse::<Minor>().ok(),
        verbs: verbs
            .into_iter()
            .map(|(verb, count)| (verb, whole(count)))
            .collect(),
    }
}

/// A counter as the whole number that it is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps, which is wanted"
)]
fn whole(count: f64) -> u64 {
    count.round() as u64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` clamps, which is wanted"
)]
fn instant(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()
}

fn endpoint(sample: &Sample<'_>) -> Endpoint {
    ["group", "version", "resource", "subresource"].map(|name| sample.label(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Sink as _;

    const TEXT: &str = r#"# HELP apiserver_request_total x
apiserver_request_total{code="200",group="flowcontrol.apiserver.k8s.io",resource="flowschemas",subresource="",verb="LIST",version="v1beta3"} 3
apiserver_request_total{code="403",group="flowcontrol.apiserver.k8s.io",resource="flowschemas",subresource="",verb="LIST",version="v1beta3"} 1
apiserver_request_total{code="200",group="",resource="pods",subresource="",verb="LIST",version="v1"} 9
apiserver_request_total{code="504",group="",resource="pods",subresource="",verb="LIST",version="v1"} 2
apiserver_request_total{code="500",group="",resource="pods",subresource="",verb="POST",version="v1"} 3
apiserver_request_total{code="429",group="",resource="nodes",subresource="",verb="LIST",version="v1"} 5
apiserver_request_total{code="429",group="",resource="pods",subresource="eviction",verb="POST",version="v1"} 70
apiserver_request_total{code="500",group="",resource="pods",subresource="eviction",verb="POST",version="v1"} 7
apiserver_request_total{code="503",group="metrics.k8s.io",resource="nodes",subresource="",verb="LIST",version="v1beta1"} 7
apiserver_request_total{code="500",group="",resource="",subresource="/readyz",verb="GET",version=""} 7
apiserver_admission_webhook_rejection_count{error_type="calling_webhook_error",name="x",operation="CREATE",rejection_code="0",type="validating"} 3
apiserver_admission_webhook_rejection_count{error_type="no_error",name="x",operation="CREATE",rejection_code="403",type="validating"} 9
apiserver_admission_webhook_rejection_count{error_type="apiserver_internal_error",name="x",operation="CREATE",rejection_code="500",type="validating"} 7
apiserver_admission_webhook_rejection_count{error_type="no_error",name="strict",operation="CREATE",rejection_code="403",type="validating"} 9
apiserver_admission_webhook_admission_duration_seconds_count{name="x",operation="CREATE",rejected="false",type="validating"} 20
apiserver_admission_webhook_admission_duration_seconds_count{name="x",operation="UPDATE",rejected="false",type="validating"} 1
apiserver_admission_webhook_admission_duration_seconds_count{name="x",operation="CREATE",rejected="true",type="validating"} 12
apiserver_admission_webhook_admission_duration_seconds_sum{name="x",operation="CREATE",rejected="false",type="validating"} 50
apiserver_requested_deprecated_apis{group="flowcontrol.apiserver.k8s.io",removed_release="1.32",resource="flowschemas",subresource="",version="v1beta3"} 1
apiserver_requested_deprecated_apis{group="",removed_release="",resource="componentstatuses",subresource="",version="v1"} 1
apiserver_storage_objects{resource="pods"} 4
apiserver_storage_objects{resource="leases.coordination.k8s.io"} -1
apiserver_resource_objects{group="",resource="pods"} 5
apiserver_resource_objects{group="apps",resource="deployments"} 2
apiserver_storage_size_bytes{storage_cluster_id="etcd-0"} 4.1e+06
apiserver_storage_size_bytes{storage_cluster_id="etcd-1"} 1000
apiserver_storage_db_total_size_in_bytes{endpoint="http://127.0.0.1:2379"} 7
etcd_request_errors_total{operation="get",type="pods"} 2
etcd_request_errors_total{operation="list",type="nodes"} 1
apiserver_client_certificate_expiration_seconds_bucket{le="604800"} 3
apiserver_client_certificate_expiration_seconds_bucket{le="+Inf"} 9
apiserver_webhooks_x509_missing_san_total 4
apiserver_webhooks_x509_insecure_sha1_total 0
apiserver_odd{path="a\"b\\c,d\n"} 1
process_start_time_seconds 1.76e+09
"#;

    /// Fed in chunks of every size, because a chunk may end anywhere.
    fn scan(text: &str, chunk: usize) -> Result<Metrics, &'static str> {
        let mut scan = ByLine::<Scan>::default();
        for chunk in text.as_bytes().chunks(chunk) {
            scan.take(chunk).unwrap();
        }
        scan.finish().and_then(Scan::finish)
    }

    #[test]
    fn what_counts_is_found_wherever_chunks_end() {
        let whole = scan(TEXT, usize::MAX).unwrap();
        for chunk in [1, 7, 100] {
            assert_eq!(scan(TEXT, chunk).unwrap(), whole);
        }
        let [status, schemas] = &whole.deprecated_requests[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(
            (status.resource.as_str(), status.removed_release),
            ("componentstatuses", None)
        );
        assert_eq!(schemas.removed_release, Some(Minor::v1(32)));
        assert_eq!(schemas.verbs, BTreeMap::from([("LIST".to_owned(), 4)]));
        let counts = BTreeMap::from([
            ("deployments.apps".to_owned(), 2),
            ("leases.coordination.k8s.io".to_owned(), -1),
            ("pods".to_owned(), 5),
        ]);
        assert_eq!(whole.object_counts, counts);
        let answers = whole.answers.unwrap();
        assert_eq!(
            (answers.all, answers.errors, answers.throttled),
            (114, 2, 5)
        );
        let [calls] = &whole.webhook_calls[..] else {
            panic!("{:?}", whole.webhook_calls)
        };
        assert_eq!((&*calls.name, calls.failed, calls.answered), ("x", 3, 30));
        assert_eq!(whole.process_started.unwrap().as_second(), 1_760_000_000);
        assert_eq!(whole.storage_bytes, [4_100_000, 1000]);
        assert_eq!(whole.storage_errors, Some(3));
        assert_eq!(whole.client_certificates, BTreeMap::from([(604_800, 3)]));
        let faults = BTreeMap::from([("apiserver_webhooks_x509_missing_san_total".to_owned(), 4)]);
        assert_eq!(whole.certificate_faults, faults);
    }

    #[test]
    fn groups_of_its_own_are_those_of_the_tables() {
        let knowledge = airworthy_knowledge::Knowledge::embedded();
        // What has no collection is configuration, or passes between programs.
        let served = |api: &&airworthy_knowledge::Api| !api.resource.is_empty();
        for api in knowledge.apis().filter(served) {
            assert!(OWN_GROUPS.contains(&api.group.as_str()), "{}", api.group);
        }
    }

    #[test]
    fn a_text_that_is_cut_off_or_of_something_else_is_refused() {
        assert!(scan(&TEXT[..TEXT.len() - 3], 100).is_err());
        assert!(scan("process_start_time_seconds 1\n", 100).is_err());
        assert!(scan("", 100).is_err());
    }
}
