//! Input that lies, is damaged, or is something else.

use std::io::{self, Read};

use super::{
    super::{Limits, WriteRecordingError, read::read_within, write::write_within},
    *,
};

fn message(bytes: &[u8]) -> String {
    let error = refusal(bytes);
    let sources = std::iter::successors(std::error::Error::source(&error), |e| e.source());
    sources.fold(error.to_string(), |text, e| format!("{text}: {e}"))
}

#[track_caller]
fn refuses(bytes: &[u8], because: &str) {
    let message = message(bytes);
    assert!(message.contains(because), "{message:?} lacks {because:?}");
    assert!(!message.contains(char::is_control), "{message:?}");
}

#[test]
fn what_is_no_recording_is_called_by_its_name() {
    refuses(b"", "it is empty");
    refuses(b"\x1f\x8b\x08\0\0\0", "gzip");
    refuses(b"PK\x03\x04\x14\0", "zip");
    refuses(&compress(b"hello"), "zstd");
    refuses(b"{\"kind\": \"List\"}", "JSON");
    refuses(b"<!doctype html>", "HTML");
    refuses(b"apiVersion: v1\nkind: Pod\n", "text");
    refuses(&[0; 2048], "bytes of zero");
    refuses(&[0xff; 2048], "unknown binary data");
    refuses("é".repeat(400).as_bytes(), "text");
    let with_odd_start = format!("x{}", "é".repeat(400));
    refuses(with_odd_start.as_bytes(), "text");
}

#[test]
fn every_truncation_is_noticed() {
    let whole = recording(&sample());
    for end in 1..whole.len() {
        let error = refusal(&whole[..end]);
        let told = matches!(
            error,
            RecordingError::CutShort { .. } | RecordingError::NotARecording { .. }
        );
        assert!(told, "cut after {end} of {}: {error}", whole.len());
        assert!(
            end < 14 || error.to_string().contains("cut short"),
            "{end}: {error}"
        );
    }
    refuses(
        &whole[..whole.len() - 1500],
        "within facts/version.ndjson.zst",
    );
}

#[test]
fn every_changed_byte_is_noticed_or_changes_nothing() {
    let facts = sample();
    let whole = recording(&facts);
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        if let Ok(read) = read(&changed[..]) {
            assert!(same(&read, &facts), "byte {at}");
        }
    }
}

/// A small generator of pseudo-random numbers: the same ones every time.
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        let length = self.below(600).min(bytes.len() - at);
        match self.below(5) {
            0 => bytes[at] = self.below(256).to_le_bytes()[0],
            1 => drop(bytes.drain(at..at + length)),
            2 => bytes[at..at + length].fill(0),
            3 => drop(bytes.splice(at..at, bytes[at..at + length].to_vec())),
            _ => bytes.truncate(at + 1),
        }
    }
}

#[test]
fn random_damage_is_noticed_or_changes_nothing() {
    let facts = sample();
    let whole = recording(&facts);
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    for round in 0..1500 {
        let mut changed = whole.clone();
        for _ in 0..=random.below(3) {
            random.change(&mut changed);
        }
        if let Ok(read) = read(&changed[..]) {
            assert!(same(&read, &facts), "round {round}");
        }
    }
}

