//! The runs of one cluster.

use airworthy_service::PrecheckTaskSpec;
use airworthy_store::{Brief, Cluster, Phase, TaskKind};
use askama::Template;
use axum::extract::{Path, State};
use jiff::Timestamp;

use crate::app::App;

use super::{
    Page, RUNS, Refused, Shown, Visitor, run_address,
    sign::{self, Sign},
    when,
};

/// Everything that can be run, the checks first.
const KINDS: [TaskKind; 4] = [
    TaskKind::Precheck,
    TaskKind::Postcheck,
    TaskKind::Upgrade,
    TaskKind::Snapshot,
];

#[derive(Template)]
#[template(path = "runs.html")]
struct Runs {
    visitor: Visitor,
    cluster: String,
    about: String,
    all: Vec<Run>,
}

struct Run {
    address: String,
    at: String,
    accepted: Timestamp,
    kind: &'static str,
    sign: Sign,
    stands: String,
    why: String,
}

/// Shows them, newest first.
#[utoipa::path(
    get,
    path = RUNS,
    operation_id = "console-runs",
    tag = "Pages",
    security(("session" = [])),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"), (status = 303, description = "To the form for signing in."), (status = 404, description = "No such page is open to the visitor.", body = String, content_type = "text/html")),
)]
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path((project, id)): Path<(String, String)>,
) -> Shown {
    let cluster = open(&app, &visitor, &project, &id).await?;
    let mut runs = Vec::new();
    for kind in KINDS {
        let briefs = app.service.store().briefs(&project, &id, kind).await?;
        let address = |brief: &Brief| run_address(&project, &id, &brief.id);
        runs.extend(briefs.into_iter().map(|it| run(address(&it), kind, it)));
    }
    runs.sort_by_key(|run| std::cmp::Reverse(run.accepted));
    let version = cluster.observed.version.as_deref().unwrap_or("unknown");
    Page::of(&Runs {
        about: format!("Version {version}, as it was last seen."),
        cluster: called(cluster),
        visitor,
        all: runs,
    })
}

fn run(address: String, kind: TaskKind, brief: Brief) -> Run {
    let (sign, word) = stands(kind, &brief);
    let going = brief.ended_at.is_none() && brief.progress > 0;
    Run {
        address,
        at: when::exact(brief.created_at),
        accepted: brief.created_at,
        kind: word_of(kind),
        sign,
        stands: if going {
            format!("{word}, {} %", brief.progress)
        } else {
            word.to_owned()
        },
        why: brief
            .message
            .map_or(String::new(), |message| shortened(&message, 300)),
    }
}

/// How a run stands. What its caller had left out is said here too: it may be why nothing was found.
fn stands(kind: TaskKind, brief: &Brief) -> (Sign, &'static str) {
    let said = sign::of_task(brief.state, brief.phase);
    if kind == TaskKind::Precheck && brief.phase == Some(Phase::Success) && has_skips(&brief.spec) {
        return (sign::RISK, "success, some items accepted or left out");
    }
    said
}

/// Whether the request of a pre-check named items that it accepts; one that cannot be read may have.
fn has_skips(spec: &str) -> bool {
    let spec: Option<PrecheckTaskSpec> = serde_json::from_str(spec).ok();
    spec.is_none_or(|spec| !spec.skips.is_empty())
}

/// As much of a text as a cell takes.
fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

pub(super) const fn word_of(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Precheck => "pre-check",
        TaskKind::Postcheck => "post-check",
        TaskKind::Upgrade => "upgrade",
        TaskKind::Snapshot => "snapshot",
        TaskKind::Register => "registration",
    }
}

/// What people call a cluster, as much of it as a line takes.
pub(super) fn called(cluster: Cluster) -> String {
    let name = cluster.alias.unwrap_or(cluster.name);
    if name.trim().is_empty() {
        return "(no name)".to_owned();
    }
    shortened(&name, 120)
}

/// The cluster, if its project is open to the visitor.
pub(super) async fn open(
    app: &App,
    visitor: &Visitor,
    project: &str,
    id: &str,
) -> Result<Cluster, Refused> {
    let open = app.service.store().projects_of_user(&visitor.id).await?;
    if !open.iter().any(|open| open.id == project) {
        return Err(Refused::NotFound);
    }
    let cluster = app.service.store().cluster(project, id).await?;
    cluster.ok_or(Refused::NotFound)
}
