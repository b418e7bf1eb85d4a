//! Documents that cannot matter are passed over before they are parsed: never at the cost of a miss.

use airworthy_knowledge::Knowledge;
use airworthy_manifest::{Digest, Found, Watch};
use airworthy_model::Minor;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % sides
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.roll(all.len())]
    }
}

const VERSIONS: &[&str] = &[
    "batch/v1beta1",
    "policy/v1beta1",
    "v1",
    "apps/v1",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "x.io/v1beta1",
    "apps/v1alpha1",
    "gateway.networking.k8s.io/v1alpha3",
    "admissionregistration.k8s.io/v1",
    "",
];
const KINDS: &[&str] = &[
    "CronJob",
    "CronJobList",
    "List",
    "PodSecurityPolicy",
    "ComponentStatus",
    "FlowSchema",
    "Policy",
    "PolicyList",
    "MutatingAdmissionPolicy",
    "Pod",
    "ConfigMap",
];

/// A text as YAML can write it.
fn written(dice: &mut Dice, text: &str) -> String {
    match dice.roll(24) {
        0 => format!("'{text}'"),
        1 => format!("\"{text}\""),
        2 => format!("\"{}\"", escaped(dice, text)),
        3 => format!("&a{} {text}", dice.roll(3)),
        4 => format!("*a{}", dice.roll(3)),
        5 => format!(">-\n    {text}"),
        6 => format!(
            "{} {text}",
            dice.one_of(&["!!str", "!!binary", "!<tag:yaml.org,2002:binary>"])
        ),
        7 => format!("{{{{ .Values.{} }}}}", dice.roll(9)),
        _ => text.to_owned(),
    }
}

fn escaped(dice: &mut Dice, text: &str) -> String {
    let one = |(at, letter): (usize, char), dice: &mut Dice| match dice.roll(6) {
        0 => format!("\\x{:02x}", u32::from(letter)),
        1 => format!("\\u{:04X}", u32::from(letter)),
        2 => format!("\\U{:08x}", u32::from(letter)),
        3 if at > 0 => format!("\\\n    {letter}"),
        4 if letter == '/' => "\\/".to_owned(),
        _ => letter.to_string(),
    };
    text.chars()
        .enumerate()
        .map(|pair| one(pair, dice))
        .collect()
}

fn object(dice: &mut Dice) -> Vec<String> {
    let (version, kind) = (dice.one_of(VERSIONS), dice.one_of(KINDS));
    let mut lines = vec![
        format!("{}: {}", key(dice, "apiVersion"), written(dice, version)),
        format!("{}: {}", key(dice, "kind"), written(dice, kind)),
        format!("metadata: {{name: n{}}}", dice.roll(9)),
    ];
    let extra = [
        "<<: *a0",
        "spec: &a1 {apiVersion: batch/v1beta1}",
        "# {{ x }}",
        "data:\n  x: \"\\\\\"",
        "e: !x '!'",
        "t: |\n  ---\n  kind: Pod",
        "items: [{kind: CronJob}]",
        "items: [{metadata: {name: i}}]",
    ];
    if dice.roll(2) == 0 {
        lines.insert(dice.roll(3), dice.one_of(&extra).to_owned());
    }
    lines
}

fn key(dice: &mut Dice, name: &str) -> String {
    match dice.roll(12) {
        0 => format!("'{name}'"),
        1 => format!("\"{}\"", escaped(dice, name).replace("\\\n    ", "")),
        2 => format!("? {name}\n"),
        _ => name.to_owned(),
    }
}

fn document(dice: &mut Dice) -> String {
    if dice.roll(4) > 0 {
        return object(dice).join("\n");
    }
    let item = |object: Vec<String>| format!("- {}", object.join("\n").replace('\n', "\n  "));
    let items: Vec<_> = (0..dice.roll(3)).map(|_| item(object(dice))).collect();
    let (kind, items) = (dice.one_of(KINDS), items.join("\n"));
    format!("apiVersion: v1\nkind: {kind}\nitems:\n{items}")
}

fn file(dice: &mut Dice) -> Vec<u8> {
    let documents: Vec<_> = (0..=dice.roll(4)).map(|_| document(dice)).collect();
    let mut bytes = documents
        .join(dice.one_of(&["\n---\n", "\r\n--- # x\r\n", "\n...\n", "\n--- "]))
        .into_bytes();
    for _ in 0..dice.roll(3).saturating_sub(1) {
        let at = dice.roll(bytes.len());
        match dice.roll(3) {
            0 => bytes[at] = b"\\\"'{}[]!&*:\n\0#-\xff"[dice.roll(16)],
            1 => drop(bytes.remove(at)),
            _ => bytes.insert(at, b"\\\"'{}[]!&*:\n\t#-\xc3"[dice.roll(16)]),
        }
    }
    bytes
}

fn read(digest: Digest<'_>, bytes: &[u8]) -> Found {
    let mut digest = digest;
    digest.take(bytes, true);
    digest.finish()
}

#[test]
fn nothing_is_missed_by_passing_over() {
    let watch = Watch::of(Knowledge::embedded(), &(Minor::v1(31)..=Minor::v1(32)));
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut watched, mut passed, mut problems) = (0, 0, 0);
    for round in 0..20_000 {
        let bytes = file(&mut dice);
        let all = read(Digest::new(&watch, "f").thorough(), &bytes);
        let quick = read(Digest::new(&watch, "f"), &bytes);
        let shown = || String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(quick.watched, all.watched, "round {round}:\n{}", shown());
        assert!(
            quick.problems.iter().all(|one| all.problems.contains(one)),
            "round {round}:\n{}",
            shown()
        );
        let hidden = |why: &str| why.contains("template") || why.contains("binary");
        let hidden = all.problems.iter().filter(|one| hidden(&one.why));
        assert!(
            hidden.into_iter().all(|one| quick.problems.contains(one)),
            "round {round}:\n{}",
            shown()
        );
        if watch.may_matter(&bytes) && !bytes.windows(3).any(|three| three == b"---") {
            assert_eq!(quick.problems, all.problems, "round {round}:\n{}", shown());
        }
        watched += all.watched.len();
        problems += quick.problems.len();
        passed += usize::from(quick.objects < all.objects);
    }
    // The dice make enough of each.
    assert!(
        watched > 1_500 && passed > 2_000 && problems > 2_000,
        "{watched} {passed} {problems}"
    );
}
