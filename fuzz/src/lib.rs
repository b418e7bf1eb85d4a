//! What bytes of strangers go into, one function each. A function panics when a property does not hold; it must take any bytes.

pub mod api;

use std::{io::Write as _, sync::LazyLock};

use airworthy_assess::{Catalogue, users, waivers};
use airworthy_collect::{
    audit::Tally,
    corefile::{self, Form},
    helm, recording, strangers,
};
use airworthy_knowledge::Knowledge;
use airworthy_manifest::{Digest, Reach, Watch, fix as rewrite};
use airworthy_model::{AddonVersion, KubeConstraint, KubeVersion, Minor, facts::DesiredObject};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};

/// A target with its name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 23] = [
    ("manifest", manifest),
    ("fix", fix),
    ("helm", helm),
    ("audit", audit),
    ("version", version),
    ("corefile", corefile),
    ("constraint", constraint),
    ("texts", texts),
    ("lists", lists),
    ("knowledge", knowledge),
    ("recording", recording),
    ("waivers", waivers),
    ("own_checks", own_checks),
    ("authorization", api::authorization),
    ("canonical", api::canonical),
    ("precheck", api::precheck),
    ("postcheck", api::postcheck),
    ("upgrade", api::upgrade),
    ("workflow", api::workflow),
    ("delay", api::delay),
    ("cluster", api::cluster),
    ("token", api::token),
    ("nothing", api::nothing),
];

static WATCH: LazyLock<Watch> =
    LazyLock::new(|| Watch::of(Knowledge::embedded(), &(Minor::v1(24)..=Minor::v1(32))));

/// A file of waivers: what is read of it covers something, and until some time; what is refused is told with the file's name.
pub fn waivers(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for form in [waivers::Form::Toml, waivers::Form::Yaml] {
        match waivers::parse(&text, form, "f", &Catalogue::default()) {
            Ok(all) => assert!(
                all.iter()
                    .all(|one| one.waiver.expires.is_some() && !one.waiver.owner.is_empty())
            ),
            Err(error) => assert!(error.0.iter().all(|line| line.starts_with("f:"))),
        }
    }
}

/// A file of checks, and an expression alone: whatever can be read runs its examples to an end.
pub fn own_checks(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let alone = format!(
        "checks:\n- {{id: Fuzzed, for: pods, message: m, level: risk, fix: f, when: {}, examples: [{{item: {{name: a, list: [1, 2]}}, says: found}}]}}\n",
        serde_json::Value::from(text.as_ref())
    );
    for file in [text.as_ref(), &alone] {
        for check in users::parse(file, "f", &[]).unwrap_or_default() {
            assert!(check.failures().len() <= check.examples.len() + 2);
        }
    }
}

/// A file of manifests: what the scan of bytes passes over, parsing does not find either; and it makes no difference in which
/// pieces the file comes.
pub fn manifest(bytes: &[u8]) {
    let found = |digest: Digest<'_>| {
        let mut digest = digest;
        digest.take(bytes, true);
        digest.finish()
    };
    let quick = places(found(Digest::new(&WATCH, "f")).watched);
    let thorough = found(Digest::new(&WATCH, "f").thorough()).watched;
    let pieces = in_pieces(bytes, Digest::new(&WATCH, "f").thorough());
    assert_eq!(pieces, thorough, "pieces make a difference");
    assert_eq!(quick, places(thorough), "the scan missed something");
}

/// Objects with line and column. How many documents a text holds that was passed over, nobody counted exactly.
fn places(mut objects: Vec<DesiredObject>) -> Vec<DesiredObject> {
    for place in objects
        .iter_mut()
        .filter_map(|object| object.location.as_mut())
    {
        place.document = 0;
    }
    objects
}

fn in_pieces(bytes: &[u8], mut digest: Digest<'_>) -> Vec<DesiredObject> {
    let (mut from, mut to) = (0, 0);
    while to < bytes.len() {
        to = bytes.len().min(to + 1 + bytes.len() / 7);
        from += digest.take(&bytes[from..to], to == bytes.len());
    }
    if bytes.is_empty() {
        digest.take(bytes, true);
    }
    digest.finish().watched
}

