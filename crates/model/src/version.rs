//! Kubernetes versions as they occur in the wild, and the way from one to another. All version arithmetic lives here.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A minor release of Kubernetes, such as 1.31: the unit in which APIs come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Minor {
    /// `1` in 1.31.
    pub major: u16,
    /// `31` in 1.31.
    pub minor: u16,
}

impl Minor {
    /// The minor `1.n`.
    pub const fn v1(minor: u16) -> Self {
        Self { major: 1, minor }
    }

    /// The minor that follows this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self {
            major: self.major,
            minor: self.minor + 1,
        }
    }

    /// How many minors a kubelet of this minor may be older than the API server: three since 1.25
    /// (<https://kubernetes.io/releases/version-skew-policy/>).
    pub const fn kubelet_lag(self) -> u16 {
        if self.major <= 1 && self.minor < 25 {
            2
        } else {
            3
        }
    }

    /// How many minors `self` is above `other`; negative when it is below. Majors never mix: another major is far away.
    pub fn distance_from(self, other: Self) -> i32 {
        (i32::from(self.major) - i32::from(other.major)) * 1000 + i32::from(self.minor)
            - i32::from(other.minor)
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl From<Minor> for String {
    fn from(minor: Minor) -> Self {
        minor.to_string()
    }
}

impl TryFrom<String> for Minor {
    type Error = ParseVersionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Minor {
    type Err = ParseVersionError;

    /// Reads `1.31`, `v1.31` and, dropping what follows the minor, any full version.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<KubeVersion>().map(|version| version.minor)
    }
}

/// A version as a server, a kubelet or a person writes it: `v1.31.14`, `1.32`, `v1.30.4-eks-a1`, `v1.29.3+k3s1`, `v1.32.4-r2`.
///
/// Ordered by minor, patch and vendor release (`-r80` after `-r4`); other vendor suffixes do not order. A vendor suffix is
/// not a semver pre-release: `v1.30.4-eks-a1` is 1.30.4, not something before it. True pre-releases (`-alpha`, `-beta`, `-rc`)
/// are kept in the suffix too, because no check may call a release candidate older than what it candidates for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct KubeVersion {
    /// The minor release.
    pub minor: Minor,
    /// The patch, absent where only a minor was given.
    pub patch: Option<u16>,
    /// What followed the numbers, with its leading `-` or `+`; empty for upstream builds.
    pub suffix: String,
}

impl KubeVersion {
    /// The number of a vendor release suffix `-rN`, such as 80 in `v1.19.16-r80`.
    pub fn vendor_release(&self) -> Option<u32> {
        self.suffix.strip_prefix("-r")?.parse().ok()
    }

    /// `v<minor>.<patch>-r<n>`, the exact form of the CCE wire: an absent patch is 0, a foreign suffix is left out.
    pub fn exact(&self) -> String {
        format!(
            "v{}.{}-r{}",
            self.minor,
            self.patch.unwrap_or(0),
            self.vendor_release().unwrap_or(0)
        )
    }

    /// The provider whose builds have such a suffix, and who then usually runs the control plane. Azure's have none.
    pub fn provider(&self) -> Option<&'static str> {
        const SUFFIXES: [(&str, &str); 5] = [
            ("-eks-", "Amazon EKS"),
            ("-gke.", "Google GKE"),
            ("-aliyun.", "Alibaba Cloud ACK"),
            ("-tke.", "Tencent Cloud TKE"),
            ("+IKS", "IBM Cloud Kubernetes Service"),
        ];
        let known = SUFFIXES
            .iter()
            .find(|(suffix, _)| self.suffix.contains(suffix));
        known
            .map(|(_, provider)| *provider)
            .or_else(|| self.vendor_release().map(|_| "Huawei Cloud CCE"))
    }

    /// Whether `self` names the same release as `actual`, where `self` leaves out what it leaves out: `1.32` fits `v1.32.13`.
    pub fn fits(&self, actual: &Self) -> bool {
        self.minor == actual.minor
            && self.patch.is_none_or(|patch| Some(patch) == actual.patch)
            && self
                .vendor_release()
                .is_none_or(|release| release == actual.vendor_release().unwrap_or(0))
    }

    /// What versions are ordered by, number by number: minor, patch and vendor release; what is absent counts as 0.
    pub fn order(&self) -> (Minor, u16, u32) {
        (
            self.minor,
            self.patch.unwrap_or(0),
            self.vendor_release().unwrap_or(0),
        )
    }
}

