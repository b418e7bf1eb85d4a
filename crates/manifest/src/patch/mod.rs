//! Writing objects in their files anew, at versions that a target serves: what has to change changes, and comments, order and style
//! of the rest stay.

mod editor;
mod path;
mod render;
mod rules;
#[cfg(test)]
mod tests;

use airworthy_knowledge::{Api, Knowledge, Serving};
use airworthy_model::Minor;
use serde_json::json;

use crate::{Chunk, Document, Object, Problem, digest, object::objects, parse, template};
use editor::{Editor, Refusal};
use rules::Rule;

/// What a file becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// Its text afterwards; the same as before where nothing changed.
    pub text: Vec<u8>,
    /// What was changed.
    pub changes: Vec<Change>,
    /// What has to change and was not, and what could not be read.
    pub left: Vec<Problem>,
}

/// One object that was written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Line of the object in the file as it was, from 1.
    pub line: u32,
    /// Document in its file, from 0.
    pub document: u32,
    /// Kind.
    pub kind: String,
    /// `namespace/name`, or the name alone.
    pub name: String,
    /// Group and version before.
    pub from: String,
    /// Group and version afterwards.
    pub to: String,
    /// What behaves otherwise, for people.
    pub note: Option<String>,
}

/// Which versions are left behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Those that the target does not serve.
    #[default]
    Removed,
    /// Those that the target calls deprecated as well.
    Deprecated,
}

/// Writes a file anew for a target. A document that cannot be read is left as it is, and said.
pub fn fix(bytes: &[u8], knowledge: &Knowledge, target: Minor, reach: Reach) -> Fixed {
    all(bytes, knowledge, target, reach, None)
}

/// Writes the one object anew whose version stands at a line, from 1, and column, from 1.
pub fn fix_at(bytes: &[u8], knowledge: &Knowledge, target: Minor, place: (u32, u32)) -> Fixed {
    all(bytes, knowledge, target, Reach::Removed, Some(place))
}

fn all(
    bytes: &[u8],
    knowledge: &Knowledge,
    target: Minor,
    reach: Reach,
    only: Option<(u32, u32)>,
) -> Fixed {
    let chunks = match parse::chunks(bytes) {
        Ok(chunks) => chunks,
        Err(problem) => {
            return Fixed {
                text: bytes.to_vec(),
                left: vec![problem],
                ..Fixed::default()
            };
        }
    };
    let mut fixed = Fixed::default();
    let mut copied = 0;
    let holds = |chunk: &Chunk<'_>| only.is_none_or(|(line, _)| chunk.holds(line));
    for chunk in chunks.into_iter().filter(holds) {
        let mut work = Work {
            knowledge,
            target,
            reach,
            only,
            changes: &mut fixed.changes,
            left: &mut fixed.left,
        };
        if let Some(text) = work.chunk(chunk) {
            fixed.text.extend(&bytes[copied..chunk.offset]);
            fixed.text.extend(text.as_bytes());
            copied = chunk.offset + chunk.bytes.len();
        }
    }
    fixed.text.extend(&bytes[copied..]);
    fixed
}

/// The best version to write an object at for a target, with the change of shape that takes it there.
fn way<'k>(
    api_version: &str,
    kind: &str,
    knowledge: &'k Knowledge,
    target: Minor,
) -> Result<(&'static Rule, &'k Api), String> {
    let mut known = false;
    for rule in rules::of(api_version, kind) {
        known = true;
        let rows = rule.to.iter().filter_map(|to| row(knowledge, to, kind));
        let served = rows
            .filter(|api| api.api_version() != api_version)
            .find(|api| api.serving(target) == Serving::Served);
        if let Some(api) = served {
            return Ok((rule, api));
        }
    }
    Err(match rules::without(kind) {
        Some(why) => why.to_owned(),
        None if known => format!("{target} serves no version of {kind} that it can be written at"),
        None => format!("how {kind} of {api_version} is written at another version is not known"),
    })
}

fn row<'k>(knowledge: &'k Knowledge, api_version: &str, kind: &str) -> Option<&'k Api> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    knowledge.kind(group, version, kind)
}

/// One object that has to change.
struct Case {
    document: usize,
    object: usize,
    line: u32,
    column: u32,
    index: u32,
    api_version: String,
    kind: String,
    name: String,
}

