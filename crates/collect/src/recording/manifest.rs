//! The first member: what the recording holds.

use airworthy_model::{Missing, Need, facts::ClusterIdentity};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    FORMAT,
    error::{RecordingError, quotable},
};

/// Name of the manifest's member.
pub(super) const NAME: &str = "manifest.json";

const SEAL_DIGITS: usize = 64;
const AFTER_SEAL: &str = "\"}\n";

/// What a recording says about itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    pub(super) format: u32,
    pub(super) tool: String,
    pub(super) cluster: ClusterIdentity,
    pub(super) observed_at: Timestamp,
    pub(super) groups: Vec<Group>,
    /// SHA-256 of the manifest's own bytes with zeros in its place; always the last member.
    seal: String,
}

/// One group of facts.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Group {
    /// A need by name: not the enum, so that a need of the future can be named in an error.
    pub(super) need: String,
    #[serde(flatten)]
    pub(super) content: Content,
}

/// Whether a group was read.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    Read(Summary),
    Missing { missing: Missing },
}

/// What a group's rows must add up to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Summary {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

#[derive(Deserialize)]
struct OnlyFormat {
    format: u32,
}

impl Manifest {
    pub(super) fn new(
        cluster: ClusterIdentity,
        observed_at: Timestamp,
        groups: Vec<Group>,
    ) -> Self {
        Self {
            format: FORMAT,
            tool: concat!("airworthy/", env!("CARGO_PKG_VERSION")).into(),
            cluster,
            observed_at,
            groups,
            seal: "0".repeat(SEAL_DIGITS),
        }
    }

    /// The manifest as bytes, sealed.
    pub(super) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        let at = bytes.len() - AFTER_SEAL.len() - SEAL_DIGITS;
        let seal = hex(&Sha256::digest(&bytes));
        bytes[at..at + SEAL_DIGITS].copy_from_slice(seal.as_bytes());
        Ok(bytes)
    }

    /// Reads a manifest: first its format, so that one from the future is called by its name, then its seal.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, RecordingError> {
        let OnlyFormat { format } =
            serde_json::from_slice(bytes).map_err(|error| broken(&error.to_string()))?;
        if format > FORMAT {
            return Err(RecordingError::NewerFormat { format });
        }
        if format != FORMAT {
            return Err(broken(&format!("there is no format {format}")));
        }
        check_seal(bytes)?;
        serde_json::from_slice(bytes).map_err(|error| broken(&error.to_string()))
    }
}

fn broken(problem: &str) -> RecordingError {
    let problem = quotable(problem);
    RecordingError::DecodeManifest { problem }
}

fn check_seal(bytes: &[u8]) -> Result<(), RecordingError> {
    let sealed = bytes
        .strip_suffix(AFTER_SEAL.as_bytes())
        .and_then(|rest| rest.split_at_checked(rest.len().checked_sub(SEAL_DIGITS)?))
        .filter(|(before, _)| before.ends_with(b"\"seal\":\""));
    let Some((before, seal)) = sealed else {
        return Err(broken("it does not end with its seal"));
    };
    let digest = Sha256::new()
        .chain_update(before)
        .chain_update([b'0'; SEAL_DIGITS])
        .chain_update(AFTER_SEAL)
        .finalize();
    if hex(&digest).as_bytes() == seal {
        Ok(())
    } else {
        Err(broken("it was changed after it was written"))
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| {
        [
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ]
    });
    digits.map(char::from).collect()
}

/// The name of a need in manifests and member names.
pub(super) fn need_name(need: Need) -> String {
    match serde_json::to_value(need) {
        Ok(serde_json::Value::String(name)) => name,
        other => unreachable!("a need serialises to its name, not to {other:?}"),
    }
}

/// The member that holds the rows of a need.
pub(super) fn member_name(need: &str) -> String {
    format!("facts/{need}.ndjson.zst")
}
