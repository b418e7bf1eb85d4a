//! Every way of writing or reading, tried on every API of a hop.

use super::{
    apis::{Api, Hop},
    case::{Act, Agent, At, Backing, Call, Case, Release},
};

use Act::{
    ClientSide, Create, CreateStale, Label, List, ServerSide, ServerSidePart, Status, Strip, Touch,
    Upgrade,
};
use At::{New, Old};

/// The user of the programs that run while the audit log is written.
pub(super) const RUNNING: &str = "robot";
/// The user that only reads at the old version.
pub(super) const READER: &str = "reporter";
/// The user that only reads at the new version.
pub(super) const MODERN: &str = "modern";

/// One step of a way: what, at which end, by whom.
type Step = (Act, At, Who);

/// The parts that agents play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// `kubectl apply`.
    Kubectl,
    /// `kubectl apply --server-side`.
    KubectlServerSide,
    /// Another tool that applies.
    Other,
    /// A program with its own manager.
    Operator,
    /// A controller that writes the status.
    Controller,
    /// A person at a shell: `kubectl label`, `kubectl patch`.
    Person,
}

impl Who {
    fn agent(self) -> Agent {
        let kubectl = |manager| Agent::new("kubectl/v1.31.0 (linux/amd64) kubernetes/abc", manager);
        match self {
            Self::Kubectl => kubectl("kubectl-client-side-apply"),
            Self::KubectlServerSide => kubectl("kubectl"),
            Self::Other => Agent::program("deployer"),
            Self::Operator => Agent::program("operator"),
            Self::Controller => Agent::program("some-controller"),
            Self::Person => kubectl("kubectl-edit"),
        }
    }
}

/// A way: its name in the table, its history, and its owner's next call.
struct Way(&'static str, &'static [Step], Step);

