//! The payload of a release: base64 around gzip around JSON.

use std::io::Read as _;

use airworthy_model::facts::ValuesVerdict;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::values;
use crate::wire::meta::nullable;

/// Most bytes that a payload may inflate to. What a Secret can hold (1 MB) rarely inflates to a third of it.
const MOST: usize = 32 << 20;
/// How gzip begins. Helm stored releases without it until 2017, and still reads those.
const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];

/// What is kept of a release while it is read: everything else of it (values, templates, files) is skipped, not held.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Release {
    #[serde(deserialize_with = "nullable")]
    name: String,
    #[serde(deserialize_with = "nullable")]
    info: Info,
    #[serde(deserialize_with = "nullable")]
    chart: Chart,
    /// All objects of the release as one text of YAML documents.
    #[serde(deserialize_with = "nullable")]
    pub(super) manifest: String,
    /// Objects that are made at some moments of the release's life.
    #[serde(deserialize_with = "nullable")]
    pub(super) hooks: Vec<Hook>,
    /// How its values stand to the schema of its chart, where that has one.
    #[serde(skip)]
    pub(super) values: Option<ValuesVerdict>,
}

/// An object that is made at some moments of a release's life.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Hook {
    /// Its YAML.
    #[serde(deserialize_with = "nullable")]
    pub(super) manifest: String,
    /// The moments, such as `pre-upgrade`.
    #[serde(deserialize_with = "nullable")]
    pub(super) events: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Info {
    #[serde(deserialize_with = "instant")]
    last_deployed: Option<Timestamp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chart {
    #[serde(deserialize_with = "nullable")]
    metadata: ChartMetadata,
    /// Only whether there is one.
    #[serde(deserialize_with = "nullable")]
    schema: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ChartMetadata {
    #[serde(deserialize_with = "nullable")]
    name: String,
    #[serde(deserialize_with = "nullable")]
    version: String,
    #[serde(deserialize_with = "nullable")]
    app_version: String,
    kube_version: Option<String>,
}

/// A time that Go wrote: the empty text and the year 1 mean none.
fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    let time = text.and_then(|text| text.parse::<Timestamp>().ok());
    Ok(time.filter(|time| time.as_second() > 0))
}

impl Release {
    /// When it was deployed.
    pub(super) fn deployed_at(&self) -> Option<Timestamp> {
        self.info.last_deployed
    }

    /// Name of its chart.
    pub(super) fn chart(&self) -> &str {
        &self.chart.metadata.name
    }

    /// Version of its chart.
    pub(super) fn chart_version(&self) -> &str {
        &self.chart.metadata.version
    }

    /// Version of what its chart installs.
    pub(super) fn app_version(&self) -> &str {
        &self.chart.metadata.app_version
    }

    /// The constraint on Kubernetes that its chart states.
    pub(super) fn kube_version(&self) -> Option<&str> {
        let constraint = self.chart.metadata.kube_version.as_deref();
        constraint.filter(|constraint| !constraint.is_empty())
    }
}

/// A payload that is no release. Says where, never what: payloads hold secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// Not base64.
    #[error("its payload is not base64")]
    Base64,
    /// Neither gzip nor JSON, or broken gzip.
    #[error("its payload is not gzip, or broken")]
    Gzip,
    /// Larger than anything that is read.
    #[error("its payload inflates to more than {} MB", MOST >> 20)]
    TooLarge,
    /// Broken JSON.
    #[error("its payload is not the JSON of a release (line {line}, column {column})")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// JSON that has no name.
    #[error("its payload is JSON, but of no release")]
    Nameless,
}

/// Reads the payload of a release: the text that Helm put into its Secret or ConfigMap, without the base64 that Kubernetes
/// puts around what a Secret holds. Any bytes are answered in bounded memory.
pub(super) fn decode(payload: &[u8]) -> Result<Release, Undecodable> {
    let packed = STANDARD.decode(payload.trim_ascii());
    let packed = packed.map_err(|_| Undecodable::Base64)?;
    let json = if packed.starts_with(&GZIP) {
        inflate(&packed)?
    } else {
        packed
    };
    let mut release: Release =
        serde_json::from_slice(&json).map_err(|error| Undecodable::Json {
            line: error.line(),
            column: error.column(),
        })?;
    if release.name.is_empty() {
        return Err(Undecodable::Nameless);
    }
    // The values are gone through again, and only where there is something to hold them against.
    if !release.chart.schema.is_empty() {
        release.values = Some(values::verdict(&json));
    }
    Ok(release)
}

