//! Lists that do not end, that lead back, that grow or that expire: bounded, and told as what could not be read.

use std::sync::atomic::{AtomicUsize, Ordering};

use airworthy_collect::Plan;
use airworthy_model::{Need, Reason};

use crate::{
    PODS,
    fake::{Fake, Reply, Seen, json, list, pod, status},
    only_missing,
};

/// The tokens of the pages of pods: of page `n` what this says.
async fn pods_with_tokens(token: fn(usize) -> &'static str) -> Fake {
    Fake::start(move |seen, earlier| {
        let page = || json(&list("PodList", token(earlier), &[pod("a"), pod("b")]));
        (seen.path == PODS).then(page)
    })
    .await
}

#[tokio::test]
async fn a_list_that_leads_back_is_given_up_at_once() {
    for (token, requests) in [
        ((|_| "same") as fn(usize) -> &'static str, 2),
        (|page| ["a", "b", "c"][page % 3], 4),
    ] {
        let fake = pods_with_tokens(token).await;
        let (_, missing) = only_missing(&fake, &Plan::everything()).await;
        assert_eq!(
            (missing.need, missing.reason),
            (Need::Pods, Reason::Malformed)
        );
        assert!(
            missing.detail.contains("the same continue token twice"),
            "{}",
            missing.detail
        );
        assert_eq!(fake.queries(PODS).len(), requests);
    }
}

#[tokio::test]
async fn more_objects_than_any_cluster_has_are_not_kept() {
    let tokens = |page| ["a", "b", "c", "d", "e", "f", "g", "h"][page % 8];
    let fake = pods_with_tokens(tokens).await;
    let mut plan = Plan::everything();
    plan.limits.objects = 9;
    let (_, missing) = only_missing(&fake, &plan).await;
    assert_eq!(missing.reason, Reason::Malformed);
    assert!(
        missing.detail.contains("listed more than 9 objects"),
        "{}",
        missing.detail
    );
    assert_eq!(fake.queries(PODS).len(), 5);
}

#[tokio::test]
async fn pages_that_grow_are_asked_for_smaller_and_then_given_up() {
    let fake = Fake::start(|seen, earlier| {
        let size = 1_000 << earlier.min(10);
        let page = || {
            let pod = pod(&"p".repeat(size));
            json(&list("PodList", &format!("t{earlier}"), &[pod]))
        };
        (seen.path == PODS).then(page)
    })
    .await;
    let mut plan = Plan::everything();
    plan.limits.page_bytes = 64 << 10;
    let (_, missing) = only_missing(&fake, &plan).await;
    assert_eq!(missing.reason, Reason::Malformed);
    let queries = fake.queries(PODS);
    let sizes: Vec<_> = queries.iter().filter_map(|q| q.split('&').next()).collect();
    assert_eq!(sizes[..3], ["limit=100", "limit=500", "limit=1439"]);
    assert_eq!(sizes[7..], ["limit=49", "limit=4", "limit=1"]);
    // A page that was too large is asked for again, not passed over.
    assert!(
        queries[7..]
            .iter()
            .all(|query| query.ends_with("continue=t6")),
        "{queries:?}"
    );
}

#[tokio::test]
async fn a_list_with_a_page_that_was_too_large_stays_on_small_pages() {
    let fake = Fake::start(|seen, earlier| {
        let page = |next: &str, size: usize| {
            let name = format!("{earlier}{}", "p".repeat(size));
            Some(json(&list("PodList", next, &[pod(&name)])))
        };
        match (seen.path.as_str(), earlier) {
            (PODS, 0) => page("a", 128 << 10),
            (PODS, 4) => page("", 1),
            (PODS, earlier) => page(&format!("t{earlier}"), 1),
            _ => None,
        }
    })
    .await;
    let mut plan = Plan::everything();
    plan.limits.page_bytes = 64 << 10;
    let facts = fake.collect(&plan).await.unwrap();
    assert_eq!(facts.pods.unwrap().len(), 4);
    let queries = fake.queries(PODS);
    let sizes: Vec<_> = queries.iter().filter_map(|q| q.split('&').next()).collect();
    assert_eq!(
        sizes,
        ["limit=100", "limit=10", "limit=10", "limit=10", "limit=10"]
    );
}

#[tokio::test]
async fn a_list_that_expires_in_the_middle_again_and_again_is_missing() {
    let fake = Fake::start(|seen, earlier| {
        let reply = match earlier % 3 {
            2 => status(410, "Expired"),
            page => json(&list("PodList", &format!("t{page}"), &[pod("a")])),
        };
        (seen.path == PODS).then_some(reply)
    })
    .await;
    let (_, missing) = only_missing(&fake, &Plan::everything()).await;
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Pods, Reason::Overloaded)
    );
    assert_eq!(fake.queries(PODS).len(), 9);
}

