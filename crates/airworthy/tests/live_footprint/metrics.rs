//! What an API server counted of deprecated requests.

use std::collections::BTreeSet;

use airworthy_testbed::Client;

/// Versions that were asked for although they are deprecated.
pub(super) async fn deprecated_requests(client: &Client) -> BTreeSet<String> {
    let metrics = client.get_text("/metrics").await.unwrap();
    let lines = metrics.lines();
    let of = |line: &&str| line.starts_with("apiserver_requested_deprecated_apis{");
    lines.filter(of).map(str::to_owned).collect()
}
