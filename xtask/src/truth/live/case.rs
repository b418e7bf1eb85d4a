//! One object, how it was written, who owns it, and what its owner does next.

use super::apis::Api;

/// Which end of the hop a call knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// The version that goes away.
    Old,
    /// The version that stays.
    New,
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// As `kubectl apply`.
    ClientSide,
    /// As `kubectl apply --server-side --force-conflicts`.
    ServerSide,
    /// As `kubectl apply --server-side` of nothing but what [`Act::Touch`] changes.
    ServerSidePart,
    /// A plain POST; repeated, it makes the next object.
    Create,
    /// A POST with an annotation that some other, older version was applied.
    CreateStale,
    /// A change of one label.
    Label,
    /// A small change of the body.
    Touch,
    /// A change of the status.
    Status,
    /// Takes the managed fields away.
    Strip,
    /// Reads the collection.
    List,
    /// Reads the object, then changes a label: what `helm upgrade` does with each object of the deployed manifest.
    Upgrade,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Agent {
    /// A user of the cluster's options.
    pub(super) user: &'static str,
    /// The user agent.
    pub(super) program: String,
    /// The field manager of what is written.
    pub(super) manager: String,
}

impl Agent {
    /// A program of the administrator's that names its manager itself.
    pub(super) fn new(program: &str, manager: &str) -> Self {
        Self {
            user: "admin",
            program: program.into(),
            manager: manager.into(),
        }
    }

    /// A program whose field manager is its name, as the API server takes it from the user agent.
    pub(super) fn program(name: &str) -> Self {
        Self::new(&format!("{name}/v1.0 (linux/amd64)"), name)
    }

    /// The same under another user.
    pub(super) fn of(self, user: &'static str) -> Self {
        Self { user, ..self }
    }
}

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) act: Act,
    pub(super) at: At,
    pub(super) agent: Agent,
}

/// What says beside the object that it will be written again.
#[derive(Clone, Debug)]
pub(super) enum Backing {
    /// The object alone.
    Nothing,
    /// A Helm release.
    Helm(Release),
    /// An Argo CD Application whose status names the object.
    Argo(At),
    /// A Flux Kustomization whose inventory names the object.
    Flux(At),
}

/// A Helm release that holds the object.
#[derive(Clone, Debug)]
pub(super) struct Release {
    /// Status and version of the object of each revision, the oldest first.
    pub(super) revisions: Vec<(&'static str, At)>,
    /// Kept in Secrets, not in ConfigMaps.
    pub(super) secret: bool,
    /// The object is a hook, which every upgrade makes anew.
    pub(super) hook: bool,
}

/// One object of one owner.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// How it was written, in the words of the table.
    pub(super) way: &'static str,
    pub(super) api: Api,
    /// The object's name.
    pub(super) name: String,
    /// The owner that a finding has to name: manager, release, application; of a client its user.
    pub(super) owner: String,
    /// What happened to it, oldest first, before the audit log that the prediction reads begins.
    pub(super) history: Vec<Call>,
    /// Calls within that audit log.
    pub(super) window: Vec<Call>,
    /// What the owner does next; nothing when nobody does anything.
    pub(super) next: Option<Call>,
    pub(super) backing: Backing,
}

impl Case {
    /// Whether this is about a client that only reads.
    pub(super) fn is_client(&self) -> bool {
        self.next.as_ref().is_some_and(|next| next.act == Act::List)
    }

    /// For people.
    pub(super) fn title(&self) -> String {
        format!(
            "{} {} of {} [{}]",
            self.api.kind, self.name, self.owner, self.way
        )
    }
}