#[tokio::test]
async fn a_page_of_ten_thousand_empty_objects_is_read_or_refused_whole() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let items = vec!["{}".to_owned(); 10_000];
    let page = list("PodList", "", &items);
    let fake = Fake::start(move |seen, _| {
        let page = || {
            ASKED.fetch_add(1, Ordering::SeqCst);
            json(&page)
        };
        (seen.path == PODS).then(page)
    })
    .await;
    // The server ignores the limit: that is its right, and the objects count.
    let facts = fake.collect(&Plan::everything()).await.unwrap();
    assert_eq!(facts.pods.unwrap().len(), 10_000);
    let mut plan = Plan::everything();
    plan.limits.objects = 9_999;
    let (_, missing) = only_missing(&fake, &plan).await;
    assert_eq!(missing.need, Need::Pods);
    assert_eq!(ASKED.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_line_of_metrics_that_does_not_end_is_given_up_early() {
    let line = format!(
        "apiserver_request_total{{verb=\"{}\"}} 1\n",
        "x".repeat(4 << 20)
    );
    let reply = Reply::Whole(200, "text/plain", "", line.into_bytes());
    let fake = Fake::start(move |seen, _| (seen.path == "/metrics").then(|| reply.clone())).await;
    let (_, missing) = only_missing(&fake, &Plan::everything()).await;
    assert_eq!(
        (missing.need, missing.reason),
        (Need::Metrics, Reason::Malformed)
    );
    assert!(
        missing.detail.contains("does not end"),
        "{}",
        missing.detail
    );
}

/// Pods of two namespaces, as a list of many would be answered: the whole on two pages, the first of which tells how many come after it.
/// What `odd` answers goes first.
async fn two_namespaces(
    listed: &'static [&'static str],
    odd: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static,
) -> Fake {
    Fake::start(move |seen, _| {
        let rest = if seen.query.contains("continue=") {
            ""
        } else {
            "rest"
        };
        let whole = if rest.is_empty() {
            list("PodList", "", &[pod("c"), pod("d")])
        } else {
            let metadata = r#""resourceVersion":"7","remainingItemCount":2,"continue":"rest""#;
            let page = list("PodList", "rest", &[pod("a"), pod("b")]);
            page.replace(r#""continue":"rest""#, metadata)
        };
        let names: Vec<_> = listed.iter().map(|name| pod(name)).collect();
        odd(seen).or_else(|| match seen.path.as_str() {
            PODS => Some(json(&whole)),
            FIRST => Some(json(&list("PodList", "", &[pod("a"), pod("b"), pod("c")]))),
            SECOND => Some(json(&list("PodList", "", &[pod("d")]))),
            "/api/v1/namespaces" => {
                let metadata = seen.headers["accept"].contains("as=PartialObjectMetadataList");
                let kind = if metadata {
                    "PartialObjectMetadataList"
                } else {
                    "NamespaceList"
                };
                Some(json(&list(kind, "", &names)))
            }
            _ => None,
        })
    })
    .await
}

const FIRST: &str = "/api/v1/namespaces/first/pods";
const SECOND: &str = "/api/v1/namespaces/second/pods";
const AT_ONCE: &str = "resourceVersion=7&resourceVersionMatch=Exact";

fn pods_are_a_long_list() -> Plan {
    let mut plan = Plan::everything();
    plan.limits.long_list = 4;
    plan
}

/// The names of the pods that were read, and how often each list was asked for.
async fn read(fake: &Fake, plan: &Plan) -> (Vec<String>, [usize; 3]) {
    let facts = fake.collect(plan).await.unwrap();
    let names = facts.pods.unwrap().into_iter().map(|pod| pod.name);
    let asked = [PODS, FIRST, SECOND].map(|path| fake.queries(path).len());
    (names.collect(), asked)
}

#[tokio::test]
async fn a_long_list_of_few_namespaces_is_read_namespace_by_namespace() {
    let fake = two_namespaces(&["first", "second"], |_| None).await;
    let all = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    assert_eq!(
        read(&fake, &pods_are_a_long_list()).await,
        (all.clone(), [1, 1, 1])
    );
    // As they were when the first page was.
    for path in [FIRST, SECOND] {
        assert!(
            fake.queries(path)[0].ends_with(AT_ONCE),
            "{:?}",
            fake.queries(path)
        );
    }

    let fake = two_namespaces(&["first", "second"], |_| None).await;
    let mut plan = pods_are_a_long_list();
    plan.limits.long_list = 5;
    assert_eq!(read(&fake, &plan).await, (all, [2, 0, 0]));
}

#[tokio::test]
async fn objects_of_a_namespace_that_is_not_listed_are_not_lost() {
    let fake = two_namespaces(&["first"], |_| None).await;
    let all = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    assert_eq!(read(&fake, &pods_are_a_long_list()).await, (all, [3, 1, 0]));
}

#[tokio::test]
async fn a_server_that_does_not_list_namespaces_so_is_asked_for_the_whole() {
    let all = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let refused = |seen: &Seen| (seen.path == SECOND).then(|| status(400, "no"));
    let fake = two_namespaces(&["first", "second"], refused).await;
    assert_eq!(
        read(&fake, &pods_are_a_long_list()).await,
        (all.clone(), [3, 1, 1])
    );

    // Nor is a name put into a path that is none of a namespace.
    let fake = two_namespaces(&["first", "../../version"], |_| None).await;
    assert_eq!(read(&fake, &pods_are_a_long_list()).await, (all, [2, 0, 0]));
}

#[tokio::test]
async fn a_namespace_that_expired_begins_the_list_again() {
    let expired = AtomicUsize::new(0);
    let gone = move |seen: &Seen| {
        let first = seen.path == SECOND && expired.fetch_add(1, Ordering::SeqCst) == 0;
        first.then(|| status(410, "Expired"))
    };
    let fake = two_namespaces(&["first", "second"], gone).await;
    let facts = fake.collect(&pods_are_a_long_list()).await.unwrap();
    assert_eq!(facts.pods.unwrap().len(), 4);
    let notes: Vec<_> = facts
        .collection
        .as_ref()
        .unwrap()
        .notes
        .iter()
        .map(|note| &note.detail)
        .collect();
    assert!(
        notes
            .iter()
            .any(|detail| detail.contains("read again from the start (1 ×)")),
        "{notes:?}"
    );
    assert_eq!(fake.queries(PODS).len(), 2);
}

#[tokio::test]
async fn metadata_of_chosen_objects_is_asked_for_on_pages_that_do_not_grow() {
    let secrets = "/api/v1/secrets";
    let fake = Fake::start(move |seen, _| {
        let first = seen.path == secrets && !seen.query.contains("continue=");
        first.then(|| json(&list("PartialObjectMetadataList", "next", &[pod("a")])))
    })
    .await;
    let helm = Plan::of([Need::HelmReleases]);
    fake.collect(&helm).await.unwrap();
    let queries = fake.queries(secrets);
    assert_eq!(queries.len(), 2, "{queries:?}");
    assert!(queries.iter().all(|query| query.starts_with("limit=100&")));
}

/// From so many Secrets on they are many.
const MANY: usize = 40;
const SECRETS: &str = "/api/v1/secrets";
const FIRST_SECRETS: &str = "/api/v1/namespaces/first/secrets";
const SECOND_SECRETS: &str = "/api/v1/namespaces/second/secrets";

/// Secrets of two namespaces, of which there are as many as this. What `odd` answers goes first.
async fn secrets(
    stored: usize,
    odd: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static,
) -> Fake {
    let chosen = |names: &[&str]| {
        let all: Vec<_> = names.iter().map(|name| pod(name)).collect();
        let list = list("PartialObjectMetadataList", "", &all);
        Some(json(
            &list.replace(r#""continue":"""#, r#""resourceVersion":"7""#),
        ))
    };
    let metrics = format!("apiserver_storage_objects{{resource=\"secrets\"}} {stored}\n");
    Fake::start(move |seen, _| {
        let by_metadata = seen
            .headers
            .get("accept")
            .is_some_and(|accept| accept.contains("as=PartialObjectMetadataList"));
        odd(seen).or_else(|| match seen.path.as_str() {
            "/metrics" => Some(Reply::Whole(200, "text/plain", "", metrics.clone().into())),
            "/api/v1/namespaces" if by_metadata => chosen(&["first", "second"]),
            SECRETS => chosen(&["a", "b"]),
            FIRST_SECRETS => chosen(&["a"]),
            SECOND_SECRETS => chosen(&["b"]),
            _ => None,
        })
    })
    .await
}

/// The names of the tokens that were read, and how often each list of Secrets that may hold some was asked for.
async fn tokens(fake: &Fake) -> (Vec<String>, [usize; 3]) {
    let mut plan = Plan::everything();
    plan.limits.long_choice = MANY;
    let facts = fake.collect(&plan).await.unwrap();
    let names = facts.token_secrets.unwrap().into_iter().map(|one| one.name);
    let asked = [SECRETS, FIRST_SECRETS, SECOND_SECRETS].map(|path| {
        let of_tokens = |query: &&String| query.contains("service-account-token");
        fake.queries(path).iter().filter(of_tokens).count()
    });
    (names.collect(), asked)
}

#[tokio::test]
async fn what_a_selector_chooses_of_many_is_read_namespace_by_namespace() {
    let all = ["a", "b"].map(str::to_owned).to_vec();
    let fake = secrets(MANY, |_| None).await;
    assert_eq!(tokens(&fake).await, (all.clone(), [0, 1, 1]));
    // All as they were when the namespaces were listed.
    for path in [FIRST_SECRETS, SECOND_SECRETS] {
        for query in fake.queries(path) {
            assert!(
                query.ends_with(AT_ONCE) && query.contains("limit="),
                "{query}"
            );
        }
    }
    let fake = secrets(MANY - 1, |_| None).await;
    assert_eq!(tokens(&fake).await, (all, [1, 0, 0]));
}

#[tokio::test]
async fn where_nobody_counts_or_lists_namespaces_the_whole_is_asked_for() {
    let all = ["a", "b"].map(str::to_owned).to_vec();
    let uncounted = |seen: &Seen| (seen.path == "/metrics").then(|| status(403, "Forbidden"));
    let fake = secrets(MANY, uncounted).await;
    assert_eq!(tokens(&fake).await, (all.clone(), [1, 0, 0]));

    let refused = |seen: &Seen| (seen.path == SECOND_SECRETS).then(|| status(400, "no"));
    let fake = secrets(MANY, refused).await;
    assert_eq!(tokens(&fake).await, (all, [1, 1, 1]));
}
