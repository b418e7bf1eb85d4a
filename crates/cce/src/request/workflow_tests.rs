use super::*;

const CLUSTER: &str = "8978deaa-1743-11ee-8e46-0255ac10004c";

fn workflow(body: &str) -> Result<WorkflowRequest, ApiError> {
    parse_workflow(CLUSTER, body.as_bytes())
}

#[test]
fn workflows_are_read() {
    let least = workflow(
        r#"{"kind": "WorkFlowTask", "apiVersion": "v3", "spec": {"targetVersion": "v1.31"}}"#,
    );
    let wanted = WorkflowRequest {
        cluster_version: None,
        target_version: "v1.31".into(),
    };
    assert_eq!(least.as_ref(), Ok(&wanted));
    // As Terraform sends it.
    let blank = workflow(
        r#"{"kind":"WorkFlowTask","apiVersion":"v3","spec":{"clusterID":"","clusterVersion":"","targetVersion":"v1.31"}}"#,
    );
    assert_eq!(blank.as_ref(), Ok(&wanted));
    let whole = workflow(
        r#"{"kind":"WorkFlowTask","apiVersion":"v3","x":1,"spec":{"clusterID":"8978deaa-1743-11ee-8e46-0255ac10004c","clusterVersion":"v1.28.6-r0","targetVersion":"v1.31.4-r10"}}"#,
    );
    let whole = whole.unwrap();
    assert_eq!(whole.cluster_version.as_deref(), Some("v1.28.6-r0"));
    assert_eq!(whole.target_version, "v1.31.4-r10");
}

#[test]
fn what_is_missing_or_wrong_in_a_workflow_is_named() {
    let cases = [
        (r#"{"apiVersion":"v3","spec":{}}"#, "kind is missing"),
        (
            r#"{"kind":"WorkFlowTask","spec":{}}"#,
            "apiVersion is missing",
        ),
        (
            r#"{"kind":"WorkFlowTask","apiVersion":"v3.1","spec":{}}"#,
            "apiVersion must be v3",
        ),
        (
            r#"{"kind":"Workflow","apiVersion":"v3","spec":{}}"#,
            "kind must be WorkFlowTask",
        ),
        (
            r#"{"kind":"WorkFlowTask","apiVersion":"v3"}"#,
            "spec is missing",
        ),
        (
            r#"{"kind":"WorkFlowTask","apiVersion":"v3","spec":{}}"#,
            "spec.targetVersion is missing",
        ),
        (
            r#"{"kind":"WorkFlowTask","apiVersion":"v3","spec":["a","b","c"]}"#,
            "expected an object",
        ),
        (
            r#"{"kind":"WorkFlowTask","apiVersion":"v3","spec":{"clusterID":"x","targetVersion":"v1.31"}}"#,
            "spec.clusterID \"x\" is not the cluster of the path",
        ),
        (
            r#"["WorkFlowTask","v3",{"targetVersion":"v1.31"}]"#,
            "expected an object",
        ),
    ];
    for (body, expected) in cases {
        let error = workflow(body).expect_err(body);
        assert_eq!(error.code, "CCE.01400001", "{body}");
        assert!(error.message.contains(expected), "{body}: {error}");
    }
}

#[test]
fn a_workflow_can_only_be_cancelled() {
    let change = |body: &str| parse_workflow_update(body.as_bytes());
    let cancel = Ok(WorkflowChange::Cancel);
    assert_eq!(change(r#"{"status": {"phase": "Cancel"}}"#), cancel);
    assert_eq!(
        change(r#"{"status":{"phase":"Cancel","x":1},"y":{}}"#),
        cancel
    );
    let cases = [
        ("{}", "status is missing"),
        (r#"{"status":null}"#, "status is missing"),
        (r#"{"status":{}}"#, "status.phase is missing"),
        (r#"{"status":{"phase":""}}"#, "status.phase is missing"),
        (
            r#"{"status":{"phase":"cancel"}}"#,
            "status.phase must be Cancel",
        ),
        (
            r#"{"status":{"phase":"Success"}}"#,
            "status.phase must be Cancel",
        ),
        (r#"{"status":["Cancel"]}"#, "expected an object"),
        (r#"[{"phase":"Cancel"}]"#, "expected an object"),
    ];
    for (body, expected) in cases {
        let error = change(body).expect_err(body);
        assert!(error.message.contains(expected), "{body}: {error}");
    }
}