#[test]
fn a_newer_format_is_said_to_be_newer() {
    let manifest = br#"{"format":7,"shape":"nobody knows"}"#;
    refuses(
        &archive_of(&[("manifest.json", manifest)]),
        "written by a newer airworthy: format 7; this one reads 1",
    );
    refuses(
        &archive_of(&[("manifest.json", br#"{"format":0}"#)]),
        "there is no format 0",
    );
}

#[test]
fn facts_of_the_future_are_not_dropped_in_silence() {
    refuses(
        &one_group("quantumNodes", 1, b"{}\n"),
        "does not know facts of \"quantumNodes\"",
    );
    refuses(
        &one_group("baseline", 1, b"{}\n"),
        "does not know facts of \"baseline\"",
    );
    refuses(
        &one_group("\u{1b}[2J", 1, b"{}\n"),
        "does not know facts of",
    );
}

#[test]
fn the_manifest_must_be_first_and_sound() {
    let body = compress(b"");
    refuses(
        &archive_of(&[("facts/pods.ndjson.zst", &body)]),
        "it has no manifest",
    );
    refuses(&archive_of::<&[u8]>(&[]), "bytes of zero");
    refuses(
        &archive_of(&[("manifest.json", b"{}")]),
        "missing field `format`",
    );
    refuses(
        &archive_of(&[("manifest.json", b"\xff\0")]),
        "manifest.json",
    );
    let unsealed =
        br#"{"format":1,"tool":"x","cluster":{},"observedAt":"2026-11-21T10:00:00Z","groups":[]}"#;
    refuses(
        &archive_of(&[("manifest.json", unsealed)]),
        "does not end with its seal",
    );
    let text = String::from_utf8(manifest_of(Vec::new())).unwrap();
    let forged = text.replace("prod-eu", "prod-us");
    refuses(
        &archive_of(&[("manifest.json", &forged)]),
        "changed after it was written",
    );
}

#[test]
fn members_must_be_those_of_the_manifest() {
    let rows = b"{\"name\":\"a\",\"uid\":\"b\",\"phase\":\"Active\"}\n";
    let manifest = manifest_of(vec![("namespaces", Content::Read(summary(1, rows)))]);
    let body = compress(rows);
    let name = "facts/namespaces.ndjson.zst";
    let (m, b) = (("manifest.json", &manifest), (name, &body));
    assert!(read(&archive_of(&[m, b])[..]).is_ok());
    refuses(
        &archive_of(&[m]),
        "facts/namespaces.ndjson.zst: the manifest names it, but it is not there",
    );
    refuses(
        &archive_of(&[m, b, b]),
        "facts/namespaces.ndjson.zst: it is there twice",
    );
    refuses(&archive_of(&[m, b, m]), "manifest.json: it is there twice");
    let extra = ("facts/pods.ndjson.zst", &body);
    refuses(
        &archive_of(&[m, b, extra]),
        "facts/pods.ndjson.zst: the manifest does not name this member",
    );
    refuses(
        &archive_of(&[m, b, ("notes.txt", &body)]),
        "notes.txt: the manifest does not name",
    );
    let twice = ("namespaces", Content::Read(summary(1, rows)));
    let again = ("namespaces", Content::Read(summary(1, rows)));
    let doubled = manifest_of(vec![twice, again]);
    refuses(
        &archive_of(&[("manifest.json", &doubled), b]),
        "there twice",
    );
}

/// A good manifest, followed by a member whose header is tampered with.
fn with_header(change: impl FnOnce(&mut tar::Header)) -> Vec<u8> {
    let mut bytes = Vec::new();
    archive::append(&mut bytes, "manifest.json", &manifest_of(Vec::new())).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_size(0);
    header.set_entry_type(tar::EntryType::Regular);
    change(&mut header);
    header.set_cksum();
    bytes.extend_from_slice(header.as_bytes());
    archive::finish(&mut bytes).unwrap();
    bytes
}

fn name(header: &mut tar::Header, name: &[u8]) {
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
}

#[test]
fn path_tricks_are_refused() {
    for path in ["../x", "/etc/passwd", "facts/../../x", "facts\\..\\x"] {
        let bytes = with_header(|header| name(header, path.as_bytes()));
        refuses(&bytes, "leads out of the archive");
    }
    refuses(
        &with_header(|header| name(header, b"\x1b[31m\xff")),
        "does not name this member",
    );
}

#[test]
fn a_damaged_header_is_told_from_a_strange_one() {
    let mut bytes = with_header(|header| name(header, b"facts/pods.ndjson.zst"));
    let header = bytes.len() - 1024 - 512;
    bytes[header + 140] ^= 1;
    refuses(&bytes, "byte 1024: a member's header is damaged");
}

#[test]
fn only_plain_files_are_members() {
    use tar::EntryType as E;
    for (kind, told) in [
        (E::Symlink, "a link"),
        (E::Link, "a link"),
        (E::Directory, "a directory"),
        (E::Char, "a device"),
        (E::Block, "a device"),
        (E::Fifo, "a device"),
        (E::XHeader, "an extended header"),
        (E::XGlobalHeader, "an extended header"),
        (E::GNULongName, "a long name"),
        (E::GNUSparse, "of a kind that no recording has"),
    ] {
        let bytes = with_header(|header| {
            name(header, b"facts/pods.ndjson.zst");
            header.set_entry_type(kind);
        });
        refuses(&bytes, told);
    }
}

#[test]
fn sizes_that_lie_cost_nothing() {
    let huge = with_header(|header| {
        name(header, b"facts/pods.ndjson.zst");
        header.set_size(u64::MAX / 2);
    });
    refuses(&huge, "is more than the 268435456 that are accepted");
    let odd = with_header(|header| {
        name(header, b"facts/pods.ndjson.zst");
        header.as_mut_bytes()[124..136].copy_from_slice(b"not a number");
    });
    refuses(&odd, "is not a number");
    let mut trailing = recording(&sample());
    trailing.extend_from_slice(b"more");
    refuses(&trailing, "something follows the end");
    trailing.truncate(trailing.len() - 4);
    trailing.resize(trailing.len() + 100_000, 0);
    refuses(&trailing, "something follows the end");
}

#[test]
fn rows_must_be_those_of_the_manifest() {
    let row = b"{\"name\":\"a\",\"uid\":\"b\",\"phase\":\"Active\"}\n";
    let member = "facts/namespaces.ndjson.zst";
    let with = |summary: Summary| {
        let manifest = manifest_of(vec![("namespaces", Content::Read(summary))]);
        archive_of(&[("manifest.json", manifest), (member, compress(row))])
    };
    let good = summary(1, row);
    let hash = summary(1, &row[1..]).sha256;
    refuses(
        &with(Summary {
            sha256: hash,
            ..good.clone()
        }),
        "the SHA-256 of its rows is",
    );
    refuses(
        &with(Summary {
            rows: 2,
            ..good.clone()
        }),
        "the number of its rows is 1, but the manifest says 2",
    );
    refuses(
        &with(Summary {
            bytes: 90,
            ..good.clone()
        }),
        "the size of its rows is 40, but the manifest says 90",
    );
    refuses(
        &with(Summary {
            bytes: 10,
            ..good.clone()
        }),
        "the size of its rows is more, but the manifest says 10",
    );
    assert!(read(&with(good)[..]).is_ok());
}

#[test]
fn a_group_of_one_row_has_one_row() {
    let row = b"{\"version\":\"v1.31.0\"}\n";
    assert!(read(&one_group("version", 1, row)[..]).is_ok());
    refuses(
        &one_group("version", 2, &row.repeat(2)),
        "a group that has exactly 1",
    );
    refuses(&one_group("version", 0, b""), "a group that has exactly 1");
}

#[test]
fn a_bad_row_is_named_by_member_and_line() {
    let good = "{\"name\":\"a\",\"uid\":\"b\",\"phase\":\"Active\"}\n";
    for (bad, told) in [
        ("{\"name\":\"a\"}\n", "missing field `uid`"),
        ("{\"name\":\n", "EOF while parsing"),
        ("\n", "EOF while parsing"),
        ("[]\n", "invalid"),
        ("{}{}\n", "not a row"),
        ("\0\0\0\n", "expected value"),
        ("{\"name\":\"\u{1b}[31m\"}\n", "control character"),
        (
            "{\"name\":\"a\",\"uid\":\"b\",\"phase\":\"Active\"}",
            "the row does not end",
        ),
    ] {
        let text = format!("{good}{good}{bad}");
        let bytes = one_group("namespaces", 3, text.as_bytes());
        refuses(&bytes, "facts/namespaces.ndjson.zst:3: ");
        refuses(&bytes, told);
    }
    let text = [good.as_bytes(), b"{\"name\":\"\xff\xfe\"}\n"].concat();
    refuses(
        &one_group("namespaces", 2, &text),
        "facts/namespaces.ndjson.zst:2: ",
    );
    let nested = "[".repeat(100_000) + "\n";
    refuses(
        &one_group("namespaces", 1, nested.as_bytes()),
        "facts/namespaces.ndjson.zst:1: ",
    );
    let hostile = "{\"name\":\"a\",\"uid\":\"b\",\"phase\":\"A\",\"labels\":\"\\u001b[2J\"}\n";
    refuses(
        &one_group("namespaces", 1, hostile.as_bytes()),
        "facts/namespaces.ndjson.zst:1: ",
    );
}

/// Compressed bytes that inflate to `size` bytes, made without holding those.
fn bomb(size: u64) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    io::copy(&mut io::repeat(b' ').take(size), &mut encoder).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_bomb_is_not_inflated() {
    let member = "facts/pods.ndjson.zst";
    let with = |bytes| {
        let claim = Summary {
            rows: 1,
            bytes,
            sha256: String::new(),
        };
        let manifest = manifest_of(vec![("pods", Content::Read(claim))]);
        archive_of(&[("manifest.json", manifest), (member, bomb(64 << 20))])
    };
    refuses(
        &with(1 << 40),
        "a group of 1099511627776 bytes is more than the 536870912",
    );
    refuses(
        &with(64 << 20),
        "the row is longer than the 16777216 bytes accepted",
    );
    refuses(
        &with(20),
        "the size of its rows is more, but the manifest says 20",
    );
}

#[test]
fn a_window_that_wants_much_memory_is_refused() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    io::copy(&mut io::repeat(b' ').take(1 << 20), &mut encoder).unwrap();
    let claim = Summary {
        rows: 1,
        bytes: 1 << 20,
        sha256: String::new(),
    };
    let manifest = manifest_of(vec![("pods", Content::Read(claim))]);
    let bytes = archive_of(&[
        ("manifest.json", manifest),
        ("facts/pods.ndjson.zst", encoder.finish().unwrap()),
    ]);
    refuses(&bytes, "the compressed bytes are damaged");
}

const TIGHT: Limits = Limits {
    manifest: 16_384,
    compressed: 4096,
    member: 1000,
    total: 1200,
    line: 400,
};

#[test]
fn readers_and_writers_keep_to_the_same_limits() {
    let mut facts = sample();
    let written = |facts: &Facts| {
        let mut bytes = Vec::new();
        write_within(facts, &mut bytes, &TIGHT).map(|()| bytes)
    };
    assert!(same(
        &read_within(&written(&facts).unwrap()[..], &TIGHT).unwrap(),
        &facts
    ));
    for (pods, long, told) in [(20, 1, "a group"), (1, 500, "a row"), (5, 1, "a recording")] {
        let pod = |n| Pod {
            reason: "r".repeat(long).into(),
            ..pod(n)
        };
        facts.pods = Ok((0..pods).map(pod).collect());
        facts.nodes = Ok(vec![Node {
            name: "n".repeat(300),
            ..Node::default()
        }]);
        let error = written(&facts).unwrap_err();
        assert!(
            matches!(&error, WriteRecordingError::TooLarge { what, .. } if *what == told),
            "{error}"
        );
        let error = read_within(&recording(&facts)[..], &TIGHT).unwrap_err();
        let named = matches!(&error, RecordingError::TooLarge { what, .. } if *what == told)
            || matches!(error, RecordingError::DecodeRow { .. } if told == "a row");
        assert!(named, "{told}: {error}");
    }
}

/// A source that breaks after some bytes.
struct Broken<'a>(&'a [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

#[test]
fn a_source_that_breaks_is_not_a_short_recording() {
    let whole = recording(&sample());
    let error = read(Broken(&whole[..700])).unwrap_err();
    assert!(
        matches!(error, RecordingError::ReadBytes { offset: 700, .. }),
        "{error}"
    );
}
