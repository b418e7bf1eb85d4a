//! Running checks, one after the other, so that none can take the others down.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
};

use airworthy_checks::{CATALOGUE, Check, Context, Judgement, context::Inputs};
use airworthy_knowledge::Knowledge;
use airworthy_model::{
    Assessment, CheckInfo, CheckResult, Evidence, Facts, Finding, KubeVersion, Missing, Need,
    Phase, Policy, Reason, Severity, Status, Subject, UpgradePath, Waived, Waiver,
};

use crate::{Selection, plan, users::UserCheck, verdict, waivers::Desk};

/// What is to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Before or after.
    pub phase: Phase,
    /// The facts of now.
    pub facts: &'a Facts,
    /// The facts of before, for a post-check.
    pub baseline: Option<&'a Facts>,
    /// The way: always there in a pre-check.
    pub path: Option<&'a UpgradePath>,
    /// The tables of every minor.
    pub knowledge: &'a Knowledge,
    /// What the operator decided.
    pub policy: &'a Policy,
    /// Which checks run.
    pub selection: &'a Selection,
}

/// Runs the checks of the phase and reaches a verdict. `Err` when not even the server's version is known: then there is
/// nothing that could be judged.
pub fn assess(run: Run<'_>) -> Result<Assessment, Missing> {
    let version = match &run.facts.manifests {
        Ok(_) if run.facts.version.is_err() => None,
        _ => Some(run.facts.version.clone()?.version),
    };
    let ours = CATALOGUE.iter().copied().map(Item::Ours);
    let users = run.selection.catalogue.users().iter().map(Item::Users);
    let items: Vec<_> = ours.chain(users).collect();
    Ok(run_items(run, &items, version))
}

/// A check that can run.
#[derive(Clone, Copy)]
pub(crate) enum Item<'a> {
    Ours(&'static Check),
    Users(&'a UserCheck),
}

impl<'a> Item<'a> {
    fn info(self) -> &'a CheckInfo {
        match self {
            Self::Ours(check) => &check.info,
            Self::Users(check) => &check.info,
        }
    }
}