impl PartialOrd for KubeVersion {
    /// `None` for versions that differ only in a suffix which does not order.
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match self.order().cmp(&other.order()) {
            std::cmp::Ordering::Equal if self != other => None,
            order => Some(order),
        }
    }
}

impl fmt::Display for KubeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.minor)?;
        if let Some(patch) = self.patch {
            write!(f, ".{patch}")?;
        }
        f.write_str(&self.suffix)
    }
}

impl From<KubeVersion> for String {
    fn from(version: KubeVersion) -> Self {
        version.to_string()
    }
}

impl TryFrom<String> for KubeVersion {
    type Error = ParseVersionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// A text that is not a Kubernetes version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a Kubernetes version: {why} (accepted forms: 1.32, v1.32, 1.32.4, v1.32.4-r2)"
)]
pub struct ParseVersionError {
    text: String,
    why: &'static str,
}

impl FromStr for KubeVersion {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = |why| ParseVersionError {
            text: text.chars().take(64).collect(),
            why,
        };
        let rest = text.strip_prefix('v').unwrap_or(text);
        let (numbers, suffix) = match rest.find(['-', '+', '~']) {
            Some(at) if rest[at..].len() > 1 => rest.split_at(at),
            // Some managed servers report the minor as "30+".
            Some(at) if &rest[at..] == "+" => (&rest[..at], ""),
            Some(_) => return Err(error("nothing follows the sign after the numbers")),
            None => (rest, ""),
        };
        if suffix.len() > 64
            || suffix
                .chars()
                .any(|c| !(c.is_ascii_alphanumeric() || "-+.~_".contains(c)))
        {
            return Err(error("the suffix has characters that no version has"));
        }
        let mut parts = numbers.split('.').map(parse_number);
        let mut part = || parts.next().transpose();
        let major = part().map_err(error)?.ok_or_else(|| error("it is empty"))?;
        let minor = part()
            .map_err(error)?
            .ok_or_else(|| error("the minor is missing"))?;
        let patch = part().map_err(error)?;
        if part().map_err(error)?.is_some() {
            return Err(error("it has more than three numbers"));
        }
        if major != 1 {
            return Err(error("the major version is not 1"));
        }
        Ok(Self {
            minor: Minor { major, minor },
            patch,
            suffix: suffix.to_owned(),
        })
    }
}

fn parse_number(text: &str) -> Result<u16, &'static str> {
    if text.is_empty() || text.len() > 4 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err("each part before the suffix must be a number");
    }
    text.parse()
        .map_err(|_| "each part before the suffix must be a number")
}

/// One step of an upgrade. Upstream, the two minors are neighbours; a vendor may sell a longer jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Hop {
    /// The minor that runs before the step.
    pub from: Minor,
    /// The minor that runs after it.
    pub to: Minor,
}

impl Hop {
    /// Whether something that is gone (or changed) from `minor` on is met by this step.
    pub fn crosses(self, minor: Minor) -> bool {
        self.from < minor && minor <= self.to
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.from, self.to)
    }
}

/// The way from what runs now to the target, one minor at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradePath {
    /// What the server reports now.
    pub from: KubeVersion,
    /// Where to go.
    pub target: KubeVersion,
    /// The steps, each to the next minor. A patch upgrade has none.
    pub hops: Vec<Hop>,
}

/// A target that no upgrade leads to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The target is what runs already.
    #[error("target {target} is the version that runs now ({from}): nothing to upgrade")]
    Equal {
        /// What runs.
        from: KubeVersion,
        /// What was asked for.
        target: KubeVersion,
    },
    /// The target is older than what runs.
    #[error(
        "target {target} is below the version that runs now ({from}): Kubernetes does not support downgrades"
    )]
    Below {
        /// What runs.
        from: KubeVersion,
        /// What was asked for.
        target: KubeVersion,
    },
}

