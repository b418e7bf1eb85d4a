//! One thing that is planted in a cluster before it is upgraded.

use airworthy_model::Minor;
use airworthy_testbed::resolve;
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The files of cases, by what they are about.
const FILES: &[(&str, &str)] = &[
    ("drain.yaml", include_str!("cases/drain.yaml")),
    ("api.yaml", include_str!("cases/api.yaml")),
    ("admission.yaml", include_str!("cases/admission.yaml")),
    ("volumes.yaml", include_str!("cases/volumes.yaml")),
    ("start.yaml", include_str!("cases/start.yaml")),
    ("after.yaml", include_str!("cases/after.yaml")),
    ("from_1_24.yaml", include_str!("cases/from_1_24.yaml")),
    ("from_1_36.yaml", include_str!("cases/from_1_36.yaml")),
];

/// Something planted, and how to read what becomes of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Case {
    /// Lower case with hyphens; what belongs to it lies in the namespace `case-<name>` or bears that name.
    pub(super) name: String,
    /// What it was made to be. Reality decides; where the two differ the case is wrong.
    pub(super) intent: Intent,
    /// The first old minor that it is for.
    #[serde(default)]
    pub(super) from: Option<Minor>,
    /// The last one.
    #[serde(default)]
    pub(super) to: Option<Minor>,
    /// Nodes of its own, with the label and the taint `case=<name>`.
    #[serde(default)]
    pub(super) nodes: Vec<Node>,
    /// Back ends that answer for Services of its namespace. `$CA` in its objects is the authority of the first, `$EXPIRED` one
    /// that has expired, `$BOTH` the two in one bundle.
    #[serde(default)]
    pub(super) back_ends: Vec<BackEnd>,
    /// Workloads, on its own nodes where it has some.
    #[serde(default)]
    pub(super) workloads: Vec<Workload>,
    /// Disruption budgets.
    #[serde(default)]
    pub(super) budgets: Vec<Budget>,
    /// Records of Helm, oldest first.
    #[serde(default)]
    pub(super) releases: Vec<Release>,
    /// Objects, each applied at the version that it names. `$NS` is its namespace; what steps apply or patch may name authorities too.
    #[serde(default)]
    pub(super) objects: String,
    /// What happens after that, one after the other.
    #[serde(default)]
    pub(super) steps: Vec<Step>,
    /// Words that name it in findings about things that bear no name of their own, such as flags.
    #[serde(default)]
    pub(super) marks: Vec<String>,
    /// Feature gates and flags that the API server runs with.
    #[serde(default)]
    pub(super) api_server: Vec<String>,
    /// Those that the controller manager runs with.
    #[serde(default)]
    pub(super) controller_manager: Vec<String>,
    /// What is looked at after the upgrade.
    pub(super) reality: Reality,
    /// What is done once that has been asked, where the harm reaches beyond the case: what controllers cannot list stops those of old
    /// minors for the whole cluster.
    #[serde(default)]
    pub(super) mended: Vec<Step>,
}

/// What a case was made to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Intent {
    /// The upgrade harms it.
    Hazard,
    /// It looks as if, and is harmless.
    LookAlike,
}

/// A node of a case's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Node {
    /// Cores.
    #[serde(default = "cores")]
    pub(super) cpu: String,
    /// Most pods.
    #[serde(default = "pods")]
    pub(super) pods: u32,
    /// More labels.
    #[serde(default)]
    pub(super) labels: std::collections::BTreeMap<String, String>,
}

fn cores() -> String {
    "4".to_owned()
}

const fn pods() -> u32 {
    110
}

/// A workload in few words.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Workload {
    /// Its name, and the value of the label `app` of its pods.
    pub(super) name: String,
    /// `Deployment`, `StatefulSet` or `DaemonSet`.
    #[serde(default = "deployment")]
    pub(super) kind: String,
    /// How many pods.
    #[serde(default = "two")]
    pub(super) replicas: u32,
    /// What goes over the plain pod spec, by a merge patch.
    #[serde(default)]
    pub(super) pod: Value,
}

fn deployment() -> String {
    "Deployment".to_owned()
}

const fn two() -> u32 {
    2
}

/// A disruption budget in few words.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Budget {
    /// The workload whose pods it is over, which is its name too; nothing for a budget over all pods.
    #[serde(default)]
    pub(super) of: Option<String>,
    /// Its name, where that is another.
    #[serde(default)]
    pub(super) name: Option<String>,
    /// The rest of its spec.
    pub(super) spec: Map<String, Value>,
}

/// A record of Helm.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Release {
    /// The release.
    pub(super) name: String,
    /// Such as `deployed` or `superseded`.
    pub(super) status: String,
    /// The constraint of its chart, if it has one.
    #[serde(default)]
    pub(super) kube_version: Option<String>,
    /// What it holds.
    #[serde(default)]
    pub(super) manifest: String,
}

