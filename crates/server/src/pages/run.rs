//! One run: its verdict, how sure that is, and what was found, the worst first.

use airworthy_model::{Assessment, CheckInfo};
use airworthy_report::html;
use airworthy_store::{Brief, Task, TaskKind};
use askama::Template;
use axum::extract::{Path, State};
use jiff::Timestamp;

use crate::app::App;

use super::{
    CHECKS, Page, RUN, Refused, Shown, Visitor,
    clusters::assessment,
    runs::{called, open, word_of},
    runs_address,
    sign::{self, Sign},
    when,
};

#[derive(Template)]
#[template(path = "run.html")]
struct Run {
    visitor: Visitor,
    cluster: String,
    runs: String,
    title: String,
    sign: Sign,
    why: String,
    /// Markup, which the report has made harmless.
    report: Option<String>,
    facts: Vec<(&'static str, String)>,
}

/// Shows it.
#[utoipa::path(
    get,
    path = RUN,
    operation_id = "console-run",
    tag = "Pages",
    security(("session" = [])),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"), (status = 303, description = "To the form for signing in."), (status = 404, description = "No such page is open to the visitor.", body = String, content_type = "text/html")),
)]
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path((project, id, task)): Path<(String, String, String)>,
) -> Shown {
    let cluster = open(&app, &visitor, &project, &id).await?;
    let found = find(&app, &project, &id, &task).await?;
    let (mut found, kind) = found.ok_or(Refused::NotFound)?;
    let report = match &mut found {
        Found::Whole(task) => {
            let until = task.expires_at;
            assessment(task).await?.map(|judged| dated(judged, until))
        }
        Found::Brief(_) => None,
    };
    let report = report.map(|judged| html::fragment(&judged, &infos(&app), Some(CHECKS)));
    let stand = found.stand();
    let (sign, word) = stand.said;
    Page::of(&Run {
        visitor,
        cluster: called(cluster),
        runs: runs_address(&project, &id),
        title: format!("The {} is {word}.", word_of(kind)).replace("is could", "could"),
        sign,
        why: stand.why,
        report,
        facts: stand.facts,
    })
}

/// What a request accepted lasts as long as its result, whose end is kept with the task.
fn dated(mut judged: Assessment, until: Option<Timestamp>) -> Assessment {
    for waived in &mut judged.waived {
        waived.waiver.expires = waived.waiver.expires.or(until);
    }
    judged
}

fn infos(app: &App) -> Vec<CheckInfo> {
    let catalogue = &app.service.settings().catalogue;
    catalogue.infos(None).into_iter().copied().collect()
}

/// A run. Those of other kinds than checks keep something else than an assessment, which is not shown.
enum Found {
    Whole(Box<Task>),
    Brief(Brief),
}

/// How a run stands.
struct Stand {
    said: (Sign, &'static str),
    why: String,
    facts: Vec<(&'static str, String)>,
}

impl Found {
    fn stand(self) -> Stand {
        match self {
            Self::Whole(task) => Stand {
                said: sign::of_task(task.state, task.phase),
                facts: facts(&task.id, task.created_at, task.ended_at, task.expires_at),
                why: task.message.unwrap_or_default(),
            },
            Self::Brief(brief) => Stand {
                said: sign::of_task(brief.state, brief.phase),
                facts: facts(&brief.id, brief.created_at, brief.ended_at, None),
                why: brief.message.unwrap_or_default(),
            },
        }
    }
}

fn facts(
    id: &str,
    accepted: Timestamp,
    ended: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Vec<(&'static str, String)> {
    let now = Timestamp::now();
    let told = |at: Timestamp| format!("{} ({})", when::exact(at), when::ago(at, now));
    let counts = |until: Timestamp| {
        let over = if until <= now {
            "no longer; it did until"
        } else {
            "until"
        };
        format!("{over} {}", when::exact(until))
    };
    let mut facts = vec![("Task", id.to_owned()), ("Accepted", told(accepted))];
    facts.extend(ended.map(|ended| ("Ended", told(ended))));
    facts.extend(until.map(|until| ("Counts for an upgrade", counts(until))));
    facts
}

async fn find(
    app: &App,
    project: &str,
    cluster: &str,
    id: &str,
) -> Result<Option<(Found, TaskKind)>, Refused> {
    let store = app.service.store();
    for kind in [TaskKind::Precheck, TaskKind::Postcheck] {
        if let Some(task) = store.task(project, cluster, kind, id).await? {
            return Ok(Some((Found::Whole(Box::new(task)), kind)));
        }
    }
    for kind in [TaskKind::Upgrade, TaskKind::Snapshot] {
        let briefs = store.briefs(project, cluster, kind).await?;
        if let Some(brief) = briefs.into_iter().find(|brief| brief.id == id) {
            return Ok(Some((Found::Brief(brief), kind)));
        }
    }
    Ok(None)
}