/// Runs these checks, as far as they are of the phase.
pub(crate) fn run_items(
    run: Run<'_>,
    items: &[Item<'_>],
    version: Option<KubeVersion>,
) -> Assessment {
    let infos = || items.iter().map(|item| item.info());
    let mut engine = Engine {
        run,
        desk: Desk::new(&run.selection.accept, run.facts, run.selection.now),
        checks: Vec::new(),
        findings: Vec::new(),
        waived: Vec::new(),
        failed: Vec::new(),
        unasked: Vec::new(),
        left_out: infos()
            .filter(|info| info.phase != run.phase || left_out(&run, info).is_some())
            .map(|info| info.name)
            .collect(),
    };
    items
        .iter()
        .filter(|item| item.info().phase == run.phase)
        .for_each(|item| engine.run(*item));
    engine.report_failures();
    engine.conclusion(version)
}

/// Why a check does not run, where it does not. Without a cluster those run that read files, or no facts at all.
fn left_out(run: &Run<'_>, info: &CheckInfo) -> Option<&'static str> {
    if !run.selection.runs(info) {
        return Some("left out by the caller");
    }
    let only_files = run.facts.version.is_err() && run.facts.manifests.is_ok();
    let reads = info.needs.is_empty() || info.needs.contains(&Need::Manifests);
    (only_files && !reads).then_some("reads a cluster; only files are judged")
}

/// Worst first, then as the catalogue has them, then by subject.
fn order(finding: &Finding) -> (std::cmp::Reverse<Severity>, usize, Subject, String) {
    let place = CATALOGUE
        .iter()
        .position(|check| check.info.name == finding.check)
        .unwrap_or(usize::MAX);
    (
        std::cmp::Reverse(finding.severity),
        place,
        finding.subject.clone(),
        finding.discriminator.clone(),
    )
}

/// How much of a name has to stand in a command to be taken for it: checks cut long names.
const NAME_BEGINS: usize = 16;

/// Names stand in commands as they are, and roles may be called anything. A command whose name a shell would take for more than
/// a name is left out: nobody should paste it.
fn typeable(mut finding: Finding) -> Finding {
    let plain = |c: char| c.is_alphanumeric() || ".-_:/@%+=,".contains(c);
    let subject = &finding.subject;
    let names = [Some(&subject.name), subject.namespace.as_ref()];
    let odd = names.into_iter().flatten();
    let odd: Vec<String> = odd
        .filter(|name| name.starts_with('-') || !name.chars().all(plain))
        .map(|name| name.chars().take(NAME_BEGINS).collect())
        .collect();
    for fix in &mut finding.fix {
        fix.command
            .take_if(|command| odd.iter().any(|name| command.contains(name)));
    }
    finding
}

struct Engine<'a> {
    run: Run<'a>,
    desk: Desk<'a>,
    checks: Vec<CheckResult>,
    findings: Vec<Finding>,
    waived: Vec<Waived>,
    failed: Vec<&'static str>,
    /// Checks that live by evidence which is read only on request, and which nobody has asked for.
    unasked: Vec<String>,
    left_out: Vec<&'static str>,
}

/// What came of one check, and whether it can block.
struct Answer {
    outcome: airworthy_checks::Outcome,
    can_block: bool,
}

impl Engine<'_> {
    fn run(&mut self, item: Item<'_>) {
        let info = item.info();
        let name = info.name;
        if let Some(why) = left_out(&self.run, info) {
            let why = Some(why.to_owned());
            return self.push(name, Status::Skipped, Vec::new(), false, why);
        }
        // A check that panics has broken no state of ours: it only borrowed.
        let Ok(Answer { outcome, can_block }) = catch_unwind(AssertUnwindSafe(|| self.ask(item)))
        else {
            self.failed.push(name);
            let detail = "the check itself failed".to_owned();
            let missing = Missing {
                need: Need::Collection,
                reason: Reason::Malformed,
                detail,
                cure: None,
            };
            return self.push(name, Status::Unknown, vec![missing], true, None);
        };
        match outcome {
            Ok(judgement) => self.conclude(info, judgement, can_block),
            Err(missing) => self.undecided(name, missing, can_block),
        }
    }

    fn ask(&self, item: Item<'_>) -> Answer {
        let check = match item {
            Item::Ours(check) => check,
            Item::Users(check) => {
                return Answer {
                    outcome: check.judge(self.run.facts, self.run.path),
                    can_block: check.blocks(),
                };
            }
        };
        let inputs = Inputs {
            facts: self.run.facts,
            baseline: self.run.baseline,
            path: self.run.path,
            knowledge: self.run.knowledge,
            policy: self.run.policy,
            left_out: &self.left_out,
        };
        let read = RefCell::default();
        let ctx = Context::new(inputs, &read);
        Answer {
            outcome: (check.run)(&ctx),
            can_block: (check.blocks)(&ctx),
        }
    }

    fn conclude(&mut self, info: &CheckInfo, judgement: Judgement, can_block: bool) {
        let name = info.name;
        if let Some(why) = judgement.not_applicable {
            return self.push(
                name,
                Status::NotApplicable,
                Vec::new(),
                can_block,
                Some(why),
            );
        }
        let before = self.waived.len();
        let missing = self.still_missing(name, judgement.missing);
        let open = self.still_open(info, judgement.findings);
        let status = match (open.is_empty(), missing.is_empty()) {
            (false, _) => Status::Found,
            (true, false) => Status::Unknown,
            (true, true) if self.waived.len() > before => Status::Waived,
            (true, true) => Status::Clear,
        };
        self.findings.extend(open);
        self.push(name, status, missing, can_block, None);
    }

    /// The findings that nobody accepted; the others are put aside.
    fn still_open(&mut self, info: &CheckInfo, findings: Vec<Finding>) -> Vec<Finding> {
        let mut open = Vec::new();
        for finding in findings {
            let finding = typeable(Finding {
                check: info.name.to_owned(),
                ..finding
            });
            match self.desk.waiver(info, &finding) {
                Some(waiver) => self.put_aside(info.name, Some(finding), Vec::new(), waiver),
                None => open.push(finding),
            }
        }
        open
    }

    fn still_missing(&mut self, name: &str, missing: Vec<Missing>) -> Vec<Missing> {
        match self.desk.waiver_of_missing(name) {
            Some(waiver) if !missing.is_empty() => {
                self.put_aside(name, None, missing, waiver);
                Vec::new()
            }
            _ => missing,
        }
    }

    fn put_aside(
        &mut self,
        name: &str,
        finding: Option<Finding>,
        missing: Vec<Missing>,
        waiver: Waiver,
    ) {
        self.waived.push(Waived {
            check: name.to_owned(),
            finding,
            missing,
            waiver,
        });
    }

    /// Evidence that the operator switched off leaves a check out, unless the check could have found a blocker.
    fn undecided(&mut self, name: &str, missing: Missing, can_block: bool) {
        let why = Some(missing.to_string());
        let switched_off = missing.reason == Reason::SwitchedOff;
        if switched_off && Need::OPT_IN.contains(&missing.need) {
            self.unasked.push(name.to_owned());
        }
        let missing = self.still_missing(name, vec![missing]);
        let (status, missing, why) = match missing.is_empty() {
            true => (Status::Waived, missing, why),
            false if switched_off && !can_block => (Status::Skipped, Vec::new(), why),
            false => (Status::Unknown, missing, None),
        };
        self.push(name, status, missing, can_block, why);
    }

    fn push(
        &mut self,
        name: &str,
        status: Status,
        missing: Vec<Missing>,
        can_block: bool,
        why: Option<String>,
    ) {
        self.checks.push(CheckResult {
            check: name.to_owned(),
            status,
            missing,
            can_block,
            why,
        });
    }

    /// Checks that failed are findings of `InternalError`, or of its twin after an upgrade: the checks whose findings the engine makes.
    fn report_failures(&mut self) {
        let reporter = match self.run.phase {
            Phase::Pre => "InternalError",
            Phase::Post => "PostInternalError",
        };
        let failed = std::mem::take(&mut self.failed);
        if let Some(result) = self
            .checks
            .iter_mut()
            .find(|result| result.check == reporter && !failed.is_empty())
        {
            result.status = Status::Found;
        }
        let now = self.run.facts.observed_at;
        self.findings.extend(failed.into_iter().map(|name| {
            let subject = Subject::cluster("airworthy/v1", "Check", name);
            let finding = Finding::new(
                Severity::Blocker,
                subject,
                format!("the check {name} failed and judged nothing"),
            )
            .because(Evidence::state(
                "airworthy",
                now,
                "it panicked; the message is on stderr or in the log",
            ))
            .fix_with(
                "Report it with a recording of the cluster",
                "airworthy record -o recording.tar",
            );
            Finding {
                check: reporter.to_owned(),
                ..finding
            }
        }));
    }

    fn conclusion(mut self, version: Option<KubeVersion>) -> Assessment {
        let run = self.run;
        self.findings.sort_by_cached_key(order);
        self.waived
            .sort_by_cached_key(|waived| waived.finding.as_ref().map(order));
        Assessment {
            phase: run.phase,
            verdict: verdict::verdict(&self.checks, &self.findings),
            scope: verdict::scope(&self.checks, &self.unasked),
            cluster: run.facts.cluster.clone(),
            version,
            observed_at: run.facts.observed_at,
            path: run.path.cloned(),
            knowledge: run.knowledge.version(),
            plan: plan::of(&run, &self.findings),
            waiver_notes: self.desk.notes(&self.checks),
            checks: self.checks,
            findings: self.findings,
            waived: self.waived,
        }
    }
}