/// A Service and who answers for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BackEnd {
    /// The Service, made in the case's namespace.
    pub(super) service: String,
    /// What it does.
    pub(super) answers: Answers,
}

/// What a back end does.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Answers {
    /// Lets every admission request pass.
    Admission,
    /// Serves an aggregated API `v1` of this group.
    Api(String),
}

/// Something that happens to a planted case.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Step {
    /// The back end of this Service ends; the Service stays.
    Stop(String),
    /// An object goes.
    Delete(String),
    /// An object is changed by a merge patch.
    Patch {
        /// Its path.
        path: String,
        /// The change.
        with: Value,
    },
    /// The status of an object is changed by a merge patch.
    Status {
        /// Its path.
        path: String,
        /// The change.
        with: Value,
    },
    /// Objects are applied, at other versions than before or by another hand.
    Apply {
        /// The user agent.
        #[serde(default = "kubectl")]
        by: String,
        /// The objects.
        objects: String,
    },
    /// Nothing goes on before an object has a condition.
    Until {
        /// Its path.
        path: String,
        /// Type of the condition.
        condition: String,
        /// Its status.
        status: String,
    },
    /// Nothing goes on before so many pods of the namespace are ready.
    Ready(usize),
    /// Nothing goes on before a place of an object holds a value; `null` for nothing there.
    Sees {
        /// Its path.
        path: String,
        /// A JSON pointer.
        at: String,
        /// The value.
        is: Value,
    },
    /// Nothing goes on before an object is gone.
    Gone(String),
    /// One more node of the case, with its label and taint.
    Node(Node),
}

fn kubectl() -> String {
    "kubectl/v1.31.0".to_owned()
}

/// How what became of a case is read.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Reality {
    /// Its pods can be evicted, fit elsewhere meanwhile, and are as many as before in the end.
    Drains,
    /// The owner's next write of these objects is taken.
    Writes(String),
    /// A path answers 200.
    Reads(String),
    /// Its namespace can be deleted, and is gone after a while.
    Ends,
    /// The control plane of the target starts with the flags of the case.
    Starts,
    /// As `Drains`, and no workload is without a ready pod meanwhile.
    Serves,
    /// Its pods are the same in the end, and so is what only they hold.
    Keeps,
    /// Nothing to predict: these things happen to it after the upgrade, and the post-check has to tell harm from change.
    Changes(Vec<Step>),
}

impl Case {
    /// The cases for a hop such as `1.31:1.32`. `$FROM` and `$TO` stand for its versions, such as `v1.31.14`.
    ///
    /// `more` is the text of another file of cases. Errors: what is no case, a name that is there twice.
    pub(super) fn all(hop: &str, more: Option<&str>) -> Result<Vec<Self>> {
        let (from, to) = hop.split_once(':').context("a hop is FROM:TO")?;
        let version = |minor| Ok::<_, anyhow::Error>(format!("v{}", resolve(minor)?));
        let versions = (version(from)?, version(to)?);
        let mut cases: Vec<Self> = Vec::new();
        let files = FILES.iter().copied();
        for (file, text) in files.chain(more.map(|text| ("the file of cases", text))) {
            let text = text
                .replace("$FROM", &versions.0)
                .replace("$TO", &versions.1);
            let read: Vec<Self> = serde_saphyr::from_str(&text).with_context(|| file.to_owned())?;
            for case in read {
                if cases.iter().any(|known| known.name == case.name) {
                    bail!("{file}: {} is there twice", case.name);
                }
                cases.push(case);
            }
        }
        let from = from.parse().context("a hop begins with a minor")?;
        cases.retain(|case| case.is_for(from));
        Ok(cases)
    }

    fn is_for(&self, from: Minor) -> bool {
        self.from.is_none_or(|first| first <= from) && self.to.is_none_or(|last| from <= last)
    }

    /// Whether it is about what happens after the upgrade.
    pub(super) fn is_after(&self) -> bool {
        matches!(self.reality, Reality::Changes(_))
    }

    /// Its namespace.
    pub(super) fn namespace(&self) -> String {
        format!("case-{}", self.name)
    }

    /// A text of the case with its namespace filled in for `$NS`.
    pub(super) fn filled(&self, text: &str) -> String {
        text.replace("$NS", &self.namespace())
    }

    /// An object of the case with its namespace filled in.
    pub(super) fn filled_in(&self, object: &Value) -> Value {
        let text = self.filled(&object.to_string());
        serde_json::from_str(&text).unwrap_or_else(|_| object.clone())
    }
}
