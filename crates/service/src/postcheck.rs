//! The work of a post-check: the last two looks at a cluster, each held against the baseline, as one answer.

use airworthy_assess::{Run, Selection, Settled, assess, settled};
use airworthy_collect::recording;
use airworthy_knowledge::Knowledge;
use airworthy_model::{Assessment, Facts, KubeVersion, Phase, Policy, UpgradePath, WaiverNote};
use airworthy_store::{self as store, Cluster, Outcome, Sample, Settling};
use jiff::{SignedDuration, Timestamp};

use crate::{
    Error, Service,
    judge::Judged,
    outcome::{PostVerdict, post_verdict},
    settling::FEWEST,
    spec::PostcheckTaskSpec,
    waivers::Accepted,
};

/// Most looks that one post-check takes by itself, where they need not be apart.
const LOOKS: usize = 4;

/// What is known so far.
enum Standing {
    /// The answer.
    Judged(Judged),
    /// There is none yet; the next look tells more. What to say when it is not due.
    Waiting(Box<Judged>),
}

/// What two samples are judged by.
struct Measure<'a> {
    spec: &'a PostcheckTaskSpec,
    baseline: Option<Facts>,
    policy: Policy,
    selection: Selection,
    notes: Vec<WaiverNote>,
}

impl Service {
    /// Judges the last two samples that there are at `now`, and takes those that are due.
    pub(crate) async fn postcheck_task(
        &self,
        cluster: &Cluster,
        spec: PostcheckTaskSpec,
        now: Timestamp,
    ) -> Result<Judged, Error> {
        let baseline = match self.baseline(cluster, &spec).await? {
            Ok(baseline) => baseline,
            Err(message) => return Ok(Judged::without_result(message)),
        };
        let Accepted { accept, notes } = self.waivers_of(cluster).await?;
        let measure = Measure {
            spec: &spec,
            baseline,
            policy: self.policy_of(cluster).await?,
            selection: Selection {
                catalogue: self.settings.catalogue.clone(),
                accept,
                now: Some(now),
                ..Selection::default()
            },
            notes,
        };
        let mut standing = None;
        for _ in 0..LOOKS {
            let seen = self.settling_of(cluster, now).await?;
            // Reading a cluster may be what shows that it has changed: its settling begins a moment after we did.
            let now = now.max(seen.converged_at);
            if !self.is_due(&seen, now) && standing.is_some() {
                break;
            }
            if self.is_due(&seen, now)
                && let Err(message) = Box::pin(self.sample(cluster, &seen, now)).await?
            {
                return Ok(Judged::without_result(message));
            }
            match Box::pin(self.standing(cluster, &measure, now)).await? {
                Standing::Judged(judged) => return Ok(judged),
                Standing::Waiting(judged) => standing = Some(*judged),
            }
        }
        Ok(standing.unwrap_or_else(|| Judged::without_result("nothing was looked at")))
    }

    /// How far the cluster has settled; who asks of one that was never seen to change begins.
    async fn settling_of(&self, cluster: &Cluster, now: Timestamp) -> Result<Settling, Error> {
        match self.store.settling(&cluster.id).await? {
            Some(seen) => Ok(seen),
            None => self.converged(cluster, "", now).await,
        }
    }

    /// What the samples that there are say.
    async fn standing(
        &self,
        cluster: &Cluster,
        measure: &Measure<'_>,
        now: Timestamp,
    ) -> Result<Standing, Error> {
        let seen = self.settling_of(cluster, now).await?;
        let samples = self.store.samples(&cluster.id).await?;
        let [earlier, last] = samples.as_slice() else {
            return Ok(waiting(too_few(&seen), None));
        };
        let judge = |sample: &Sample| measure.judge(sample);
        let (earlier, last) = match (judge(earlier), judge(last)) {
            (Ok(earlier), Ok(last)) => (earlier, last),
            (Err(why), _) | (_, Err(why)) => {
                return Ok(Standing::Judged(Judged::without_result(why)));
            }
        };
        match settled(&earlier, last) {
            Settled::Yes(answer) => Ok(Standing::Judged(outcome(&answer)?)),
            Settled::NotYet { last, new } => {
                let next_at = self.look_again(&seen).await?;
                let result = serde_json::to_vec(&last)?;
                Ok(waiting(not_yet(new, &last, next_at), Some(result)))
            }
        }
    }