/// A file that is written anew: the second time nothing is left to write, and where nothing changes no byte does.
pub fn fix(bytes: &[u8]) {
    for target in [25, 32] {
        let write = |bytes: &[u8]| {
            rewrite(
                bytes,
                Knowledge::embedded(),
                Minor::v1(target),
                Reach::Removed,
            )
        };
        let once = write(bytes);
        if once.changes.is_empty() {
            assert_eq!(once.text, bytes, "changed without a change");
        }
        let twice = write(&once.text);
        assert_eq!(twice.changes, [], "the second time changes again");
    }
}

/// The payload of a Helm release: as it comes, and as the release inside it.
pub fn helm(bytes: &[u8]) {
    // What is wrong with it is told, and that it is told is all that counts.
    let _ = helm::read(bytes, &WATCH);
    let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = zip.write_all(bytes).and_then(|()| zip.finish());
    let packed = packed.expect("memory takes it");
    let _ = helm::read(BASE64_STANDARD.encode(packed).as_bytes(), &WATCH);
}

/// A line of an audit log, or a body of an audit webhook: what was refused counts nothing, and a line that can be decoded counts
/// the same where it is not.
pub fn audit(bytes: &[u8]) {
    let (mut decoded, mut read) = (
        Tally::new(Knowledge::embedded()),
        Tally::new(Knowledge::embedded()),
    );
    let refused = decoded.add(bytes).is_err();
    read.lines(bytes);
    if refused {
        assert_eq!(decoded.events(), 0, "a refused line counts");
    } else if !bytes.contains(&b'\n') {
        assert_eq!(
            decoded.events(),
            read.events(),
            "not decoding counts otherwise"
        );
    }
}

/// A version: what was read is written so that it reads the same.
pub fn version(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(version) = text.parse::<KubeVersion>() {
        assert_eq!(version.to_string().parse(), Ok(version));
    }
    if let Ok(minor) = text.parse::<Minor>() {
        assert_eq!(minor.to_string().parse(), Ok(minor));
    }
}

/// A Corefile: what it says does not hang on where it begins, and every line it names is one of its own.
pub fn corefile(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let lines = u32::try_from(text.split('\n').count()).unwrap_or(u32::MAX);
    for form in [Form::Whole, Form::Part] {
        let read = corefile::read(text, form);
        for plugin in read.servers.iter().flat_map(|server| &server.plugins) {
            assert!(
                (1..=lines).contains(&plugin.line),
                "a line that is not there"
            );
        }
        assert_eq!(
            corefile::read(&format!("\n{text}"), form).digest,
            read.digest
        );
    }
}

/// A constraint of a chart, and the tag of an image.
pub fn constraint(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(constraint) = text.parse::<KubeConstraint>() {
        let _ = constraint.admits_minor(Minor::v1(32));
        let alone = format!("({text}) || *");
        assert!(
            alone.parse::<KubeConstraint>().is_err(),
            "no such thing as brackets"
        );
    }
    if let Some(version) = AddonVersion::of_tag(text) {
        assert_eq!(version.to_string().parse(), Ok(version));
    }
}

/// What components tell of themselves: it makes no difference in which pieces it comes.
pub fn texts(bytes: &[u8]) {
    let whole = strangers::texts(bytes, bytes.len());
    assert_eq!(
        strangers::texts(bytes, 7),
        whole,
        "pieces make a difference"
    );
}

/// A page of a list, of every kind and in both encodings.
pub fn lists(bytes: &[u8]) {
    let _ = strangers::lists(bytes);
}

/// A file of knowledge.
pub fn knowledge(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Knowledge::parse(text);
    }
}

/// A recording.
pub fn recording(bytes: &[u8]) {
    let _ = recording::read(bytes);
}