const WAYS: &[Way] = &[
    Way(
        "a  client-side apply, old",
        &[(ClientSide, Old, Who::Kubectl)],
        (ClientSide, Old, Who::Kubectl),
    ),
    Way(
        "a1 a, then a label by somebody, new",
        &[(ClientSide, Old, Who::Kubectl), (Label, New, Who::Person)],
        (ClientSide, Old, Who::Kubectl),
    ),
    Way(
        "a2 a, then the status by a controller, new",
        &[
            (ClientSide, Old, Who::Kubectl),
            (Status, New, Who::Controller),
        ],
        (ClientSide, Old, Who::Kubectl),
    ),
    Way(
        "a3 client-side apply, new, then old again",
        &[
            (ClientSide, New, Who::Kubectl),
            (ClientSide, Old, Who::Kubectl),
        ],
        (ClientSide, Old, Who::Kubectl),
    ),
    Way(
        "a4 a, then managed fields taken away",
        &[(ClientSide, Old, Who::Kubectl), (Strip, New, Who::Person)],
        (ClientSide, Old, Who::Kubectl),
    ),
    Way(
        "a5 a, then one field by somebody, new",
        &[(ClientSide, Old, Who::Kubectl), (Touch, New, Who::Person)],
        (ClientSide, Old, Who::Kubectl),
    ),
    Way(
        "b0 a, then client-side apply, new",
        &[
            (ClientSide, Old, Who::Kubectl),
            (ClientSide, New, Who::Kubectl),
        ],
        (ClientSide, New, Who::Kubectl),
    ),
    Way(
        "b1 a, then server-side apply by kubectl, new",
        &[
            (ClientSide, Old, Who::Kubectl),
            (ServerSide, New, Who::KubectlServerSide),
        ],
        (ServerSide, New, Who::KubectlServerSide),
    ),
    Way(
        "b2 a, then server-side apply by another, new",
        &[
            (ClientSide, Old, Who::Kubectl),
            (ServerSide, New, Who::Other),
        ],
        (ServerSide, New, Who::Other),
    ),
    Way(
        "c  server-side apply, old",
        &[(ServerSide, Old, Who::KubectlServerSide)],
        (ServerSide, Old, Who::KubectlServerSide),
    ),
    Way(
        "c1 c, then the same, new",
        &[
            (ServerSide, Old, Who::KubectlServerSide),
            (ServerSide, New, Who::KubectlServerSide),
        ],
        (ServerSide, New, Who::KubectlServerSide),
    ),
    Way(
        "c2 c, then the status by a controller, new",
        &[
            (ServerSide, Old, Who::KubectlServerSide),
            (Status, New, Who::Controller),
        ],
        (ServerSide, Old, Who::KubectlServerSide),
    ),
    Way(
        "d  create, old",
        &[(Create, Old, Who::Operator)],
        (Create, Old, Who::Operator),
    ),
    Way(
        "d1 d, then changed by the same, new",
        &[(Create, Old, Who::Operator), (Touch, New, Who::Operator)],
        (Touch, New, Who::Operator),
    ),
    Way(
        "d2 d, then a label by somebody, new",
        &[(Create, Old, Who::Operator), (Label, New, Who::Person)],
        (Create, Old, Who::Operator),
    ),
    Way(
        "d3 d, then the status by a controller, new",
        &[(Create, Old, Who::Operator), (Status, New, Who::Controller)],
        (Create, Old, Who::Operator),
    ),
    Way(
        "d5 d, then one field by somebody, new",
        &[(Create, Old, Who::Operator), (Touch, New, Who::Person)],
        (Create, Old, Who::Operator),
    ),
    Way(
        "b3 a, then server-side apply of one field by another, new",
        &[
            (ClientSide, Old, Who::Kubectl),
            (ServerSidePart, New, Who::Other),
        ],
        (ClientSide, Old, Who::Kubectl),
    ),
    Way(
        "c3 c, then server-side apply of one field by another, new",
        &[
            (ServerSide, Old, Who::KubectlServerSide),
            (ServerSidePart, New, Who::Other),
        ],
        (ServerSide, Old, Who::KubectlServerSide),
    ),
    Way(
        "d6 create, new, then one field by the same, old",
        &[(Create, New, Who::Operator), (Touch, Old, Who::Operator)],
        (Touch, Old, Who::Operator),
    ),
    Way(
        "d4 d, then its own status, new",
        &[(Create, Old, Who::Operator), (Status, New, Who::Operator)],
        (Create, Old, Who::Operator),
    ),
    Way(
        "e1 client-side apply, new",
        &[(ClientSide, New, Who::Kubectl)],
        (ClientSide, New, Who::Kubectl),
    ),
    Way(
        "e2 server-side apply, new",
        &[(ServerSide, New, Who::KubectlServerSide)],
        (ServerSide, New, Who::KubectlServerSide),
    ),
    Way(
        "e3 create, new",
        &[(Create, New, Who::Operator)],
        (Create, New, Who::Operator),
    ),
    Way(
        "e4 client-side apply, new, managed fields taken away",
        &[(ClientSide, New, Who::Kubectl), (Strip, New, Who::Person)],
        (ClientSide, New, Who::Kubectl),
    ),
];

/// All cases of a hop.
pub(super) fn cases(hop: &Hop) -> Vec<Case> {
    let mut cases = Vec::new();
    for api in &hop.apis {
        let written = WAYS
            .iter()
            .enumerate()
            .filter(|(_, way)| is_possible(api, way));
        cases.extend(written.map(|(number, way)| written_in(api, number, way)));
        cases.extend(backed(api));
        cases.extend(running(api));
    }
    cases.push(stale());
    cases
}

/// A kind may lack a version to move to, a status, or fields that can change.
fn is_possible(api: &Api, Way(_, history, next): &Way) -> bool {
    history.iter().chain([next]).all(|(act, at, _)| {
        let has = match act {
            Status => api.status.is_some(),
            Touch | ServerSidePart => api.touch.is_some(),
            _ => true,
        };
        has && (*at == Old || api.new.is_some())
    })
}

