//! Every target on its seeds and on some thousand mutations of them: what `cargo xtask fuzz` does for hours, for seconds. The
//! mutations are always the same.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use airworthy_fuzz::TARGETS;

/// Most mutations of one target.
const ROUNDS: u32 = 20_000;
/// A slow machine does fewer.
const MOST: Duration = Duration::from_secs(4);

/// Words that structure is made of.
const WORDS: &[&str] = &[
    "\n---\n",
    "...\n",
    "apiVersion: ",
    "kind: ",
    "batch/v1beta1",
    "policy/v1beta1",
    "CronJob",
    "items:\n- ",
    "{{ .x }}",
    "&a ",
    "*a",
    "<<: ",
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "- ",
    "|\n",
    "\t",
    "\r\n",
    "\u{feff}",
    "\0",
    "#",
    "%YAML 1.1\n",
    "!!binary ",
    "k8s.io/deprecated",
    "\\u0041",
    "1.",
    "v1.",
    "null",
    "\"requestURI\":",
    "9999999999",
    "SignedHeaders=",
    "x-sdk-date;",
    "%2F",
    "?",
    "&",
    "\"spec\":{",
    "+0000 UTC",
];

/// A small generator of numbers (xorshift); the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap_or(0)
    }
}

fn mutate(bytes: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    let at = numbers.below(bytes.len() + 1);
    match numbers.below(6) {
        0 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
        1 => bytes.truncate(at),
        2 => {
            let word = WORDS[numbers.below(WORDS.len())];
            bytes.splice(at..at, word.bytes());
        }
        3 => {
            let end = at + numbers.below(bytes.len() - at + 1).min(64);
            bytes.drain(at..end);
        }
        4 => {
            let from = numbers.below(other.len() + 1);
            let to = from + numbers.below(other.len() - from + 1);
            bytes.splice(at..at, other[from..to].iter().copied());
        }
        _ => {
            let end = at + numbers.below(bytes.len() - at + 1).min(200);
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
    }
    bytes.truncate(64 << 10);
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{target} has no seeds");
    files
        .iter()
        .map(|file| fs::read(file).expect("a seed"))
        .collect()
}

#[test]
fn no_target_falls_over_its_seeds_or_their_mutations() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        for seed in &seeds {
            target(seed);
        }
        let (mut numbers, began) = (Numbers(0x5eed_0000_0001), Instant::now());
        for round in 0..ROUNDS {
            let mut bytes = seeds[numbers.below(seeds.len())].clone();
            let other = &seeds[numbers.below(seeds.len())];
            for _ in 0..=numbers.below(6) {
                mutate(&mut bytes, other, &mut numbers);
            }
            target(&bytes);
            if round % 64 == 0 && began.elapsed() > MOST {
                break;
            }
        }
    }
}
