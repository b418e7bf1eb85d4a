//! Whole logs, from bytes to facts.

use std::{fs, io::Write as _, path::Path};

use airworthy_knowledge::Knowledge;
use airworthy_model::facts::AuditLog;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::{MOST_ROWS, OpenAuditError, Sources, Tally, lines::LONGEST, read, tally::MOST_VERBS};

/// A call as an API server of 1.31 logs it: marked deprecated.
fn call() -> Value {
    json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "a", "stage": "ResponseComplete",
        "requestURI": "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas", "verb": "list",
        "user": {"username": "jane", "groups": ["g"]}, "sourceIPs": ["127.0.0.1"], "userAgent": "reader/1.0",
        "objectRef": {"resource": "flowschemas", "apiGroup": "flowcontrol.apiserver.k8s.io", "apiVersion": "v1beta3"},
        "responseStatus": {"metadata": {}, "code": 200},
        "requestReceivedTimestamp": "2026-11-22T11:00:00.000001Z", "stageTimestamp": "2026-11-22T11:00:01.000002Z",
        "annotations": {"k8s.io/deprecated": "true", "k8s.io/removed-release": "1.32"},
    })
}

#[allow(clippy::needless_pass_by_value)] // Its callers write the changes in place.
fn with(changes: Value) -> Value {
    let mut event = call();
    for (key, value) in changes.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

/// A call of a version that lives.
fn plain(user: &str, agent: &str) -> Value {
    with(json!({
        "requestURI": "/apis/apps/v1/deployments?limit=500", "user": {"username": user}, "userAgent": agent, "annotations": {},
        "objectRef": {"resource": "deployments", "apiGroup": "apps", "apiVersion": "v1"},
    }))
}

/// As an API server writes it: members in their order, no blanks.
fn line(event: &Value) -> String {
    let order = [
        "kind",
        "apiVersion",
        "level",
        "auditID",
        "stage",
        "requestURI",
        "verb",
        "user",
        "impersonatedUser",
        "sourceIPs",
        "userAgent",
        "objectRef",
        "responseStatus",
        "requestObject",
        "requestReceivedTimestamp",
        "stageTimestamp",
        "annotations",
    ];
    let members = order.iter().filter(|name| !event[name].is_null());
    let members: Vec<_> = members
        .map(|name| format!("\"{name}\":{}", event[name]))
        .collect();
    format!("{{{}}}\n", members.join(","))
}

fn log(events: &[Value]) -> String {
    events.iter().map(line).collect()
}

fn facts(text: impl AsRef<[u8]>) -> AuditLog {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    fs::write(&path, text).unwrap();
    let mut facts = read_all(&[&path]);
    for problem in &mut facts.problems {
        problem.file = problem.file.replace(path.to_str().unwrap(), "LOG");
    }
    facts.sources.clear();
    facts
}

fn read_all(paths: &[&Path]) -> AuditLog {
    let paths: Vec<_> = paths.iter().map(|path| path.to_path_buf()).collect();
    read(Sources::find(&paths).unwrap(), Knowledge::embedded())
}

/// Counts by caller: resource, user, user agent, calls, failed ones.
fn counted(facts: &AuditLog) -> Vec<String> {
    let row = |caller: &airworthy_model::facts::ApiCaller| {
        format!(
            "{}/{} {}/{} {} {} {:?} {} {}",
            caller.group,
            caller.version,
            caller.resource,
            caller.subresource,
            caller.user,
            caller.user_agent,
            caller.verbs,
            caller.count,
            caller.failed
        )
    };
    facts.callers.iter().map(row).collect()
}

fn problems(facts: &AuditLog) -> Vec<String> {
    facts
        .problems
        .iter()
        .map(|problem| format!("{}:{} {}", problem.file, problem.line, problem.why))
        .collect()
}

const JANE: &str = "flowcontrol.apiserver.k8s.io/v1beta3 flowschemas/ jane reader/1.0";

#[test]
fn a_deprecated_call_names_its_client_and_all_others_are_clients_only() {
    let facts = facts(log(&[
        call(),
        plain("joe", "kubectl/v1.24.3 (linux/amd64) kubernetes/aef86a9"),
        call(),
    ]));
    assert_eq!(counted(&facts), [format!(r#"{JANE} {{"list": 2}} 2 0"#)]);
    let caller = &facts.callers[0];
    assert_eq!(caller.removed_release.unwrap().to_string(), "1.32");
    assert_eq!(
        caller.first_seen.unwrap().to_string(),
        "2026-11-22T11:00:00.000001Z"
    );
    assert_eq!(
        caller.last_seen.unwrap().to_string(),
        "2026-11-22T11:00:01.000002Z"
    );
    let clients: Vec<_> = facts
        .clients
        .iter()
        .map(|client| (&*client.user, client.count))
        .collect();
    assert_eq!(clients, [("joe", 1), ("jane", 2)]);
    assert_eq!(
        (facts.events, facts.unreadable, problems(&facts).len()),
        (3, 0, 0)
    );
    assert_eq!(
        facts.last.unwrap().to_string(),
        "2026-11-22T11:00:01.000002Z"
    );
}

/// What is found in a line without decoding it is what decoding finds.
#[test]
fn the_form_of_a_line_does_not_matter() {
    let events = [
        call(),
        plain("joe", "kubectl/v1.24.3"),
        with(json!({"stage": "RequestReceived"})),
        with(json!({"impersonatedUser": {"username": "root"}})),
        with(json!({"userAgent": null})),
        with(json!({"userAgent": "a\"b\\c<&> 😀"})),
        with(json!({"user": {"username": "a\"b"}})),
        with(json!({"requestURI": "/healthz", "objectRef": null, "annotations": {}})),
        with(
            json!({"level": "Request", "requestObject": {"userAgent": "fake", "requestReceivedTimestamp": "2030-01-01T00:00:00.000000Z"}}),
        ),
    ];
    let written = facts(log(&events));
    let without_null = |event: &Value| event.to_string().replace("\"userAgent\":null,", "");
    let others: Vec<_> = events.iter().map(without_null).collect();
    let sorted = format!(" {} \r\n", others.join(" \r\n "));
    assert_eq!(facts(&sorted), written, "{sorted}");
    let list = format!(
        r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{}]}}"#,
        others.join(",")
    );
    assert_eq!(facts(&list), written);
    assert_eq!(written.unreadable, 0, "{written:#?}");
    assert_eq!(written.events, 9);
}

#[test]
fn a_request_counts_once_whatever_stages_are_logged() {
    let stage = |stage: &str| with(json!({"stage": stage}));
    let watch = |stage: &str| with(json!({"stage": stage, "verb": "watch"}));
    let facts = facts(log(&[
        stage("RequestReceived"),
        stage("ResponseComplete"),
        stage("Panic"),
        stage("RequestReceived"),
        watch("ResponseStarted"),
        watch("ResponseStarted"),
        watch("ResponseComplete"),
    ]));
    assert_eq!(
        counted(&facts),
        [format!(r#"{JANE} {{"list": 2, "watch": 2}} 4 0"#)]
    );
    assert_eq!((facts.events, facts.clients[0].count), (7, 3));
}

#[test]
fn a_version_that_ends_counts_although_no_server_marks_it() {
    let unmarked = |code: u16| {
        with(
            json!({"annotations": {}, "responseStatus": {"code": code}, "requestURI": "/apis/batch/v1beta1/cronjobs",
            "objectRef": {"resource": "cronjobs", "apiGroup": "batch", "apiVersion": "v1beta1"}}),
        )
    };
    // Who is answered 404 for a version that is gone already is no client that runs, and is counted apart.
    let facts = facts(log(&[unmarked(200), unmarked(404), unmarked(403)]));
    let one = [r#"batch/v1beta1 cronjobs/ jane reader/1.0 {"list": 1} 1 0"#];
    assert_eq!(counted(&facts), one);
    let refused = AuditLog {
        callers: facts.refused,
        ..AuditLog::default()
    };
    let failed = [r#"batch/v1beta1 cronjobs/ jane reader/1.0 {"list": 1} 1 1"#];
    assert_eq!(counted(&refused), failed);
}

#[test]
fn a_marked_call_counts_even_when_its_answer_was_an_error() {
    let facts = facts(log(&[
        with(json!({"responseStatus": {"code": 404}})),
        call(),
    ]));
    assert_eq!(counted(&facts), [format!(r#"{JANE} {{"list": 2}} 2 1"#)]);
}

#[test]
fn what_cannot_be_read_is_counted_with_the_place_of_the_first_and_the_rest_goes_on() {
    let good = line(&call());
    let other = good.replace("audit.k8s.io/v1\"", "audit.k8s.io/v1beta1\"");
    let long = "x".repeat(LONGEST + 1);
    let cut = &good[..good.len() / 2];
    let text =
        format!("{good}banana\n\n{good}{cut}\n{{\"a\": 1}}\n{other}\0\0\n{long}\n{good}{cut}");
    let facts = facts(&text);
    assert_eq!(facts.callers[0].count, 3);
    assert_eq!(facts.unreadable, 7);
    assert_eq!(
        problems(&facts),
        [
            "LOG:2 not JSON; this is the first of 2 such lines",
            "LOG:5 cut off in its middle; this is the first of 2 such lines",
            "LOG:7 an audit event of another version than audit.k8s.io/v1",
            "LOG:6 JSON, but no audit event",
            "LOG:9 longer than any audit event",
        ]
    );
}

#[test]
fn no_bytes_make_it_panic() {
    let good = line(&call());
    let mut tally = Tally::new(Knowledge::embedded());
    for end in 0..good.len() {
        let _ = tally.add(&good.as_bytes()[..end]);
        let mut bytes = good.clone().into_bytes();
        for byte in [0, b'"', b'\\', b'\n', 0xff] {
            bytes[end] = byte;
            let mut line = 0;
            tally.block(&bytes, "x", &mut line);
        }
    }
}

#[test]
fn a_log_without_events_or_without_resources_is_no_evidence() {
    for text in ["", "\n\n"] {
        assert_eq!(
            problems(&facts(text))[0]
                .split(' ')
                .skip(1)
                .collect::<Vec<_>>()
                .join(" "),
            "it holds no audit event"
        );
    }
    let probe = with(json!({"requestURI": "/healthz", "objectRef": null, "annotations": {}}));
    assert!(problems(&facts(log(&[probe])))[0].ends_with("no event of it is about a resource"));
}

#[test]
fn rows_are_bounded_and_what_is_beyond_is_said() {
    let many = MOST_ROWS + 30;
    let text: String = (0..many)
        .map(|n| {
            line(&with(
                json!({"userAgent": format!("client-{n}/{}", "x".repeat(400))}),
            ))
        })
        .collect();
    let facts = facts(&text);
    assert_eq!((facts.callers.len(), facts.uncounted), (MOST_ROWS, 30));
    assert_eq!(
        (facts.clients.len(), facts.uncounted_clients),
        (MOST_ROWS, 30)
    );
    assert!(
        facts
            .callers
            .iter()
            .all(|caller| caller.user_agent.len() <= 256)
    );
    let verbs: String = (0..100)
        .map(|n| line(&with(json!({"verb": format!("brew-{n}")}))))
        .collect();
    let facts = self::facts(&verbs);
    assert_eq!(facts.callers[0].count, 100);
    assert!(facts.callers[0].verbs.len() <= MOST_VERBS + 1);
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_folder_of_rotated_files_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let one = line(&call());
    // Two members, as tools write that append to a compressed file.
    let compressed = [gzip(&one), gzip(&one)].concat();
    let files: [(&str, &[u8]); 9] = [
        ("audit.log", one.as_bytes()),
        ("audit-2026-11-22T10-00-00.000.log", one.as_bytes()),
        ("audit-2026-11-21T10-00-00.000.log.gz", &compressed),
        ("audit.log.1", one.as_bytes()),
        ("audit.log-20261120.gz", &compressed),
        ("audit.jsonl", one.as_bytes()),
        ("notes.txt", b"no"),
        (".audit.log.swp", b"no"),
        ("audit.logic", b"no"),
    ];
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    fs::create_dir(folder.path().join("older.log")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("gone.log")).unwrap();
    let facts = read_all(&[folder.path()]);
    assert_eq!(
        (facts.callers[0].count, facts.unreadable),
        (8, 0),
        "{facts:#?}"
    );
    assert_eq!(facts.sources, [folder.path().display().to_string()]);
}

#[test]
fn files_of_a_folder_that_are_not_read_are_told() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..4 {
        let others = folder.path().join(format!("{number}.txt"));
        fs::write(others, "no").unwrap();
        let log = folder.path().join(format!("audit.log.{number}"));
        fs::write(log, line(&call())).unwrap();
    }
    for (most, calls, told) in [(4, 4, 0), (3, 3, 1)] {
        let paths = [folder.path().to_owned()];
        let sources = Sources::within(&paths, most).unwrap();
        let facts = read(sources, Knowledge::embedded());
        let problems = problems(&facts);
        assert_eq!(facts.callers[0].count, calls);
        assert_eq!(problems.len(), told, "{problems:?}");
        let all_told = problems.iter().all(|it| it.contains("more than 3 files"));
        assert!(all_told, "{problems:?}");
    }
}

#[test]
fn a_compressed_file_that_is_cut_off_is_a_problem() {
    let text: String = (0..500)
        .map(|n| line(&plain(&format!("user-{n}"), "x")))
        .collect();
    let mut bytes = gzip(&text);
    bytes.truncate(bytes.len() / 2);
    let facts = facts(&bytes);
    assert!(facts.events > 50, "{}", facts.events);
    assert!(
        problems(&facts)
            .iter()
            .any(|problem| problem.contains("reading broke off after line")),
        "{:?}",
        problems(&facts)
    );
}

#[test]
fn names_that_are_wrong_are_told_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let find = |name: &str| Sources::find(&[at(name)]).unwrap_err();
    assert!(matches!(find("nothing"), OpenAuditError::Open { .. }));
    fs::create_dir(at("empty")).unwrap();
    assert!(matches!(find("empty"), OpenAuditError::EmptyFolder(_)));
    make_pipe(&at("pipe.log"));
    assert!(matches!(find("pipe.log"), OpenAuditError::NamedPipe(_)));
    assert!(matches!(
        Sources::find(&[folder.path().to_owned()]),
        Err(OpenAuditError::EmptyFolder(_))
    ));
    let _listener = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    assert!(matches!(find("socket"), OpenAuditError::NoFile(_)));
    let twice = Sources::find(&["-".into(), "-".into()]);
    assert!(matches!(twice, Err(OpenAuditError::StdinTwice)));
}

fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo")
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
}
