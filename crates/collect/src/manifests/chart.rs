//! Charts, rendered by `helm` with their own values.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use airworthy_knowledge::{Class, Knowledge, Serving};
use airworthy_model::{
    Minor,
    facts::{DesiredObject, Unreadable},
};

use super::{shown, tool, tool::Tool};

/// The file by which a folder is a chart.
pub(super) const MARK: &str = "Chart.yaml";
/// Folders whose files are no objects of their own: what comes of them is in what helm prints, with those of `crds` as they stand.
const PARTS: [&str; 3] = ["charts", "crds", "templates"];
/// Most bytes of a chart's own description, and of a template, that are looked at.
const MAX_FILE: u64 = 1 << 20;
const CURE: &str = "Give what it renders to with your values (helm template CHART | airworthy precheck --manifests -)";

/// Whether something in a chart's folder is of the chart, by its name. All else stands beside it.
pub(super) fn is_part(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    PARTS.contains(&&*name) || name.starts_with("Chart.") || name.starts_with("values")
}

/// The folders of a chart that hold what it makes objects of.
pub(super) fn parts(chart: &Path) -> Vec<PathBuf> {
    let parts = PARTS.map(|part| chart.join(part));
    parts.into_iter().filter(|part| part.is_dir()).collect()
}

/// Whether a chart only lends templates to others: it holds no objects.
pub(super) fn is_library(chart: &Path) -> bool {
    let text = text(&chart.join(MARK)).unwrap_or_default();
    text.lines().any(|line| {
        let value = line.strip_prefix("type:").unwrap_or_default();
        value.trim().trim_matches(['"', '\'']) == "library"
    })
}

/// Has helm render a chart as for a server of this minor, which serves what such a server serves by default. An error says why
/// nothing comes of it.
pub(super) fn render(
    chart: &Path,
    knowledge: &Knowledge,
    minor: Minor,
) -> Result<Tool, Unreadable> {
    let Some(helm) = tool::find("helm") else {
        return Err(not_rendered(chart, "helm is not on the PATH"));
    };
    let args: Vec<OsString> = [
        "template",
        "--include-crds",
        "--skip-tests",
        "--kube-version",
    ]
    .into_iter()
    .map(OsString::from)
    .chain([format!("{minor}.0").into()])
    .chain(served(knowledge, minor))
    // Behind two dashes no folder is taken for a flag.
    .chain(["--".into(), "airworthy".into(), chart.into()])
    .collect();
    let started = Tool::start(helm.as_os_str(), &args);
    started.map_err(|error| not_rendered(chart, &format!("helm did not start: {error}")))
}

/// Charts ask for versions and for kinds at versions; of its own accord helm knows versions only.
fn served(knowledge: &Knowledge, minor: Minor) -> impl Iterator<Item = OsString> {
    let objects = [Class::Resource, Class::Review];
    let served = knowledge
        .apis()
        .filter(|api| objects.contains(&api.class) && api.serving(minor) == Serving::Served);
    let names = served.flat_map(|api| {
        let version = api.api_version();
        [format!("{version}/{}", api.kind), version]
    });
    let names: BTreeSet<_> = names.collect();
    let flag = |name: String| ["--api-versions".into(), name.into()];
    names.into_iter().flat_map(flag)
}

/// A chart that could not be rendered.
pub(super) fn not_rendered(chart: &Path, why: &str) -> Unreadable {
    Unreadable {
        file: shown(&chart.join(MARK)),
        why: format!("a chart that is not rendered: {why}"),
        cure: Some(CURE.to_owned()),
        ..Unreadable::default()
    }
}

/// Which template each line of what helm prints comes from, as its comments tell.
pub(super) struct Sources<R> {
    from: R,
    /// The line so far, as far as it matters.
    head: Vec<u8>,
    line: u32,
    /// The line of each comment, and its template.
    marks: Vec<(u32, String)>,
}

impl<R: Read> Sources<R> {
    const COMMENT: &'static [u8] = b"# Source: ";
    /// Longer lines are no comment of helm's.
    const LONGEST: usize = 1024;

    pub(super) fn of(from: R) -> Self {
        Self {
            from,
            head: Vec::new(),
            line: 1,
            marks: Vec::new(),
        }
    }

    fn note(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte != b'\n' {
                if self.head.len() < Self::LONGEST {
                    self.head.push(*byte);
                }
                continue;
            }
            if let Some(path) = self.head.strip_prefix(Self::COMMENT) {
                let path = String::from_utf8_lossy(path).trim().to_owned();
                self.marks.push((self.line, path));
            }
            self.head.clear();
            self.line += 1;
        }
    }

    /// Puts objects where they come from: into their template, at the line that names their version where that is one.
    pub(super) fn place(&self, chart: &Path, objects: &mut [DesiredObject]) {
        for object in objects {
            let Some(place) = &mut object.location else {
                continue;
            };
            let mark = self.marks.iter().rfind(|(line, _)| *line <= place.line);
            let Some((_, template)) = mark else { continue };
            let path = in_folder(chart, template);
            let (line, column) = text(&path)
                .and_then(|text| line_of(&text, &object.api_version))
                .unwrap_or((1, 1));
            place.file = shown(&path);
            (place.line, place.column, place.document) = (line, column, 0);
        }
    }
}

impl<R: Read> Read for Sources<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(bytes)?;
        self.note(&bytes[..count]);
        Ok(count)
    }
}

/// Helm's paths begin with the chart's name, whatever its folder is called.
fn in_folder(chart: &Path, template: &str) -> PathBuf {
    let rest = Path::new(template).components().skip(1);
    chart.join(rest.collect::<PathBuf>())
}

/// The only line that writes this version out.
fn line_of(text: &str, api_version: &str) -> Option<(u32, u32)> {
    let mut lines = (1..).zip(text.lines()).filter_map(|(number, line)| {
        let (before, value) = line.split_once("apiVersion:")?;
        let column = before.len() + "apiVersion:".len() + (value.len() - value.trim_start().len());
        let own = value.trim().trim_matches(['"', '\'']) == api_version;
        own.then(|| (number, u32::try_from(column + 1).unwrap_or(1)))
    });
    let only = lines.next()?;
    lines.next().is_none().then_some(only)
}

fn text(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = fs::File::open(path).ok()?;
    file.take(MAX_FILE).read_to_string(&mut text).ok()?;
    Some(text)
}
