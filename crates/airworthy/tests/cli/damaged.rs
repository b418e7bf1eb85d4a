//! Recordings that are none: each is refused in one clear line that names the file.

use std::{fs, path::Path};

use crate::common_cli::{Recordings, airworthy, facts::*};

/// Demands that a file is refused as recording of now and as baseline, for a reason.
#[track_caller]
fn refused(file: &Path, why: &str) {
    let recordings = Recordings::new();
    let good = recordings.of("good.tar", &healthy());
    let (good, path) = (
        good.to_str().expect("a path"),
        file.to_str().expect("a path"),
    );
    for args in [
        &["precheck", "--from", path][..],
        &[
            "precheck",
            "--from",
            path,
            "-o",
            "json",
            "--fail-on",
            "never",
        ],
        &["postcheck", "--from", good, "--baseline", path],
    ] {
        let ended = airworthy(args).env("RUST_BACKTRACE", "1").run();
        ended.refuses(&[path, why]);
        let lines: Vec<&str> = ended.stderr.lines().collect();
        assert!(lines[0].contains(path) && lines.len() <= 3, "{ended}");
        for noise in ["Error {", "stack backtrace", "RecordingError"] {
            assert!(!ended.stderr.contains(noise), "{ended}");
        }
    }
}

fn good_bytes(recordings: &Recordings) -> Vec<u8> {
    let file = recordings.of("good.tar", &with_risk(healthy()));
    fs::read(file).expect("a recording")
}

#[test]
fn what_is_not_there_or_no_file_is_refused() {
    let recordings = Recordings::new();
    refused(&recordings.path().join("absent.tar"), "No such file");
    refused(recordings.path(), "it is a directory");
    refused(
        &recordings.path().join("good.tar/inside"),
        "cannot open the recording",
    );
}

#[test]
fn what_is_something_else_is_refused_by_its_name() {
    let recordings = Recordings::new();
    for (name, bytes) in [
        ("text", &b"apiVersion: v1\nkind: List\n"[..]),
        ("json", b"{\"kind\": \"List\"}"),
        ("gzip", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
        ("zip", b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("elf", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"),
    ] {
        refused(&recordings.bytes(name, bytes), "it is not a recording");
    }
    refused(&recordings.bytes("empty", b""), "it is empty");
    refused(
        &recordings.bytes("zeros", &[0; 2048]),
        "cannot read the recording",
    );
}

#[test]
fn a_recording_that_is_cut_short_is_refused_wherever_the_cut_is() {
    let recordings = Recordings::new();
    let good = good_bytes(&recordings);
    for length in [
        511,
        512,
        700,
        good.len() / 2,
        good.len() - 1024,
        good.len() - 1,
    ] {
        refused(&recordings.bytes("cut.tar", &good[..length]), "cut short");
    }
}

#[test]
fn a_recording_that_was_changed_is_refused() {
    let recordings = Recordings::new();
    let good = good_bytes(&recordings);
    // Behind the header of each member comes a frame of zstd.
    let frames: Vec<usize> = (512..good.len())
        .step_by(512)
        .filter(|at| good[*at..].starts_with(b"\x28\xb5\x2f\xfd"))
        .collect();
    assert!(frames.len() > 10, "{frames:?}");
    for place in frames
        .iter()
        .step_by(4)
        .flat_map(|frame| [*frame, frame + 9])
    {
        let mut changed = good.clone();
        changed[place] ^= 1;
        refused(
            &recordings.bytes("changed.tar", &changed),
            "cannot read the recording",
        );
    }
    let text = String::from_utf8_lossy(&good);
    assert!(
        text.contains("https://192.0.2.1:6443"),
        "the manifest is readable"
    );
    let place = text.find("https://192.0.2.1").expect("the server");
    let mut changed = good;
    changed[place + 8] = b'2';
    refused(
        &recordings.bytes("changed.tar", &changed),
        "it was changed after it was written",
    );
}

/// The members of an archive: name and content.
fn members(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().expect("an archive");
    entries
        .map(|entry| {
            let mut entry = entry.expect("a member");
            let name = entry.path().expect("a name").display().to_string();
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut content).expect("content");
            (name, content)
        })
        .collect()
}

/// An archive of members with any names, even those that writers refuse.
fn archive(members: &[(String, Vec<u8>)], kind: tar::EntryType) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (at, (name, content)) in members.iter().enumerate() {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        let last = at + 1 == members.len();
        header.set_entry_type(if last { kind } else { tar::EntryType::Regular });
        header.set_cksum();
        builder.append(&header, &content[..]).expect("a member");
    }
    builder.into_inner().expect("an archive")
}

#[test]
fn a_recording_of_a_newer_format_is_called_so() {
    let recordings = Recordings::new();
    let mut members = members(&good_bytes(&recordings));
    let manifest = String::from_utf8(members[0].1.clone()).expect("text");
    let newer = manifest.replacen("\"format\":1", "\"format\":2", 1);
    assert_ne!(newer, manifest);
    members[0].1 = newer.into_bytes();
    let file = recordings.bytes("newer.tar", &archive(&members, tar::EntryType::Regular));
    refused(&file, "it was written by a newer airworthy: format 2");
}

#[test]
fn an_archive_with_path_tricks_is_refused_and_writes_nothing() {
    let recordings = Recordings::new();
    let good = members(&good_bytes(&recordings));
    let trap = recordings.path().join("trap");
    let absolute = trap.display().to_string();
    for name in [
        "../trap",
        "facts/../../trap",
        &absolute,
        "manifest.json/../../trap",
        "facts/pods.ndjson.zst/..",
    ] {
        let mut members = good.clone();
        members.push((name.to_owned(), b"caught".to_vec()));
        let bytes = archive(&members, tar::EntryType::Regular);
        refused(
            &recordings.bytes("tricks.tar", &bytes),
            "cannot read the recording",
        );
    }
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Directory,
        tar::EntryType::Fifo,
    ] {
        let mut members = good.clone();
        members.push(("facts/trap".to_owned(), Vec::new()));
        let bytes = archive(&members, kind);
        refused(
            &recordings.bytes("kinds.tar", &bytes),
            "cannot read the recording",
        );
    }
    assert!(!trap.exists());
}

#[test]
fn an_archive_without_its_manifest_or_a_member_is_refused() {
    let recordings = Recordings::new();
    let good = members(&good_bytes(&recordings));
    let regular = tar::EntryType::Regular;
    let file = recordings.bytes("headless.tar", &archive(&good[1..], regular));
    refused(&file, "it has no manifest");
    let file = recordings.bytes("short.tar", &archive(&good[..good.len() - 1], regular));
    refused(&file, "but it is not there");
    let twice = [&good[..], &good[1..2]].concat();
    refused(
        &recordings.bytes("twice.tar", &archive(&twice, regular)),
        "cannot read the recording",
    );
}

/// Names of members come from strangers and end up on a terminal.
#[test]
fn control_characters_of_an_archive_do_not_reach_the_terminal() {
    let recordings = Recordings::new();
    let mut good = members(&good_bytes(&recordings));
    good.push(("facts/\x1b[2J\x07evil".to_owned(), Vec::new()));
    let file = recordings.bytes("evil.tar", &archive(&good, tar::EntryType::Regular));
    let ended = airworthy(["precheck", "--from", file.to_str().expect("a path")]).run();
    ended.refuses(&["evil"]);
    assert!(!ended.stderr.contains(['\x1b', '\x07']), "{ended}");
}