impl UpgradePath {
    /// The path from `from` to `target`, minor by minor.
    pub fn new(from: KubeVersion, target: KubeVersion) -> Result<Self, PathError> {
        if target.minor < from.minor {
            return Err(PathError::Below { from, target });
        }
        if target.minor == from.minor {
            Self::refuse_same_minor(&from, &target)?;
        }
        let minors = (from.minor.minor..target.minor.minor).map(|n| Minor {
            major: from.minor.major,
            minor: n,
        });
        let hops = minors
            .map(|from| Hop {
                from,
                to: from.next(),
            })
            .collect();
        Ok(Self { from, target, hops })
    }

    /// The way that was gone, told after an upgrade: from what ran to what was to run, or to what runs where nobody has named that. A
    /// minor that ran already, named without a patch, is the newer patch of it that runs. None where nothing above `from` is named or runs.
    pub fn gone(
        from: &KubeVersion,
        target: Option<&KubeVersion>,
        runs: Option<&KubeVersion>,
    ) -> Option<Self> {
        let to = |target: &KubeVersion| Self::new(from.clone(), target.clone()).ok();
        let fits = |runs: &&KubeVersion| target.is_none_or(|target| target.fits(runs));
        target
            .and_then(to)
            .or_else(|| runs.filter(fits).and_then(to))
    }

    /// The end of a path whose beginning nobody knows, as when files are judged without a cluster: no step, only the target.
    pub fn to(target: KubeVersion) -> Self {
        Self {
            from: target.clone(),
            target,
            hops: Vec::new(),
        }
    }

    fn refuse_same_minor(from: &KubeVersion, target: &KubeVersion) -> Result<(), PathError> {
        let (f, t) = (from.clone(), target.clone());
        if target.fits(from) || (target.patch.is_none() && target.vendor_release().is_none()) {
            return Err(PathError::Equal { from: f, target: t });
        }
        match target.partial_cmp(from) {
            Some(std::cmp::Ordering::Greater) => Ok(()),
            Some(std::cmp::Ordering::Less) => Err(PathError::Below { from: f, target: t }),
            _ => Err(PathError::Equal { from: f, target: t }),
        }
    }

    /// The hop that meets a change made in `minor`, if any does.
    pub fn hop_crossing(&self, minor: Minor) -> Option<Hop> {
        self.hops.iter().copied().find(|hop| hop.crosses(minor))
    }

