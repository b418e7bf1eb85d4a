//! What no SDK sends by itself, but what stands between may make of it.

use std::sync::Arc;

use anyhow::Result;
use http::{HeaderValue, header, request::Parts};
use hyper::body::Bytes;
use serde_json::json;

use super::{EXPIRED, FORBIDDEN, INVALID, Met, NOT_JSON, UNKNOWN_CALLER, case, cases::precheck};
use crate::{
    caller::Caller,
    misuse::Misused,
    relay::{Change, Relay},
};

pub(super) async fn meets(
    caller: &mut Caller,
    misused: &Misused,
    cluster: &str,
    met: &mut Met,
) -> Result<()> {
    for (what, token, expected, words, change) in changes(misused) {
        let relay = Relay::start(&misused.service.endpoint, change).await?;
        let order = json!({
            "arguments": { "cluster_id": cluster, "body": precheck("v1.32") },
            "headers": token.map_or(json!({}), |token| json!({ "X-Auth-Token": token })),
            "environment": { "AIRWORTHY_ENDPOINT": relay.endpoint },
        });
        let relayed = case(what, "CreateAutopilotPreCheck", order, expected, words);
        met.meet(caller, [relayed]).await;
    }
    a_token_suffices(caller, misused, cluster).await
}

/// Without a signature the token counts, and it is enough.
async fn a_token_suffices(caller: &mut Caller, misused: &Misused, cluster: &str) -> Result<()> {
    let relay = Relay::start(&misused.service.endpoint, change(|_, _| ())).await?;
    let order = json!({
        "arguments": { "cluster_id": cluster },
        "headers": { "X-Auth-Token": misused.token },
        "environment": { "AIRWORTHY_ENDPOINT": relay.endpoint },
    });
    caller.answered_to("ShowAutopilotCluster", order).await?;
    Ok(())
}

type Changed<'a> = (
    &'static str,
    Option<&'a str>,
    super::Expected,
    &'static str,
    Change,
);

/// Each takes the signature away, so that the token counts, if there is one.
fn changes(misused: &Misused) -> [Changed<'_>; 7] {
    let (own, other) = (Some(misused.token.as_str()), Misused::OTHER_PROJECT);
    let expired = Some(misused.expired.as_str());
    let unknown = Some("nonsense");
    let unsigned = || change(|_, _| ());
    let text = change(|parts, _| set(parts, header::CONTENT_TYPE.as_str(), "text/plain"));
    let project = change(|parts, _| set(parts, "x-project-id", other));
    let broken = change(|_, body| *body = Bytes::from_static(b"{\"kind\":"));
    let array = change(|_, body| *body = Bytes::from_static(b"[]"));
    [
        (
            "no credentials",
            None,
            UNKNOWN_CALLER,
            "x-auth-token not found",
            unsigned(),
        ),
        (
            "unknown token",
            unknown,
            UNKNOWN_CALLER,
            "token",
            unsigned(),
        ),
        ("expired token", expired, EXPIRED, "token", unsigned()),
        ("another project in the header", own, FORBIDDEN, "", project),
        ("malformed JSON", own, INVALID, "", broken),
        ("an array", own, INVALID, "", array),
        ("not called JSON", own, NOT_JSON, "", text),
    ]
}

fn change(more: impl Fn(&mut Parts, &mut Bytes) + Send + Sync + 'static) -> Change {
    Arc::new(move |parts, body| {
        parts.headers.remove(header::AUTHORIZATION);
        more(parts, body);
    })
}

fn set(parts: &mut Parts, name: &'static str, value: &'static str) {
    parts.headers.insert(name, HeaderValue::from_static(value));
}
