//! What a file holds, from its bytes.

use airworthy_knowledge::Knowledge;
use airworthy_manifest::{Digest, Found, MAX_DOCUMENT, Watch};
use airworthy_model::Minor;

fn watch() -> Watch {
    Watch::of(Knowledge::embedded(), &(Minor::v1(31)..=Minor::v1(32)))
}

fn digest(bytes: &[u8]) -> Found {
    let watch = watch();
    let mut digest = Digest::new(&watch, "f.yaml");
    assert_eq!(digest.take(bytes, true), bytes.len());
    digest.finish()
}

/// `document line:column apiVersion kind name` of all that matters, then the problems.
fn lines(found: &Found) -> Vec<String> {
    let watched = found.watched.iter().map(|object| {
        let place = object.location.as_ref().expect("a place");
        let (line, column) = (place.line, place.column);
        let what = format!("{} {} {}", object.api_version, object.kind, object.name);
        format!("{} {line}:{column} {}", place.document, what.trim_end())
    });
    let problems = found.problems.iter().map(|problem| {
        assert_eq!(problem.file, "f.yaml");
        format!("{}:{} {}", problem.line, problem.column, problem.why)
    });
    watched.chain(problems).collect()
}

const CRON: &str = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: c}\n";

#[test]
fn whatever_the_syntax_is_an_object_is_found_where_it_stands() {
    let list = "apiVersion: v1\nkind: List\nitems:\n";
    for (text, expected) in [
        (CRON.to_owned(), &["0 1:13 batch/v1beta1 CronJob c"][..]),
        (CRON.replace('\n', "\r\n"), &["0 1:13 batch/v1beta1 CronJob c"]),
        (format!("\u{feff}{CRON}"), &["0 1:13 batch/v1beta1 CronJob c"]),
        (CRON.trim_end().replace(": b", ":\tb"), &["0 1:13 batch/v1beta1 CronJob c"]),
        (format!("# one\n---\nx: 1\n--- # two\n{CRON}"), &["1 5:13 batch/v1beta1 CronJob c"]),
        (format!("x: 1\n...\n---\n{CRON}...\n"), &["1 4:13 batch/v1beta1 CronJob c"]),
        (
            format!("{list}- apiVersion: batch/v1beta1\n  kind: CronJob\n- kind: Pod\n  apiVersion: v1\n- kind: CronJob\n  apiVersion: batch/v1beta1\n"),
            &["0 4:15 batch/v1beta1 CronJob", "0 9:15 batch/v1beta1 CronJob"],
        ),
        (
            "apiVersion: v1\nkind: ComponentStatusList\nitems:\n- metadata: {name: a}\n".to_owned(),
            &["0 4:3 v1 ComponentStatus a"],
        ),
        (
            "apiVersion: batch/v1beta1\nkind: CronJobList\nitems:\n- metadata: {name: a}\n".to_owned(),
            &["0 4:3 batch/v1beta1 CronJob a"],
        ),
        (
            r#"{"apiVersion":"v1","kind":"Pod"}{"kind":"CronJob","apiVersion":"batch\/v1beta1"}"#.to_owned(),
            &["1 1:64 batch/v1beta1 CronJob"],
        ),
        (r#"[{"kind":"CronJob","apiVersion":"batch\u002fv1beta1"}]"#.to_owned(), &["0 1:33 batch/v1beta1 CronJob"]),
        ("{kind: CronJob, apiVersion: batch/v1beta1}".to_owned(), &["0 1:29 batch/v1beta1 CronJob"]),
        (r#""api\x56ersion": "batch/v1bet\x611"
kind: CronJob"#.to_owned(), &["0 1:18 batch/v1beta1 CronJob"]),
        ("\"apiVersion\": \"batch\\\n   /v1beta1\"\n'kind': CronJob".to_owned(), &["0 1:15 batch/v1beta1 CronJob"]),
        ("? apiVersion\n: batch/v1beta1\n? kind\n: CronJob\n".to_owned(), &["0 2:3 batch/v1beta1 CronJob"]),
        ("apiVersion: >-\n  batch/v1beta1\nkind: |-\n  CronJob\n".to_owned(), &["0 1:13 batch/v1beta1 CronJob"]),
        ("x: &v batch/v1beta1\napiVersion: *v\nkind: CronJob\n".to_owned(), &["0 2:13 batch/v1beta1 CronJob"]),
        ("x: &x {apiVersion: batch/v1beta1}\n<<: *x\nkind: CronJob\n".to_owned(), &["0 1:1 batch/v1beta1 CronJob"]),
        ("apiVersion: !!str batch/v1beta1\nkind: CronJob\n".to_owned(), &["0 1:19 batch/v1beta1 CronJob"]),
        ("apiVersion: batch/v1beta1 # old\nkind: 'CronJob'\nmetadata:\n  generateName: x-\n".to_owned(), &["0 1:13 batch/v1beta1 CronJob"]),
        ("kind: Endpoints\napiVersion: v1\n".to_owned(), &[]),
        // Texts, custom resources, other kinds, what stays.
        ("apiVersion: v1\nkind: ConfigMap\ndata:\n  x: |\n    apiVersion: batch/v1beta1\n    kind: CronJob\n".to_owned(), &[]),
        ("apiVersion: my.batch/v1beta1\nkind: CronJob\n".to_owned(), &[]),
        ("apiVersion: batch/v1beta1\nkind: Cronjob\n".to_owned(), &["0 1:13 batch/v1beta1 Cronjob"]),
        (CRON.replace("v1beta1", "v1"), &[]),
        ("# apiVersion: batch/v1beta1\n".to_owned(), &[]),
    ] {
        assert_eq!(lines(&digest(text.as_bytes())), expected, "{text}");
    }
}

#[test]
fn what_was_not_looked_at_is_said() {
    let template =
        "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata:\n  name: {{ .Release.Name }}\n";
    let seen = "a template that is not rendered; apiVersion seen: batch/v1beta1";
    for (bytes, expected) in [
        (template.as_bytes().to_vec(), vec![format!("4:9 {seen}")]),
        (
            format!("{CRON}---\n{template}---\n{CRON}").into_bytes(),
            vec![
                "0 1:13 batch/v1beta1 CronJob c".into(),
                "2 10:13 batch/v1beta1 CronJob c".into(),
                format!("8:9 {seen}"),
            ],
        ),
        (
            b"{{- if .Values.x }}\nkind: X\n{{- end }}\n".to_vec(),
            vec!["1:1 a template that is not rendered".into()],
        ),
        (
            b"# {{ x }}\nkind: {{ .Kind }} y\n".to_vec(),
            vec!["2:7 a template that is not rendered".into()],
        ),
        (
            b"apiVersion: {{ .V }}\nkind: X\n".to_vec(),
            vec!["1:13 a template that is not rendered".into()],
        ),
        (
            b"apiVersion: \"{{ .V }}\"\nkind: X\n".to_vec(),
            vec!["1:13 a template that is not rendered".into()],
        ),
        (
            b"apiVersion: v1\nkind: ConfigMap\ndata: {x: \"{{ $value }}\"}\n".to_vec(),
            vec![],
        ),
        (
            b"apiVersion: !!binary YmF0Y2gvdjFiZXRhMQ==\nkind: CronJob\n".to_vec(),
            vec!["1:22 written as !!binary, which is not read".into()],
        ),
        (
            format!("{CRON}metadata: {{}}\n").into_bytes(),
            vec![
                "0 1:13 batch/v1beta1 CronJob".into(),
                "4:1 the key metadata is there twice".into(),
            ],
        ),
        (
            format!("{CRON}? [a]\n: b\n").into_bytes(),
            vec![
                "0 1:13 batch/v1beta1 CronJob c".into(),
                "4:3 a key that is no text".into(),
            ],
        ),
        (
            format!("{CRON}x: [\n").into_bytes(),
            vec!["4:4 not YAML: unclosed bracket '['".into()],
        ),
        (
            format!("{CRON}x: \0\n").into_bytes(),
            vec!["4:4 a NUL byte: this is no text".into()],
        ),
        (
            [CRON.as_bytes(), b"x: \xff\n"].concat(),
            vec!["4:4 not UTF-8".into()],
        ),
        (
            format!("{CRON}x: {}", "[".repeat(10_000)).into_bytes(),
            vec!["4:254 nested more than 250 deep".into()],
        ),
        (
            b"\xfe\xff\0a".to_vec(),
            vec!["0:0 UTF-16, which Kubernetes' tools do not read".into()],
        ),
        (
            b"a\0p\0i\0".to_vec(),
            vec!["1:2 a NUL byte: this is no text".into()],
        ),
        // Nothing that ends can stand in these, so nobody needs to know that they do not parse.
        (b"kind: X\n\tx: [\n".to_vec(), vec![]),
        (b"caf\xe9\n".to_vec(), vec![]),
    ] {
        let shown: String = String::from_utf8_lossy(&bytes).chars().take(200).collect();
        assert_eq!(lines(&digest(&bytes)), expected, "{shown}");
    }
}

/// Gives the bytes as a reader of a file does, with a window that grows only when it must. The most bytes held at a time.
fn piecewise(bytes: &[u8], window: usize) -> (Found, usize) {
    let watch = watch();
    let mut digest = Digest::new(&watch, "f.yaml");
    let (mut from, mut size, mut most) = (0, window, window);
    loop {
        let end = bytes.len().min(from + size);
        let taken = digest.take(&bytes[from..end], end == bytes.len());
        if end == bytes.len() {
            return (digest.finish(), most);
        }
        from += taken;
        size = if taken == 0 { size * 2 } else { window };
        most = most.max(size);
    }
}

#[test]
fn a_large_file_is_read_through_a_small_window() {
    let text = format!("{CRON}---\n").repeat(3_000);
    let (found, most) = piecewise(text.as_bytes(), 1000);
    assert_eq!(found, digest(text.as_bytes()));
    assert_eq!(found.watched.len(), 3_000);
    assert_eq!(most, 1000);
}

#[test]
fn a_document_that_is_too_long_is_named_and_the_rest_is_read() {
    let long = |word: &str| {
        format!(
            "{CRON}---\nx: {word}\ny:\n{}---\n{CRON}",
            "- 1234567\n".repeat(MAX_DOCUMENT / 10 + 1)
        )
    };
    let ends = "1677730:13 batch/v1beta1 CronJob c";
    for (word, problems) in [
        ("nothing", &[][..]),
        (
            "batch/v1beta1",
            &["4:0 a document of more than 16 MiB, which is not read"],
        ),
        (
            r#""a\u0062c""#,
            &["4:0 a document of more than 16 MiB, which is not read"],
        ),
    ] {
        let (found, most) = piecewise(long(word).as_bytes(), 1 << 16);
        let expected: Vec<_> = [
            "0 1:13 batch/v1beta1 CronJob c".to_owned(),
            format!("2 {ends}"),
        ]
        .into_iter()
        .chain(problems.iter().map(ToString::to_string))
        .collect();
        assert_eq!(lines(&found), expected, "{word}");
        assert!(most <= 2 * MAX_DOCUMENT, "{most}");
    }
}