    /// Whether `minor`'s changes are met on this path.
    pub fn crosses(&self, minor: Minor) -> bool {
        self.hop_crossing(minor).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> KubeVersion {
        text.parse().unwrap()
    }

    #[test]
    fn the_way_that_was_gone_leads_to_what_was_named_or_runs_and_never_down() {
        let gone = |from, target: Option<&str>, runs: Option<&str>| {
            let (target, runs) = (target.map(v), runs.map(v));
            let path = UpgradePath::gone(&v(from), target.as_ref(), runs.as_ref());
            path.map(|path| path.target.to_string())
        };
        for (from, target, runs, leads_to) in [
            ("1.31.4", None, Some("v1.32.1"), Some("v1.32.1")),
            ("1.31.4", Some("1.32"), Some("v1.31.4"), Some("v1.32")),
            ("1.31.4", Some("1.32"), None, Some("v1.32")),
            ("1.31.4", Some("1.31.9"), Some("v1.31.4"), Some("v1.31.9")),
            ("1.31.4", Some("1.31"), Some("v1.31.9"), Some("v1.31.9")),
            ("1.31.4", Some("1.31"), Some("v1.31.4"), None),
            ("1.31.4", Some("1.31"), Some("v1.32.1"), None),
            ("1.31.4", Some("1.31.4"), Some("v1.31.9"), None),
            ("1.31.4", Some("1.31"), None, None),
            ("1.31.4", None, Some("v1.31.4"), None),
            ("1.31.4", None, None, None),
            ("1.32.1", None, Some("v1.31.4"), None),
            ("1.32.1", Some("1.31"), Some("v1.31.4"), None),
        ] {
            let told = gone(from, target, runs);
            assert_eq!(told.as_deref(), leads_to, "{from} {target:?} {runs:?}");
        }
    }

    #[test]
    fn reads_every_form_seen_in_the_field() {
        for (text, minor, patch, suffix) in [
            ("1.32", 32, None, ""),
            ("v1.32", 32, None, ""),
            ("1.32.4", 32, Some(4), ""),
            ("v1.32.4-r2", 32, Some(4), "-r2"),
            ("v1.30.4-eks-a1b2c3", 30, Some(4), "-eks-a1b2c3"),
            ("v1.29.3+k3s1", 29, Some(3), "+k3s1"),
            ("v1.27.8-gke.1067004", 27, Some(8), "-gke.1067004"),
            ("1.30+", 30, None, ""),
            ("v1.37.0-rc.1", 37, Some(0), "-rc.1"),
        ] {
            let version = v(text);
            assert_eq!(
                (version.minor, version.patch, version.suffix.as_str()),
                (Minor::v1(minor), patch, suffix),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_what_is_no_version_and_says_why() {
        for text in [
            "",
            "v",
            "1",
            "banana",
            "1.x",
            "1.32.4.5",
            "2.0",
            "1.-1",
            "1.32-",
            "v1.32.4 ",
            "1.99999",
            "１.32",
            "1.32-\u{1b}[31m",
        ] {
            let error = text.parse::<KubeVersion>().expect_err(text).to_string();
            assert!(error.contains("accepted forms"), "{error}");
        }
    }

    #[test]
    fn orders_by_number_not_by_text() {
        assert!(v("1.10") > v("1.9"));
        assert!(v("v1.19.16-r80") > v("v1.19.16-r4"));
        assert!(v("v1.19.16") > v("v1.19.9"));
        assert_eq!(v("v1.30.4-eks-a1").partial_cmp(&v("v1.30.4")), None);
    }

    #[test]
    fn a_suffix_names_its_provider() {
        for (text, provider) in [
            ("v1.30.4-eks-a1b2c3", Some("Amazon EKS")),
            ("v1.27.8-gke.1067004", Some("Google GKE")),
            ("v1.32.4-r2", Some("Huawei Cloud CCE")),
            ("v1.29.3+k3s1", None),
            ("v1.37.0-rc.1", None),
            ("v1.31.14", None),
        ] {
            assert_eq!(v(text).provider(), provider, "{text}");
        }
    }

    #[test]
    fn what_a_version_leaves_out_fits_anything() {
        for (wanted, runs, fits) in [
            ("1.32", "v1.32.4-r2", true),
            ("1.32.4", "v1.32.4-eks-1", true),
            ("v1.32.4-r0", "v1.32.4", true),
            ("v1.32.4-r2", "v1.32.4-r3", false),
            ("1.32.4", "v1.32.5", false),
            ("1.32", "v1.33.0", false),
        ] {
            assert_eq!(v(wanted).fits(&v(runs)), fits, "{wanted} {runs}");
        }
    }

    #[test]
    fn a_path_takes_one_minor_at_a_time() {
        let path = UpgradePath::new(v("v1.29.3-eks-1"), v("1.32")).unwrap();
        let hops: Vec<_> = path.hops.iter().map(ToString::to_string).collect();
        assert_eq!(hops, ["1.29 → 1.30", "1.30 → 1.31", "1.31 → 1.32"]);
        assert!(path.crosses(Minor::v1(32)) && path.crosses(Minor::v1(30)));
        assert!(!path.crosses(Minor::v1(29)) && !path.crosses(Minor::v1(33)));
    }

    #[test]
    fn equal_and_lower_targets_are_refused() {
        assert!(matches!(
            UpgradePath::new(v("v1.31.4"), v("1.31")),
            Err(PathError::Equal { .. })
        ));
        assert!(matches!(
            UpgradePath::new(v("v1.31.4"), v("v1.31.4")),
            Err(PathError::Equal { .. })
        ));
        assert!(matches!(
            UpgradePath::new(v("v1.31.4"), v("1.30.9")),
            Err(PathError::Below { .. })
        ));
        assert!(matches!(
            UpgradePath::new(v("v1.31.4"), v("1.31.2")),
            Err(PathError::Below { .. })
        ));
        assert!(matches!(
            UpgradePath::new(v("v1.31.4-r2"), v("v1.31.4-r1")),
            Err(PathError::Below { .. })
        ));
        assert_eq!(
            UpgradePath::new(v("v1.31.4"), v("1.31.9")).unwrap().hops,
            []
        );
    }

    #[test]
    fn round_trips_through_json() {
        let version = v("v1.30.4-eks-a1");
        let text = serde_json::to_string(&version).unwrap();
        assert_eq!(text, "\"v1.30.4-eks-a1\"");
        assert_eq!(serde_json::from_str::<KubeVersion>(&text).unwrap(), version);
    }
}