struct Work<'a> {
    knowledge: &'a Knowledge,
    target: Minor,
    reach: Reach,
    /// Line and column of the one version that is looked at, where not all are.
    only: Option<(u32, u32)>,
    changes: &'a mut Vec<Change>,
    left: &'a mut Vec<Problem>,
}

impl Work<'_> {
    /// The text of a chunk afterwards; nothing when it stays.
    fn chunk(&mut self, chunk: Chunk<'_>) -> Option<String> {
        let (documents, problem) = parse::read(chunk);
        let problem = problem.map(|problem| template::broken(&chunk).unwrap_or(problem));
        self.left.extend(problem);
        let mut cases = Vec::new();
        for (place, document) in documents.iter().enumerate() {
            let unfit = template::unrendered(&chunk, document).or_else(|| digest::flaw(document));
            match unfit {
                Some(problem) => self.left.push(problem),
                None => cases.extend(self.cases(&chunk, document, place)),
            }
        }
        let before = std::str::from_utf8(chunk.bytes).ok()?;
        let after = cases.into_iter().fold(None, |text: Option<String>, case| {
            let now = text.as_deref().unwrap_or(before);
            self.change(case, now).or(text)
        })?;
        Some(after)
    }

    fn cases(&mut self, chunk: &Chunk<'_>, document: &Document<'_>, place: usize) -> Vec<Case> {
        let mut cases = Vec::new();
        for (object, found) in objects(document.root()).into_iter().enumerate() {
            match digest::unclear(chunk, found) {
                Some(problem) => self.left.push(problem),
                None => cases.extend(self.case(found, place, object, document.index())),
            }
        }
        cases
    }

    fn case(&self, found: Object<'_>, document: usize, object: usize, index: u32) -> Option<Case> {
        let (api_version, kind) = (found.api_version()?, found.kind()?);
        let place = digest::version_place(found);
        if self
            .only
            .is_some_and(|only| only != (place.line(), place.column()))
        {
            return None;
        }
        let api = row(self.knowledge, api_version, kind)?;
        let leaves = match api.serving(self.target) {
            Serving::Removed { .. } | Serving::OffByDefault => true,
            Serving::Served => {
                self.reach == Reach::Deprecated && api.marked_deprecated(self.target)
            }
            Serving::NotYet { .. } | Serving::Unknown => false,
        };
        let name = found.name().unwrap_or_default();
        leaves.then(|| Case {
            document,
            object,
            line: found.node.line(),
            column: found.node.column(),
            index,
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            name: found.namespace().map_or_else(
                || name.to_owned(),
                |namespace| format!("{namespace}/{name}"),
            ),
        })
    }

    /// The text with one object changed; nothing when it was left.
    fn change(&mut self, case: Case, text: &str) -> Option<String> {
        let way = way(&case.api_version, &case.kind, self.knowledge, self.target);
        let changed = way.map_err(Refusal).and_then(|(rule, api)| {
            let to = api.api_version();
            Ok((written(text, &case, rule, &to)?, rule, to))
        });
        match changed {
            Ok((text, rule, to)) => {
                self.changes.push(Change {
                    line: case.line,
                    document: case.index,
                    kind: case.kind,
                    name: case.name,
                    from: case.api_version,
                    to,
                    note: rule.note.map(str::to_owned),
                });
                Some(text)
            }
            Err(Refusal(why)) => {
                let what = format!("{} {} of {}", case.kind, case.name, case.api_version);
                self.left.push(Problem::at(
                    case.line,
                    case.column,
                    format!("{what}: {why}"),
                ));
                None
            }
        }
    }
}

fn written(text: &str, case: &Case, rule: &Rule, to: &str) -> Result<String, Refusal> {
    let mut editor = Editor::new(text.to_owned(), case.document, case.object);
    if let Some(steps) = rule.steps {
        steps(&mut editor)?;
    }
    let own = "apiVersion".into();
    if editor.has(&own)? {
        editor.set(&own, to)?;
    } else {
        // An item that left its version to its list.
        editor.insert(&"".into(), "apiVersion", &json!(to))?;
        if !editor.has(&"kind".into())? {
            editor.insert(&"".into(), "kind", &json!(case.kind))?;
        }
    }
    if editor.value(&own)? == Some(json!(to)) {
        Ok(editor.into_text())
    } else {
        Err(Refusal(
            "the change did not take; this is a fault of the program".into(),
        ))
    }
}