fn written_in(api: &Api, number: usize, Way(title, history, next): &Way) -> Case {
    let id = title.split_whitespace().next().unwrap_or(title);
    let call = |(act, at, who): &Step| Call {
        act: *act,
        at: *at,
        agent: own(who.agent(), id),
    };
    let next = call(next);
    Case {
        way: title,
        api: api.clone(),
        name: api.name(id, number + 1),
        owner: next.agent.manager.clone(),
        history: history.iter().map(call).collect(),
        window: Vec::new(),
        next: Some(next),
        backing: Backing::Nothing,
    }
}

/// Programs that are not everybody's, such as kubectl, belong to one way.
fn own(agent: Agent, id: &str) -> Agent {
    if agent.program.starts_with("kubectl") {
        agent
    } else {
        Agent::program(&format!("{}-{id}", agent.manager))
    }
}

/// What a backed case is: its title, its backing, and how the object itself was written.
type Backed = (&'static str, Backing, &'static [(Act, At)]);

/// A release: its title, its revisions with their status, and how the object itself was written.
type Deployed = (
    &'static str,
    &'static [(&'static str, At)],
    &'static [(Act, At)],
);

const HELM: &[Deployed] = &[
    (
        "h+ Helm, deployed manifest old",
        &[("deployed", Old)],
        &[(Create, Old)],
    ),
    (
        "h2 Helm, upgraded, still old",
        &[("superseded", Old), ("deployed", Old)],
        &[(Create, Old)],
    ),
    (
        "h3 Helm, old, a failed upgrade to new",
        &[("deployed", Old), ("failed", New)],
        &[(Create, Old)],
    ),
    (
        "h4 Helm, manifest old, object new",
        &[("deployed", Old)],
        &[(Create, New)],
    ),
    (
        "h5 Helm, old, uninstalled, history kept",
        &[("uninstalled", Old)],
        &[],
    ),
    (
        "h- Helm, old only in a superseded revision",
        &[("superseded", Old), ("deployed", New)],
        &[(Create, Old), (Touch, New)],
    ),
    ("h0 Helm, new", &[("deployed", New)], &[(Create, New)]),
];

