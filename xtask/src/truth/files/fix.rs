//! Are files that the program rewrote accepted by the target's API server?

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{
    corpus::{self, Item},
    judge::{Judge, Verdict},
    place, read,
    shapes::File,
};
use crate::truth::program;

/// What became of objects.
#[derive(Debug, Default)]
pub struct Rewritten {
    /// Refused before, accepted now.
    pub repaired: usize,
    /// Accepted before, the same now.
    pub untouched: usize,
    /// Refused before and left as they were, by version and kind.
    left: BTreeMap<String, usize>,
    /// Rewritten and not accepted, or rewritten without need, one line each.
    pub wrong: Vec<String>,
}

/// Rewrites the files of a folder for a target, and asks its API server about all objects.
pub(super) async fn rewrite(
    folder: &Path,
    target: &str,
    files: &[File],
    program: &Path,
) -> Result<Rewritten> {
    let path = folder.display().to_string();
    program::run(program, &["fix", "--write", "--target", target, &path])?;
    let judge = Judge::start(target, &[], &corpus::traps()?).await?;
    let known: Vec<_> = corpus::kinds()?
        .into_iter()
        .chain(corpus::traps()?.iter().map(corpus::Trap::item))
        .collect();
    let mut rewritten = Rewritten::default();
    for file in files {
        let text =
            std::fs::read_to_string(folder.join(&file.name)).with_context(|| file.name.clone())?;
        let now = read::objects(&text)?;
        if now.len() != file.items.len() {
            rewritten.wrong.push(format!(
                "{} objects in place of {} in {}",
                now.len(),
                file.items.len(),
                file.name
            ));
            continue;
        }
        for (before, now) in file.items.iter().zip(now) {
            rewritten
                .compare(&judge, file, before, &sent(before, now, &known))
                .await?;
        }
    }
    Ok(rewritten)
}

/// The object with the path that its version has now.
fn sent(before: &Item, now: Value, known: &[Item]) -> Item {
    let same = |item: &&Item| now["apiVersion"] == item.api_version() && now["kind"] == item.kind();
    let kind = known.iter().find(same).unwrap_or(before);
    Item {
        list: kind.list.clone(),
        create_only: kind.create_only,
        unsought: before.unsought,
        object: now,
    }
}

impl Rewritten {
    async fn compare(
        &mut self,
        judge: &Judge,
        file: &File,
        before: &Item,
        now: &Item,
    ) -> Result<()> {
        let refused = judge.judge(before).await? != Verdict::Accepts;
        let changed = before.object != now.object;
        match (refused, changed) {
            (false, false) => self.untouched += 1,
            (false, true) => self
                .wrong
                .push(format!("changed without need: {}", place(file, before))),
            (true, false) => {
                let kind = format!("{} {}", before.api_version(), before.kind());
                *self.left.entry(kind).or_default() += 1;
            }
            (true, true) => match judge.judge(now).await? {
                Verdict::Accepts => self.repaired += 1,
                verdict => self.wrong.push(format!(
                    "{} is now {}: {verdict:?}",
                    place(file, before),
                    now.object
                )),
            },
        }
        Ok(())
    }

    /// The totals, what was left by kind, and what is wrong line by line.
    pub fn render(&self) -> String {
        let left: usize = self.left.values().sum();
        let mut text = format!(
            "rewritten: {} objects that were refused are accepted, {left} were left, {} that were accepted are as they were\n",
            self.repaired, self.untouched
        );
        for (kind, count) in &self.left {
            let _ = writeln!(text, "left: {kind} ({count})");
        }
        for line in &self.wrong {
            let _ = writeln!(text, "WRONG: {line}");
        }
        text
    }
}
