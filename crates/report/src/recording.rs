//! What a recording holds, for people and for machines.

use std::convert::Infallible;

use airworthy_model::{
    Facts, Missing, Need,
    facts::{ClusterIdentity, GroupVisitor, Read, Rows},
};
use serde::Serialize;

use crate::{
    json::{escape, need_name, to_text},
    table::{Page, View},
    text::{clean, count, width},
    yaml,
};

/// What a recording holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Contents {
    /// Which cluster.
    pub cluster: ClusterIdentity,
    /// When the facts were read.
    pub observed_at: String,
    /// Version that ran, where it was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Every group of facts.
    pub groups: Vec<Group>,
}

/// One group of facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its name, such as `pods`.
    pub group: String,
    /// How many rows it has; absent when it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    /// Bytes of its rows as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// Why it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
}

impl Contents {
    /// What these facts, read from a file of so many bytes, hold.
    pub fn of(facts: &Facts, file_bytes: u64) -> Self {
        let mut groups = Counted(Vec::new());
        let Ok(()) = facts.visit(&mut groups);
        let version = facts.version.as_ref().ok();
        Self {
            cluster: facts.cluster.clone(),
            observed_at: facts.observed_at.to_string(),
            version: version.map(|version| version.version.to_string()),
            file_bytes,
            groups: groups.0,
        }
    }

    /// For people.
    pub fn table(&self, view: View) -> String {
        let mut page = Page::new(view);
        let cluster = &self.cluster;
        for (what, text) in [
            ("Cluster", cluster.name.as_deref()),
            ("API server", cluster.server.as_deref()),
            ("Uid", cluster.uid.as_deref()),
            ("Version", self.version.as_deref()),
            ("Read at", Some(&self.observed_at)),
            ("Size", Some(&*format!("{} bytes", self.file_bytes))),
        ] {
            page.row(0, &[(what, 10)], &clean(text.unwrap_or("not known")));
        }
        page.section(&format!("Facts ({})", self.groups.len()));
        let names = self.groups.iter().map(|group| width(&group.group));
        let column = names.max().unwrap_or_default();
        for group in &self.groups {
            page.row(2, &[(&group.group, column)], &group.told());
        }
        page.finish()
    }

    /// For machines.
    pub fn json(&self) -> String {
        to_text(self)
    }
}

impl Group {
    fn told(&self) -> String {
        match (self.rows, self.bytes, &self.missing) {
            (Some(rows), Some(bytes), _) => format!("{}, {bytes} bytes", count(rows, "row")),
            (_, _, Some(missing)) => clean(&format!("missing: {}", missing.detail)),
            _ => String::new(),
        }
    }
}

struct Counted(Vec<Group>);

impl GroupVisitor for Counted {
    type Error = Infallible;

    fn group<T: Rows>(&mut self, need: Need, group: &Read<T>) -> Result<(), Infallible> {
        let size = |row| serde_json::to_vec(row).map_or(0, |bytes| bytes.len() + 1);
        let rows = group.as_ref().map(Rows::rows).ok();
        self.0.push(Group {
            group: need_name(need),
            rows: rows.map(<[_]>::len),
            bytes: rows.map(|rows| rows.iter().map(size).sum()),
            missing: group.as_ref().err().cloned(),
        });
        Ok(())
    }
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An array with a row a line.
    Json,
    /// A list.
    Yaml,
}

/// The rows of a group as text, or why there are none.
pub fn rows(facts: &Facts, need: Need, form: Form) -> Result<String, Missing> {
    let mut wanted = Wanted {
        need,
        form,
        text: Err(Missing::not_collected(
            need,
            "recordings hold no such facts",
        )),
    };
    let Ok(()) = facts.visit(&mut wanted);
    wanted.text
}

struct Wanted {
    need: Need,
    form: Form,
    text: Result<String, Missing>,
}

impl GroupVisitor for Wanted {
    type Error = Infallible;

    fn group<T: Rows>(&mut self, need: Need, group: &Read<T>) -> Result<(), Infallible> {
        if need == self.need {
            let rows = group.as_ref().map_err(Clone::clone);
            self.text = rows.map(|group| match self.form {
                Form::Json => as_json(group.rows()),
                Form::Yaml => as_yaml(group.rows()),
            });
        }
        Ok(())
    }
}

fn as_json<T: Serialize>(rows: &[T]) -> String {
    // Facts are plain data: they always serialise.
    let lines = rows
        .iter()
        .filter_map(|row| serde_json::to_string(row).ok());
    let lines: Vec<_> = lines.map(|line| format!("  {}", escape(&line))).collect();
    if lines.is_empty() {
        return "[]\n".to_owned();
    }
    format!("[\n{}\n]\n", lines.join(",\n"))
}

fn as_yaml<T: Serialize>(rows: &[T]) -> String {
    if rows.is_empty() {
        return "[]\n".to_owned();
    }
    rows.iter()
        .filter_map(|row| yaml::to_text(&[row]))
        .collect()
}
