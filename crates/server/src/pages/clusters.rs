//! The clusters of all projects that are open to a visitor, each with its last verdicts and their age.

use airworthy_model::{Assessment, KubeVersion};
use airworthy_report::sentence;
use airworthy_store::{Cluster, Phase, Project, Task, TaskKind, TaskState};
use askama::Template;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::Deserialize;

use crate::{answer::broken, app::App};

use super::{
    CONSOLE, Page, Refused, Shown, Visitor, run_address,
    runs::called,
    runs_address,
    sign::{self, Sign},
    when,
};

/// Clusters of one project on one page; each costs reading two assessments.
const A_PAGE: usize = 50;

/// Which part of the list.
#[derive(Deserialize)]
pub(super) struct Part {
    /// Only this project.
    project: Option<String>,
    /// How many clusters come before.
    from: Option<usize>,
}

#[derive(Template)]
#[template(path = "clusters.html")]
struct Clusters {
    visitor: Visitor,
    projects: Vec<OfProject>,
}

struct OfProject {
    name: String,
    shown: String,
    clusters: Vec<Row>,
    next: Option<String>,
}

struct Row {
    name: String,
    address: String,
    version: String,
    state: String,
    last: [Option<Last>; 2],
}

/// The last run of a kind that is over.
struct Last {
    sign: Sign,
    said: String,
    address: String,
    at: Timestamp,
    age: String,
    lapsed: Option<&'static str>,
}

/// Shows them.
#[utoipa::path(
    get,
    path = CONSOLE,
    operation_id = "console",
    tag = "Pages",
    security(("session" = [])),
    params(
        ("project" = Option<String>, Query, description = "Only this project."),
        ("from" = Option<usize>, Query, description = "How many clusters come before."),
    ),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"), (status = 303, description = "To the form for signing in.")),
)]
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(part): Query<Part>,
) -> Shown {
    let open = app.service.store().projects_of_user(&visitor.id).await?;
    let asked = |project: &Project| part.project.as_ref().is_none_or(|id| *id == project.id);
    let mut projects = Vec::new();
    for project in open.into_iter().filter(asked) {
        projects.push(of_project(&app, project, part.from.unwrap_or(0)).await?);
    }
    Page::of(&Clusters { visitor, projects })
}

async fn of_project(app: &App, project: Project, from: usize) -> Result<OfProject, Refused> {
    let all = app.service.store().clusters(&project.id).await?;
    let number = all.len();
    let mut clusters = Vec::new();
    for cluster in all.into_iter().skip(from).take(A_PAGE) {
        clusters.push(row(app, &project.id, cluster).await?);
    }
    let end = from.saturating_add(clusters.len());
    Ok(OfProject {
        shown: format!("{}–{end} of {number}", from.saturating_add(1).min(end)),
        next: (end < number).then(|| format!("{CONSOLE}?project={}&from={end}", project.id)),
        name: project.name,
        clusters,
    })
}

async fn row(app: &App, project: &str, cluster: Cluster) -> Result<Row, Refused> {
    let id = &cluster.id;
    let last = [
        last(app, project, id, TaskKind::Precheck).await?,
        last(app, project, id, TaskKind::Postcheck).await?,
    ];
    let version = cluster.observed.version.as_ref();
    let version = version.and_then(|text| text.parse::<KubeVersion>().ok());
    Ok(Row {
        address: runs_address(project, id),
        version: version.map_or("unknown".to_owned(), |version| version.to_string()),
        state: cluster
            .observed
            .phase
            .clone()
            .unwrap_or_else(|| "never reached".to_owned()),
        name: called(cluster),
        last,
    })
}

async fn last(
    app: &App,
    project: &str,
    cluster: &str,
    kind: TaskKind,
) -> Result<Option<Last>, Refused> {
    let store = app.service.store();
    let briefs = store.briefs(project, cluster, kind).await?;
    let Some(over) = briefs.iter().find(|brief| brief.state == TaskState::Done) else {
        return Ok(None);
    };
    let Some(task) = store.task(project, cluster, kind, &over.id).await? else {
        // Removed since, as the oldest is when a new one comes.
        return Ok(None);
    };
    let now = Timestamp::now();
    let at = task.ended_at.unwrap_or(task.updated_at);
    let lapsed = task.expires_at.is_some_and(|until| until <= now);
    let address = run_address(project, cluster, &task.id);
    let (sign, said) = said(task).await?;
    Ok(Some(Last {
        sign,
        said,
        address,
        at,
        age: when::ago(at, now),
        lapsed: lapsed.then_some("no longer counts for an upgrade"),
    }))
}

/// What a run that is over says in a sentence. Where evidence lacked for everything it says so, and never nothing.
async fn said(mut task: Task) -> Result<(Sign, String), Refused> {
    let (sign, word) = sign::of_task(task.state, task.phase);
    match assessment(&mut task).await? {
        Some(judged) => Ok((judged.verdict.into(), sentence(&judged))),
        None if task.phase == Some(Phase::Error) => {
            Ok((sign, "Could not be carried out.".to_owned()))
        }
        None => Ok((sign, word.to_owned())),
    }
}

/// What a task found, read on a thread that may be busy for a while.
pub(super) async fn assessment(task: &mut Task) -> Result<Option<Assessment>, Refused> {
    let Some(stored) = task.result.take() else {
        return Ok(None);
    };
    let read = tokio::task::spawn_blocking(move || serde_json::from_slice(&stored)).await;
    let read = read.map_err(|error| broken(&error))?;
    Ok(Some(read.map_err(|error| broken(&error))?))
}