fn backed(api: &Api) -> Vec<Case> {
    let helm = |revisions: &[(&'static str, At)]| Release {
        revisions: revisions.to_vec(),
        secret: true,
        hook: false,
    };
    let releases = HELM
        .iter()
        .map(|(title, revisions, history)| (*title, Backing::Helm(helm(revisions)), *history));
    let in_a_map = Release {
        secret: false,
        ..helm(&[("deployed", Old)])
    };
    let hook = Release {
        hook: true,
        ..helm(&[("deployed", Old)])
    };
    let others: [Backed; 6] = [
        (
            "h1 Helm in a ConfigMap, old",
            Backing::Helm(in_a_map),
            &[(Create, Old)],
        ),
        ("h6 Helm, a hook old", Backing::Helm(hook), &[]),
        ("g+ Argo CD, old", Backing::Argo(Old), &[(ServerSide, Old)]),
        ("g- Argo CD, new", Backing::Argo(New), &[(ServerSide, New)]),
        ("x+ Flux, old", Backing::Flux(Old), &[(ServerSide, Old)]),
        ("x- Flux, new", Backing::Flux(New), &[(ServerSide, New)]),
    ];
    let all = releases.chain(others).enumerate();
    let possible = all.filter(|(_, one)| can_back(api, one));
    possible
        .map(|(number, one)| backed_by(api, number, one))
        .collect()
}

fn can_back(api: &Api, (_, backing, history): &Backed) -> bool {
    let manifest = match backing {
        Backing::Helm(release) => release.revisions.iter().any(|(_, at)| *at == New),
        Backing::Argo(at) | Backing::Flux(at) => *at == New,
        Backing::Nothing => false,
    };
    let written = history.iter().any(|(_, at)| *at == New);
    let touched = history.iter().any(|(act, _)| *act == Touch);
    (!manifest && !written || api.new.is_some()) && (!touched || api.touch.is_some())
}

fn backed_by(api: &Api, number: usize, (title, backing, history): Backed) -> Case {
    let id = title.split_whitespace().next().unwrap_or(title);
    let id = id.replace('+', "y").replace('-', "n");
    let agent = deployer(&backing);
    let call = |(act, at): (Act, At)| Call {
        act,
        at,
        agent: agent.clone(),
    };
    let name = api.name(&id, 50 + number);
    Case {
        way: title,
        api: api.clone(),
        owner: name.replace('.', "-"),
        name,
        history: history.iter().map(|step| call(*step)).collect(),
        window: Vec::new(),
        next: next_of(&backing).map(call),
        backing,
    }
}

fn deployer(backing: &Backing) -> Agent {
    match backing {
        Backing::Helm(_) => Agent::new("Helm/3.15.4", "helm"),
        Backing::Argo(_) => {
            Agent::new("argocd-application-controller/v2.12.0", "argocd-controller")
        }
        Backing::Flux(_) => Agent::new("kustomize-controller/v1.3.0", "kustomize-controller"),
        Backing::Nothing => Agent::program("nobody"),
    }
}

/// Helm upgrades what is deployed; sources apply what they hold.
fn next_of(backing: &Backing) -> Option<(Act, At)> {
    match backing {
        Backing::Helm(release) => {
            let deployed = release
                .revisions
                .iter()
                .rfind(|(status, _)| *status == "deployed");
            let act = if release.hook { Create } else { Upgrade };
            deployed.map(|(_, at)| (act, *at))
        }
        Backing::Argo(at) | Backing::Flux(at) => Some((ServerSide, *at)),
        Backing::Nothing => None,
    }
}

/// Clients that run while the audit log is written: one that writes and reads at the old version, one that only reads at it,
/// one that only reads at the new one.
fn running(api: &Api) -> Vec<Case> {
    let mut cases = vec![writes(api), reads(api, "k  reads only, old", READER, Old)];
    if api.new.is_some() {
        cases.push(reads(api, "k0 reads only, new", MODERN, New));
    }
    cases
}

fn writes(api: &Api) -> Case {
    let agent = Agent::program("robot").of(RUNNING);
    let call = |act| Call {
        act,
        at: Old,
        agent: agent.clone(),
    };
    Case {
        way: "r  server-side apply again and again, old",
        api: api.clone(),
        name: api.name("r", 80),
        owner: "robot".into(),
        history: vec![call(ServerSide)],
        window: vec![call(ServerSide), call(List)],
        next: Some(call(ServerSide)),
        backing: Backing::Nothing,
    }
}

fn reads(api: &Api, way: &'static str, user: &'static str, at: At) -> Case {
    let call = Call {
        act: List,
        at,
        agent: Agent::program(&format!("{user}-tool")).of(user),
    };
    Case {
        way,
        api: api.clone(),
        name: String::new(),
        owner: user.into(),
        history: Vec::new(),
        window: vec![call.clone()],
        next: Some(call),
        backing: Backing::Nothing,
    }
}

/// A Deployment with an annotation of 2019, which its owner writes at a version that every minor serves.
fn stale() -> Case {
    let api = Api::deployment();
    let agent = Agent::program("operator-g");
    let call = |act| Call {
        act,
        at: New,
        agent: agent.clone(),
    };
    Case {
        way: "g  annotation of 2019, written new",
        name: api.name("g", 0),
        api,
        owner: agent.manager.clone(),
        history: vec![call(CreateStale)],
        window: Vec::new(),
        next: Some(call(Label)),
        backing: Backing::Nothing,
    }
}
