//! What must be rendered before it can be read.

use std::{
    fs,
    path::{Path, PathBuf},
};

use airworthy_manifest::Found;
use airworthy_model::facts::{DesiredObject, ManifestTree, Unreadable};

use super::{
    MAX_PROBLEMS, MAX_WATCHED,
    chart::{self, Sources},
    kustomization::{self, Way},
    shown,
    walk::{Item, Walk},
    work::{Hall, Worker, limit},
};

/// What came of rendering.
pub(super) enum Rendered {
    /// All that there is.
    Whole(Found),
    /// It was not rendered, or needs not be.
    Not(Found),
}

/// One problem and nothing else.
pub(super) fn problem(problem: Unreadable) -> Found {
    Found {
        problems: vec![problem],
        ..Found::default()
    }
}

impl Worker<'_> {
    /// What a chart renders to; what stands in it as it is where it cannot be rendered.
    pub(super) fn chart(&mut self, folder: &Path) -> Rendered {
        if chart::is_library(folder) {
            return Rendered::Not(Found::default());
        }
        match self.helm(folder) {
            Ok(found) => Rendered::Whole(found),
            Err(why) => Rendered::Not(self.unrendered(folder, why)),
        }
    }

    fn helm(&mut self, folder: &Path) -> Result<Found, Unreadable> {
        let task = self.hall.task;
        let mut tool = chart::render(folder, task.knowledge, task.target)?;
        let mut sources = Sources::of(tool.output());
        let (mut found, _) = self.stream(shown(folder), &mut sources);
        tool.finish()
            .map_err(|why| chart::not_rendered(folder, &why))?;
        sources.place(folder, &mut found.watched);
        Ok(found)
    }

    /// Objects in files of the chart that are no templates count; the templates are what was not rendered. What stands beside the
    /// chart is handed on by itself.
    fn unrendered(&mut self, folder: &Path, why: Unreadable) -> Found {
        let mut files = Vec::new();
        let mut hand_on = |item| {
            if let Item::File(path) = item {
                files.push(path);
            }
        };
        let walked = Walk::new(&mut hand_on).plain().roots(&chart::parts(folder));
        let mut all = problem(why);
        all.problems.extend(
            walked
                .err()
                .map(|error| chart::not_rendered(folder, &error.to_string())),
        );
        for file in files {
            let found = self.file(&file);
            all.objects += found.objects;
            all.watched.extend(found.watched);
        }
        all
    }

    /// What a kustomization makes of files that are read where they stand.
    pub(super) fn kustomization(&mut self, mark: &Path) -> Rendered {
        let roots = self.hall.task.roots.iter();
        let roots: Vec<PathBuf> = roots
            .filter_map(|root| fs::canonicalize(root).ok())
            .collect();
        let way = kustomization::way(mark, &roots);
        match way {
            Way::Read => Rendered::Not(Found::default()),
            Way::Refuse(why) => Rendered::Not(problem(kustomization::not_rendered(mark, &why))),
            Way::Render => match self.kustomize(mark) {
                Ok(found) => Rendered::Whole(found),
                Err(why) => Rendered::Not(problem(why)),
            },
        }
    }

    fn kustomize(&mut self, mark: &Path) -> Result<Found, Unreadable> {
        let mut tool = kustomization::render(mark)?;
        let (mut found, _) = self.stream(shown(mark), &mut tool.output());
        tool.finish()
            .map_err(|why| kustomization::not_rendered(mark, &why))?;
        for place in found
            .watched
            .iter_mut()
            .filter_map(|object| object.location.as_mut())
        {
            (place.line, place.column) = (1, 1);
        }
        Ok(found)
    }
}

/// Adds what a kustomization made, without the objects that were found where they stand: it may have given them a longer name.
pub(super) fn overlaid(tree: &mut ManifestTree, mut found: Found, hall: &Hall<'_>) {
    let known = |object: &DesiredObject| {
        tree.watched.iter().any(|one| {
            one.api_version == object.api_version
                && one.kind == object.kind
                && object.name.contains(&one.name)
        })
    };
    found.watched.retain(|object| !known(object));
    limit(
        &mut found.watched,
        found.more_watched,
        &hall.watched,
        MAX_WATCHED,
    );
    limit(
        &mut found.problems,
        found.more_problems,
        &hall.problems,
        MAX_PROBLEMS,
    );
    tree.watched.extend(found.watched);
    tree.problems.extend(found.problems);
}