    /// Plans a look where none is planned.
    async fn look_again(&self, seen: &Settling) -> Result<Timestamp, Error> {
        if let Some(at) = seen.next_at {
            return Ok(at);
        }
        let spacing = SignedDuration::try_from(self.settings.settle_at.spacing());
        let last = seen.last_at.unwrap_or(seen.converged_at);
        let next_at = last
            .checked_add(spacing.unwrap_or_default())
            .unwrap_or(last);
        self.store.put_off_sample(seen, next_at).await?;
        Ok(next_at)
    }

    /// The newest baseline of the cluster that is of the version which the caller says ran before.
    async fn baseline(
        &self,
        cluster: &Cluster,
        spec: &PostcheckTaskSpec,
    ) -> Result<Result<Option<Facts>, String>, Error> {
        let fits = |kept: &str| match (&spec.cluster_version, kept.parse::<KubeVersion>()) {
            (None, _) => true,
            (Some(wanted), Ok(kept)) => wanted.fits(&kept),
            (Some(_), Err(_)) => false,
        };
        let kept = self
            .store
            .baseline(&cluster.project_id, &cluster.id, fits)
            .await?;
        let read = kept
            .map(|kept| recording::read(kept.recording.as_slice()))
            .transpose();
        Ok(read.map_err(|error| format!("the baseline cannot be read: {error}")))
    }
}

impl Measure<'_> {
    /// What one sample says. One set of facts is held at a time beside the baseline.
    fn judge(&self, sample: &Sample) -> Result<Assessment, String> {
        let facts = recording::read(sample.recording.as_slice())
            .map_err(|error| format!("a sample cannot be read: {error}"))?;
        let baseline = self.baseline.as_ref();
        let path = way_gone(self.spec, &facts, baseline);
        let run = Run {
            phase: Phase::Post,
            facts: &facts,
            baseline,
            path: path.as_ref(),
            knowledge: Knowledge::embedded(),
            policy: &self.policy,
            selection: &self.selection,
        };
        let mut assessment = assess(run).map_err(|missing| missing.to_string())?;
        assessment.waiver_notes.extend(self.notes.iter().cloned());
        Ok(assessment)
    }
}

fn waiting(message: String, result: Option<Vec<u8>>) -> Standing {
    let outcome = Outcome {
        phase: store::Phase::Error,
        message: Some(message),
        result,
        expires_at: None,
    };
    Standing::Waiting(Box::new(Judged::of(outcome)))
}

fn too_few(seen: &Settling) -> String {
    let due = seen.next_at.map_or_else(
        || "check again in some minutes".to_owned(),
        |at| format!("the next is due at {}; check again then", second(at)),
    );
    format!(
        "the cluster settles: {} of the {FEWEST} samples that a post-check compares was taken; {due}",
        seen.taken
    )
}

fn not_yet(new: usize, last: &Assessment, next_at: Timestamp) -> String {
    let first = last.findings.first().map(|finding| {
        let subject = &finding.subject;
        format!(
            "such as {}: {} {}",
            finding.check,
            subject.kind,
            subject.path()
        )
    });
    format!(
        "the cluster settles: {new} found only in the last sample, {}; the next is due at {}; check again then",
        first.unwrap_or_default(),
        second(next_at)
    )
}

/// Parts of a second help nobody.
pub(crate) fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// The way that was gone: as the caller says, and where the caller is silent, from the baseline to what runs now.
fn way_gone<'f>(
    spec: &'f PostcheckTaskSpec,
    facts: &'f Facts,
    baseline: Option<&'f Facts>,
) -> Option<UpgradePath> {
    let runs = |facts: &'f Facts| Some(&facts.version.as_ref().ok()?.version);
    let named = spec.cluster_version.as_ref();
    let from = named.or_else(|| baseline.and_then(runs))?;
    UpgradePath::gone(from, spec.target_version.as_ref(), runs(facts))
}

fn outcome(assessment: &Assessment) -> Result<Judged, Error> {
    let (phase, message) = match post_verdict(assessment) {
        PostVerdict::Success => (store::Phase::Success, None),
        PostVerdict::Failed(message) => (store::Phase::Failed, Some(message)),
        PostVerdict::Error(message) => (store::Phase::Error, Some(message)),
    };
    let result = Some(serde_json::to_vec(assessment)?);
    Ok(Judged::of(Outcome {
        phase,
        message,
        result,
        expires_at: None,
    }))
}
