//! Kustomizations: what stands in their files is read where it stands; rendering tells what they make of it.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use airworthy_manifest::{Kind, Node, parse};
use airworthy_model::facts::Unreadable;

use super::{shown, tool, tool::Tool, walk};

/// The names by which a folder is a kustomization.
pub(super) const MARKS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// What changes neither version nor kind of any object, nor brings in objects from elsewhere.
const HARMLESS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "namespace",
    "namePrefix",
    "nameSuffix",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "images",
    "replicas",
    "configMapGenerator",
    "secretGenerator",
    "generatorOptions",
    "sortOptions",
    "buildMetadata",
    "patchesStrategicMerge",
];
/// What names other files and folders.
const REFERENCES: &[&str] = &[
    "resources",
    "bases",
    "components",
    "crds",
    "configurations",
    "generators",
    "transformers",
    "validators",
];
/// Kustomizations that refer to one another which are looked at, and bytes of each.
const MAX_LOOKED_AT: usize = 1_000;
const MAX_FILE: u64 = 1 << 20;

/// The file by which a folder is a kustomization.
fn mark(folder: &Path) -> Option<PathBuf> {
    MARKS
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}

/// What is to be done about a kustomization.
pub(super) enum Way {
    /// All that it brings in is read at its own place, and it changes nothing that matters.
    Read,
    /// It must be rendered.
    Render,
    /// It must not be rendered: something would be fetched, or is not there.
    Refuse(String),
}

/// Looks at a kustomization and at those that it refers to.
pub(super) fn way(mark: &Path, roots: &[PathBuf]) -> Way {
    let mut look = Look {
        roots,
        seen: BTreeSet::new(),
        render: false,
    };
    match look.at(mark) {
        Err(why) => Way::Refuse(why),
        Ok(()) if look.render => Way::Render,
        Ok(()) => Way::Read,
    }
}

struct Look<'a> {
    /// Canonical.
    roots: &'a [PathBuf],
    seen: BTreeSet<PathBuf>,
    render: bool,
}

impl Look<'_> {
    fn at(&mut self, mark: &Path) -> Result<(), String> {
        let shown = shown(mark);
        let canonical = fs::canonicalize(mark).map_err(|error| format!("{shown}: {error}"))?;
        if !self.seen.insert(canonical) {
            return Ok(());
        }
        if self.seen.len() > MAX_LOOKED_AT {
            return Err(format!("it refers to more than {MAX_LOOKED_AT} others"));
        }
        let bytes = read(mark).map_err(|error| format!("{shown}: {error}"))?;
        let documents = parse(&bytes).map_err(|problem| format!("{shown}: {problem}"))?;
        let Some(document) = documents.first() else {
            return Ok(());
        };
        let folder = mark.parent().unwrap_or(mark);
        for (key, value) in document.root().entries() {
            self.entry(folder, key.text().unwrap_or_default(), value)?;
        }
        Ok(())
    }

    fn entry(&mut self, folder: &Path, key: &str, value: Node<'_>) -> Result<(), String> {
        let merges = || key == "patches" && value.items().all(is_merge);
        self.render |= !(HARMLESS.contains(&key) || merges());
        if REFERENCES.contains(&key) {
            for item in value.items().filter_map(Node::text) {
                // Generators may stand in the kustomization itself, as text of several lines.
                if !item.contains('\n') {
                    self.reference(folder, item)?;
                }
            }
        }
        Ok(())
    }

    fn reference(&mut self, folder: &Path, name: &str) -> Result<(), String> {
        let path = folder.join(name);
        let Ok(canonical) = fs::canonicalize(&path) else {
            return Err(format!("{name} is not here, and nothing is fetched"));
        };
        if let Some(mark) = mark(&path) {
            return self.at(&mark);
        }
        self.render |= !walk::reads(self.roots, &canonical);
        Ok(())
    }
}

/// Whether a patch is laid over an object, which it cannot make another; a list of operations could.
fn is_merge(patch: Node<'_>) -> bool {
    let text = patch.get("patch").and_then(Node::text);
    text.is_some_and(|text| {
        parse(text.as_bytes()).is_ok_and(|documents| {
            documents
                .iter()
                .all(|document| document.root().kind() == Kind::Mapping)
        })
    })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path)?;
    // What is cut may still be YAML.
    if file.take(MAX_FILE + 1).read_to_end(&mut bytes)? as u64 > MAX_FILE {
        return Err(io::Error::other(format!(
            "it is longer than {MAX_FILE} bytes"
        )));
    }
    Ok(bytes)
}

/// Has kubectl or kustomize render a kustomization.
pub(super) fn render(mark: &Path) -> Result<Tool, Unreadable> {
    let folder = mark.parent().unwrap_or(mark);
    let tools = [("kustomize", "build"), ("kubectl", "kustomize")];
    let found = tools
        .iter()
        .find_map(|(name, verb)| Some((tool::find(name)?, *verb)));
    let Some((program, verb)) = found else {
        return Err(not_rendered(
            mark,
            "neither kustomize nor kubectl is on the PATH",
        ));
    };
    let args = [verb.into(), "--".into(), folder.into()];
    let started = Tool::start(program.as_os_str(), &args);
    started
        .map_err(|error| not_rendered(mark, &format!("{} did not start: {error}", shown(&program))))
}

/// A kustomization that could not be rendered.
pub(super) fn not_rendered(mark: &Path, why: &str) -> Unreadable {
    Unreadable {
        file: shown(mark),
        why: format!("a kustomization that is not rendered: {why}"),
        cure: Some(
            "Give what it renders to (kustomize build FOLDER | airworthy precheck --manifests -)"
                .to_owned(),
        ),
        ..Unreadable::default()
    }
}