/// Takes off the base64 that Kubernetes puts around what a Secret holds, where it comes as JSON.
pub fn unwrap(data: &[u8]) -> Result<Vec<u8>, Undecodable> {
    STANDARD.decode(data).map_err(|_| Undecodable::Base64)
}

fn inflate(packed: &[u8]) -> Result<Vec<u8>, Undecodable> {
    let mut json = Vec::with_capacity(packed.len().saturating_mul(4).min(MOST));
    let read = MultiGzDecoder::new(packed)
        .take(MOST as u64 + 1)
        .read_to_end(&mut json);
    read.map_err(|_| Undecodable::Gzip)?;
    if json.len() > MOST {
        return Err(Undecodable::TooLarge);
    }
    Ok(json)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};
    use serde_json::json;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn packed(bytes: &[u8]) -> String {
        STANDARD.encode(gzip(bytes))
    }

    fn release() -> String {
        json!({
            "name": "web", "version": 3, "namespace": "shop",
            "info": {"status": "deployed", "last_deployed": "2026-01-02T03:04:05.123456789+01:00", "notes": "hush"},
            "chart": {
                "metadata": {"name": "nginx", "version": "1.2.3", "kubeVersion": ">=1.19.0-0"},
                "templates": [{"name": "a", "data": "aHVzaA=="}], "values": {"password": "hush"},
            },
            "config": {"password": "hush"},
            "manifest": "---\nkind: Secret\n",
            "hooks": [{"name": "h", "manifest": "kind: Job\n", "events": ["pre-upgrade"]}],
        })
        .to_string()
    }

    #[test]
    fn what_is_kept_of_a_release() {
        for payload in [packed(release().as_bytes()), STANDARD.encode(release())] {
            let release = decode(payload.as_bytes()).unwrap();
            assert_eq!(
                (release.chart(), release.chart_version()),
                ("nginx", "1.2.3")
            );
            assert_eq!(release.kube_version(), Some(">=1.19.0-0"));
            let deployed = release.deployed_at().unwrap().to_string();
            assert_eq!(deployed, "2026-01-02T02:04:05.123456789Z");
            assert_eq!(release.manifest, "---\nkind: Secret\n");
            assert_eq!(release.hooks[0].events, ["pre-upgrade"]);
        }
    }

    #[test]
    fn members_that_go_leaves_out_or_writes_as_null() {
        let bare = r#"{"name": "a", "info": {"last_deployed": ""}, "chart": null, "hooks": null}"#;
        let release = decode(packed(bare.as_bytes()).as_bytes()).unwrap();
        assert_eq!((release.deployed_at(), release.chart()), (None, ""));
        let zero = r#"{"name": "a", "info": {"last_deployed": "0001-01-01T00:00:00Z"}}"#;
        let release = decode(packed(zero.as_bytes()).as_bytes()).unwrap();
        assert_eq!(
            (release.deployed_at(), release.kube_version()),
            (None, None)
        );
    }

    #[track_caller]
    fn refused(payload: &[u8], because: Undecodable) {
        let refused = decode(payload).unwrap_err();
        assert_eq!(refused, because);
        assert!(!refused.to_string().contains("hush"), "{refused}");
    }

    #[test]
    fn what_is_no_release_is_refused_without_a_word_of_it() {
        refused(b"{\"name\": \"hush\"}", Undecodable::Base64);
        refused(b"\xff\0", Undecodable::Base64);
        let whole = gzip(release().as_bytes());
        let cut = STANDARD.encode(&whole[..whole.len() / 2]);
        refused(cut.as_bytes(), Undecodable::Gzip);
        let wrong = r#"{"name": {"hush": 1}}"#;
        let place = Undecodable::Json { line: 1, column: 9 };
        refused(packed(wrong.as_bytes()).as_bytes(), place);
        refused(
            STANDARD.encode("hush").as_bytes(),
            Undecodable::Json { line: 1, column: 1 },
        );
        refused(b"", Undecodable::Json { line: 1, column: 0 });
        refused(packed(b"{\"hush\": 1}").as_bytes(), Undecodable::Nameless);
    }

    #[test]
    fn bombs_are_not_inflated() {
        // Gzip files behind one another inflate to one text.
        let spaces = gzip(&vec![b' '; 1 << 20]);
        let bomb = STANDARD.encode(spaces.repeat(1 + (MOST >> 20)));
        assert!(bomb.len() < 1 << 20);
        refused(bomb.as_bytes(), Undecodable::TooLarge);
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{{\"name\": \"a\", \"config\": {}", "[".repeat(1 << 20));
        let refused = decode(packed(deep.as_bytes()).as_bytes()).unwrap_err();
        assert!(matches!(refused, Undecodable::Json { .. }), "{refused:?}");
    }
}
