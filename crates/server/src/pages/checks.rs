//! What is looked at: all checks, and the page of each.

use airworthy_model::{CheckInfo, Phase, Severity};
use askama::Template;
use axum::extract::{Path, State};
use pulldown_cmark::{Event, Options, Parser, html::push_html};

use crate::app::App;

use super::{CHECK, CHECKS, Page, Refused, Shown, Visitor, sign::Sign};

#[derive(Template)]
#[template(path = "checks.html")]
struct Checks {
    visitor: Visitor,
    phases: [(&'static str, Vec<Row>); 2],
}

struct Row {
    name: &'static str,
    sign: Sign,
    level: &'static str,
    summary: &'static str,
}

#[derive(Template)]
#[template(path = "check.html")]
struct Check {
    visitor: Visitor,
    name: &'static str,
    /// Markup, made of a page that is in the program.
    page: String,
}

/// Lists all checks.
#[utoipa::path(
    get,
    path = CHECKS,
    operation_id = "console-checks",
    tag = "Pages",
    security(("session" = [])),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"), (status = 303, description = "To the form for signing in.")),
)]
pub(super) async fn list(State(app): State<App>, visitor: Visitor) -> Shown {
    let all = &app.service.settings().catalogue;
    let of = |phase| all.infos(Some(phase)).into_iter().map(row).collect();
    let phases = [
        ("Before an upgrade", of(Phase::Pre)),
        ("After an upgrade", of(Phase::Post)),
    ];
    Page::of(&Checks { visitor, phases })
}

fn row(info: &CheckInfo) -> Row {
    Row {
        name: info.name,
        sign: info.level.into(),
        level: match info.level {
            Severity::Blocker => "blocker",
            Severity::Risk => "risk",
            Severity::Note => "note",
        },
        summary: info.summary,
    }
}

/// Shows the page of one.
#[utoipa::path(
    get,
    path = CHECK,
    operation_id = "console-check",
    tag = "Pages",
    security(("session" = [])),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"), (status = 303, description = "To the form for signing in."), (status = 404, description = "No such page is open to the visitor.", body = String, content_type = "text/html")),
)]
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Shown {
    let all = &app.service.settings().catalogue;
    let info = all.known(&name).map_err(|_| Refused::NotFound)?;
    Page::of(&Check {
        visitor,
        name: info.name,
        page: markup(info.page),
    })
}

/// Markdown as HTML; markup within it is shown as it is written.
fn markup(page: &str) -> String {
    let events = Parser::new_ext(page, Options::ENABLE_TABLES).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    });
    let mut out = String::new();
    push_html(&mut out, events);
    // Code may be wider than the page, so the keyboard must reach it.
    out.replace("<pre>", "<pre tabindex=\"0\">")
}

#[cfg(test)]
mod tests {
    use airworthy_assess::catalogue;

    use super::*;

    #[test]
    fn every_page_has_one_title_and_no_markup_of_its_own() {
        for info in catalogue(None) {
            let made = markup(info.page);
            assert_eq!(made.matches("<h1>").count(), 1, "{}", info.name);
            assert!(
                made.contains(&format!("<h1>{}</h1>", info.name)),
                "{}",
                info.name
            );
        }
        assert!(!markup("a <script>b</script>\n\n<script>c</script>\n").contains("<script>"));
    }
}
