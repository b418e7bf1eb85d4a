//! What becomes of an API version on the way to the target. Removed, off by default and not there yet are three answers.

use airworthy_knowledge::{Api, Knowledge, Serving, api_version, url};
use airworthy_model::{Hop, Minor, UpgradePath, finding::AffectedApi};

/// Why the target does not answer calls at a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// No setting brings it back.
    Removed {
        /// First minor that does not serve it.
        since: Minor,
    },
    /// Only `--runtime-config` or a feature gate serves it.
    OffByDefault {
        /// First minor that does not serve it by default any more; nothing when none ever did.
        since: Option<Minor>,
    },
    /// It comes later.
    NotYet {
        /// First minor that has it.
        since: Minor,
    },
}

/// An API version that the target does not serve by default, with what the tables know of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended<'a> {
    pub(crate) api: &'a Api,
    pub(crate) fate: Fate,
    /// The step that takes it away.
    pub(crate) hop: Option<Hop>,
}

impl Fate {
    /// What becomes of `api` at `target`; nothing when it is served there, or when nobody knows of an end.
    pub(crate) fn of(api: &Api, target: Minor) -> Option<Self> {
        let removed = api.removed.filter(|removed| *removed <= target);
        match api.serving(target) {
            Serving::Served => None,
            Serving::OffByDefault => Some(Self::OffByDefault { since: removed }),
            Serving::NotYet { since } => Some(Self::NotYet { since }),
            Serving::Removed { since } => Some(Self::Removed { since }),
            Serving::Unknown => removed.map(|since| Self::Removed { since }),
        }
    }

    /// The clause of a message.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Removed { since } => format!("gone in {since}"),
            Self::OffByDefault { since: Some(since) } => {
                format!("off by default from {since} on")
            }
            Self::OffByDefault { since: None } => "off by default".to_owned(),
            Self::NotYet { since } => format!("not served before {since}"),
        }
    }

    fn minor(self) -> Option<Minor> {
        match self {
            Self::Removed { since } => Some(since),
            Self::OffByDefault { since } => since,
            Self::NotYet { .. } => None,
        }
    }
}

impl<'a> Ended<'a> {
    /// The end of a kind at `version` (with its group), where the target does not serve it.
    pub(crate) fn of(
        knowledge: &'a Knowledge,
        path: &UpgradePath,
        version: &str,
        kind: &str,
    ) -> Option<Self> {
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let api = knowledge.kind(group, version, kind)?;
        let fate = Fate::of(api, path.target.minor)?;
        let hop = fate.minor().and_then(|minor| meets(path, minor));
        Some(Self { api, fate, hop })
    }

    /// Whether its use was possible only because somebody switched it on, which the target allows as well.
    pub(crate) fn can_stay_on(&self) -> bool {
        self.fate == Fate::OffByDefault { since: None }
    }

    /// `batch/v1beta1 CronJob`.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.api.api_version(), self.api.kind)
    }

    /// Group and version, shortened by nothing.
    pub(crate) fn version(&self) -> String {
        self.api.api_version()
    }
}

/// The step that takes away what ends in `minor`. A server that emulates an older minor drops it on its first step.
pub(crate) fn meets(path: &UpgradePath, minor: Minor) -> Option<Hop> {
    path.hop_crossing(minor)
        .or_else(|| path.hops.first().copied())
}

/// What the tables know of an API version, as a finding carries it.
pub(crate) fn affected(api: &Api) -> AffectedApi {
    AffectedApi {
        url: url(&api.group, &api.version, &api.resource),
        api_version: api_version(&api.group, &api.version),
        kind: api.kind.clone(),
        deprecated: api.deprecated,
        removed: api.removed,
        replacement: api.replacement.clone(),
        replacement_since: api.replacement_since,
    }
}

/// The version to move to: the replacement, unless its kind is another and has to be named too.
pub(crate) fn successor(api: &Api) -> Option<String> {
    let version = api.replacement.as_ref()?;
    Some(match &api.replacement_kind {
        Some(kind) => format!("{version} {kind}"),
        None => version.clone(),
    })
}

/// A version of the same kind that `from` serves already and `target` still serves, the newest first.
pub(crate) fn bridge<'a>(
    knowledge: &'a Knowledge,
    api: &Api,
    from: Minor,
    target: Minor,
) -> Option<&'a Api> {
    let same = |other: &&Api| {
        other.kind == api.kind
            && other.group == api.group
            && other.version != api.version
            && other.serving(from) == Serving::Served
            && other.serving(target) == Serving::Served
    };
    let rank = |version: &str| {
        (
            !version.contains("alpha"),
            !version.contains("beta"),
            version.to_owned(),
        )
    };
    knowledge
        .apis()
        .filter(same)
        .max_by_key(|other| rank(&other.version))
}
