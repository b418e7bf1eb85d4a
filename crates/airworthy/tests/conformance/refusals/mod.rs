//! Every error that the service knows, as the exception of each SDK.

mod cases;
mod relayed;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::{
    bodies,
    caller::{Caller, Refusal},
    common_sdk::Language,
    matrix,
    misuse::Misused,
    told::id,
};

/// Status and code of an error.
pub(crate) type Expected = (u64, &'static str);

const INVALID: Expected = (400, "CCE.01400001");
const NOT_JSON: Expected = (400, "CCE.01400006");
const VERSION: Expected = (400, "CCE.01400015");
const UNKNOWN_CALLER: Expected = (401, "APIGW.0301");
const EXPIRED: Expected = (401, "APIGW.0307");
const FORBIDDEN: Expected = (403, "CCE.01403001");
const NO_SUCH_API: Expected = (404, "APIGW.0101");
const NOT_THERE: Expected = (404, "CCE.01404001");
const IN_THE_WAY: Expected = (409, "CCE.01409001");
const TOO_LARGE: Expected = (413, "APIGW.0201");
const INTERNAL: Expected = (500, "CCE.01500001");

/// Every error that a caller with an SDK can meet.
pub(crate) const ERRORS: [Expected; 11] = [
    INVALID,
    NOT_JSON,
    VERSION,
    UNKNOWN_CALLER,
    EXPIRED,
    FORBIDDEN,
    NO_SUCH_API,
    NOT_THERE,
    IN_THE_WAY,
    TOO_LARGE,
    INTERNAL,
];

/// A call, and the error that it must meet.
pub(crate) struct Case {
    what: &'static str,
    call: &'static str,
    order: Value,
    expected: Expected,
    /// Part of the message.
    words: &'static str,
}

fn case(
    what: &'static str,
    call: &'static str,
    order: Value,
    expected: Expected,
    words: &'static str,
) -> Case {
    Case {
        what,
        call,
        order,
        expected,
        words,
    }
}

/// What was not met as expected.
#[derive(Debug, Default)]
struct Met(Vec<String>);

/// All errors but the internal one, by one SDK.
pub(crate) async fn meets(caller: &mut Caller, misused: &Misused) -> Result<()> {
    let cluster = misused.cluster(caller.language)?;
    let mut met = Met::default();
    let all = [
        cases::callers(misused),
        cases::places(cluster),
        cases::bodies(cluster),
        cases::states(cluster),
        cases::targets(cluster),
    ];
    met.meet(caller, all.into_iter().flatten()).await;
    relayed::meets(caller, misused, cluster, &mut met).await?;
    conflicts(caller, cluster, &mut met).await?;
    met.end()
}

/// While the cluster is upgraded in this workflow.
pub(crate) async fn meets_what_is_under_way(
    caller: &mut Caller,
    cluster: &str,
    workflow: &str,
) -> Result<()> {
    let mut met = Met::default();
    let cases = cases::under_way(cluster, workflow);
    met.meet(caller, cases).await;
    met.end()
}

/// With a plan that may start until the first of March.
pub(crate) async fn meets_a_deadline(caller: &mut Caller, cluster: &str, plan: &str) -> Result<()> {
    let mut met = Met::default();
    met.meet(caller, cases::plans(cluster, plan)).await;
    met.end()
}

/// After [`Misused::breaks`].
pub(crate) async fn meets_an_internal_error(caller: &mut Caller) -> Result<()> {
    let list = "ListAutopilotClusters";
    let mut met = Met::default();
    let broken = case("a broken database", list, json!({}), INTERNAL, "");
    met.meet(caller, [broken]).await;
    met.end()
}

/// What is in the way: an open workflow, and one that is no longer open.
async fn conflicts(caller: &mut Caller, cluster: &str, met: &mut Met) -> Result<()> {
    let create = "CreateAutopilotUpgradeWorkFlow";
    let arguments = json!({ "cluster_id": cluster, "body": cases::workflow("v1.32") });
    let opened = caller.answered(create, arguments.clone()).await?;
    let order = json!({ "arguments": arguments });
    let second = case("a second workflow", create, order, IN_THE_WAY, "");
    met.meet(caller, [second]).await;

    let change = "UpgradeAutopilotWorkFlowUpdate";
    let to = |phase: &str| {
        json!({
            "cluster_id": cluster,
            "upgrade_workflow_id": id(&opened["metadata"]["uid"]),
            "body": bodies::phase(phase),
        })
    };
    let order = |phase: &str| json!({ "arguments": to(phase) });
    let running = case("not Cancel", change, order("Running"), INVALID, "Cancel");
    met.meet(caller, [running]).await;
    caller.answered(change, to("Cancel")).await?;
    let again = case(
        "cancelled twice",
        change,
        order("Cancel"),
        INVALID,
        "Cancel",
    );
    met.meet(caller, [again]).await;
    Ok(())
}

impl Met {
    /// Makes the calls that the SDK has.
    async fn meet(&mut self, caller: &mut Caller, cases: impl IntoIterator<Item = Case>) {
        for case in cases {
            if !matrix::has(caller.language, case.call) {
                continue;
            }
            match caller.refused(case.call, case.order.clone()).await {
                Ok(met) if case.is_met_by(caller.language, &met) => {
                    caller.matrix.refused(case.expected, caller.language);
                }
                Ok(met) => self.0.push(format!("{}: {met:?}", case.what)),
                Err(error) => self.0.push(format!("{}: {error:#}", case.what)),
            }
        }
    }

    fn end(self) -> Result<()> {
        ensure!(self.0.is_empty(), "{}", self.0.join("\n"));
        Ok(())
    }
}

impl Case {
    fn is_met_by(&self, language: Language, met: &Refusal) -> bool {
        (met.status, met.code.as_str()) == self.expected
            && met.message.contains(self.words)
            && met.kind == exception(language, met.status)
            && is_request_id(&met.request_id)
    }
}

fn exception(language: Language, status: u64) -> &'static str {
    match language {
        Language::Go | Language::GoLegacy => "*sdkerr.ServiceResponseError",
        _ if status < 500 => "ClientRequestException",
        _ => "ServerResponseException",
    }
}

fn is_request_id(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 32 && text.bytes().all(digit)
}
