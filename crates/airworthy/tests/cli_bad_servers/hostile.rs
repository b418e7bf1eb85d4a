//! Names and texts that try to be more than that, from an API server to everything that the program prints or writes.

use serde_json::{Value, json};

use crate::{
    common_cli::{Ended, Recordings, airworthy, kubeconfig::for_server},
    fake::{Fake, Reply, kind_of, list},
};

fn names() -> Vec<String> {
    let names = [
        "\u{1b}[2J\u{1b}]0;owned\u{7}x",
        "\u{9b}31mred\u{90}x\u{9c}",
        "two\nlines\r\n::error::injected",
        "\u{202e}gnp.exe \u{2066}x\u{200b}\u{61c}",
        "smuggled\u{e0041}\u{e0042}\u{ad}\u{fff9}",
        "nul\0bell\u{7}del\u{7f}\u{85}\u{2028}",
        "=HYPERLINK(\"http://example.com\")",
        "<script>alert(1)</script>&amp;--></title>",
        "| a | b |\n# heading ``` [x](y) @somebody",
        "${{ secrets.TOKEN }} %0A::error::x",
        "`reboot` $(reboot) ; reboot",
    ];
    let long = "long-".repeat(2_000);
    names.into_iter().map(str::to_owned).chain([long]).collect()
}

/// One object of each of some kinds, all with this name and this text, each in a state that some check speaks of.
fn items(path: &str, text: &str) -> Option<Value> {
    let condition =
        |kind: &str| json!([{ "type": kind, "status": "False", "reason": text, "message": text }]);
    let metadata =
        json!({ "name": text, "namespace": text, "uid": text, "labels": { text: text } });
    let mut item = match path.rsplit('/').next()? {
        "nodes" => json!({
            "spec": { "taints": [{ "key": text, "effect": text }] },
            "status": { "conditions": condition("Ready"), "nodeInfo": { "kubeletVersion": text, "containerRuntimeVersion": text } },
        }),
        "namespaces" => {
            json!({ "status": { "phase": "Terminating", "conditions": condition(text) } })
        }
        "pods" => json!({
            "spec": { "nodeName": text, "containers": [{ "name": text, "image": text }] },
            "status": { "phase": text, "reason": text, "containerStatuses": [{ "name": text, "state": { "waiting": { "reason": "CrashLoopBackOff" } } }] },
        }),
        "persistentvolumeclaims" => {
            json!({ "spec": { "volumeName": text }, "status": { "phase": "Lost" } })
        }
        "apiservices" => json!({
            "spec": { "group": text, "version": text, "service": { "namespace": text, "name": text } },
            "status": { "conditions": condition("Available") },
        }),
        "deployments" => json!({
            "spec": { "replicas": 3, "template": { "spec": { "containers": [{ "name": text, "image": text }] } } },
            "status": { "conditions": condition("Progressing") },
        }),
        "poddisruptionbudgets" => {
            json!({ "spec": { "selector": {}, "maxUnavailable": text }, "status": { "conditions": condition("DisruptionAllowed") } })
        }
        _ => return None,
    };
    item["metadata"] = metadata;
    Some(item)
}

async fn server(text: String) -> Fake {
    Fake::start(move |seen, _| {
        if seen.path == "/readyz" {
            let body = format!("[-]{text} failed: reason withheld\nreadyz check failed\n");
            return Some(Reply::Whole(500, "text/plain", "", body.into()));
        }
        if seen.path == "/api/v1/services" {
            let body = json!({ "kind": "Status", "message": text, "code": 500 });
            return Some(Reply::Whole(
                500,
                "application/json",
                "",
                body.to_string().into(),
            ));
        }
        let item = items(&seen.path, &text)?.to_string();
        Some(Reply::Whole(
            200,
            "application/json",
            "",
            list(kind_of(&seen.path)?, "", &[item]).into(),
        ))
    })
    .await
}

/// What prints nothing but changes how others read, or makes a terminal do something.
fn steers(c: char) -> bool {
    let invisible = matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    invisible || (c.is_control() && c != '\n')
}

#[track_caller]
fn harmless(what: &str, ended: &Ended) {
    for text in [&ended.stdout, &ended.stderr] {
        // Lines of CSV end as its standard has it.
        let lines = text.replace("\r\n", "\n");
        let odd = lines.chars().find(|&c| steers(c));
        assert_eq!(odd, None, "{what}: {text:?}");
    }
}

/// Reads a document back, where there is a reader here; the other formats are read back beside their renderers.
#[track_caller]
fn reads_back(format: &str, text: &str) {
    match format {
        "json" | "sarif" => drop(serde_json::from_str::<Value>(text).expect(format)),
        "yaml" => drop(serde_saphyr::from_str::<Value>(text).expect(format)),
        "github" => assert!(text.lines().all(|line| line.starts_with("::")), "{text}"),
        "html" => assert!(!text.contains("<script>alert"), "{text}"),
        "csv" => assert!(!text.contains("\n=") && !text.contains(",="), "{text}"),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_printed_obeys_a_name() {
    for name in names() {
        let fake = server(name.clone()).await;
        let folder = Recordings::new();
        let config = for_server(&format!("http://{}", fake.address));
        let config = folder.bytes("kubeconfig", config.as_bytes());
        let recording = folder.path().join("recording.tar");
        let [config, recording] = [&config, &recording].map(|path| path.to_str().expect("a path"));
        let recorded = airworthy(["record", "--kubeconfig", config, "-o", recording])
            .ended()
            .await;
        recorded.exits(0);
        harmless("record", &recorded);
        for format in [
            "table", "wide", "json", "yaml", "csv", "markdown", "html", "sarif", "junit", "github",
        ] {
            let args = [
                "precheck", "--from", recording, "--target", "1.32", "-o", format,
            ];
            let ended = airworthy(args).ended().await;
            assert!([1, 3].contains(&ended.code), "{ended}");
            harmless(format, &ended);
            reads_back(format, &ended.stdout);
        }
        for args in [
            &["inspect", recording][..],
            &["inspect", recording, "--group", "nodes"],
            &["inspect", recording, "--group", "nodes", "-o", "json"],
            &["diff", recording, recording],
            &[
                "postcheck",
                "--from",
                recording,
                "--baseline",
                recording,
                "--fail-on",
                "never",
            ],
        ] {
            let ended = airworthy(args).ended().await;
            assert_ne!(ended.code, 2, "{ended}");
            harmless(args[0], &ended);
        }
    }
}

/// What a server says of why it refuses us is for people, not for their terminals.
#[tokio::test(flavor = "multi_thread")]
async fn refusals_cannot_steer_a_terminal() {
    for name in names() {
        let body = json!({ "kind": "Status", "message": name, "code": 401 }).to_string();
        let fake = Fake::start(move |_, _| {
            Some(Reply::Whole(
                401,
                "application/json",
                "",
                body.clone().into(),
            ))
        });
        let config = for_server(&format!("http://{}", fake.await.address));
        let folder = Recordings::new();
        let config = folder.bytes("kubeconfig", config.as_bytes());
        let ended = airworthy(["precheck", "--kubeconfig", config.to_str().expect("a path")])
            .ended()
            .await;
        ended.refuses(&["does not accept our credentials"]);
        harmless("a refusal", &ended);
        assert_eq!(ended.stderr.lines().count(), 1, "{ended}");
    }
}
