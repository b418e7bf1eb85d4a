//! Files of waivers, read anew for every run: what is accepted is edited far more often than a service is restarted.

use std::path::Path;

use airworthy_assess::{
    Acceptance, Catalogue,
    waivers::{Form, WaiverFileError, parse},
};
use airworthy_model::{WaiverFault, WaiverNote};
use airworthy_store::Cluster;

use crate::{Error, Service, bounded::read_text};

/// No file of waivers is read beyond this, in bytes.
const MOST: u64 = 2 << 20;

/// Reads a file of waivers. `named` is what it is called in what is said of its waivers.
pub fn read_waivers(
    path: &Path,
    named: &str,
    catalogue: &Catalogue,
) -> Result<Vec<Acceptance>, WaiverFileError> {
    let wrong = |why: String| WaiverFileError(vec![format!("{named}: {why}")]);
    let form = Form::of_name(&path.to_string_lossy())
        .ok_or_else(|| wrong("its name must end with .toml, .yaml or .yml".to_owned()))?;
    let text = read_text(path, MOST);
    let text = text.map_err(|error| wrong(format!("it cannot be read: {error}")))?;
    parse(&text, form, named, catalogue)
}

/// What files of waivers say, and what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    pub(crate) accept: Vec<Acceptance>,
    pub(crate) notes: Vec<WaiverNote>,
}

impl Service {
    /// What the operator accepted of a cluster. A file that cannot be used accepts nothing, and the result says so: a run without
    /// waivers is only stricter.
    pub(crate) async fn waivers_of(&self, cluster: &Cluster) -> Result<Accepted, Error> {
        let own = self.settings_of(&cluster.project_id, &cluster.name).await?;
        let own = own.and_then(|settings| settings.waivers.clone());
        let files: Vec<_> = self.settings.waivers.iter().cloned().chain(own).collect();
        if files.is_empty() {
            return Ok(Accepted::default());
        }
        let catalogue = self.settings.catalogue.clone();
        let read = move || {
            files
                .iter()
                .map(|file| read(file, &catalogue))
                .collect::<Vec<_>>()
        };
        let read = tokio::task::spawn_blocking(read).await;
        let mut all = Accepted::default();
        for one in read.map_err(|_| Error::Panicked)? {
            match one {
                Ok(acceptances) => all.accept.extend(acceptances),
                Err(note) => all.notes.push(note),
            }
        }
        Ok(all)
    }
}

/// Callers see the file's name and not where it lies; what is wrong in it, the log tells.
fn read(path: &Path, catalogue: &Catalogue) -> Result<Vec<Acceptance>, WaiverNote> {
    let named = path.file_name().unwrap_or_default().to_string_lossy();
    read_waivers(path, &named, catalogue).map_err(|error| {
        tracing::error!(file = %path.display(), %error, "the file of waivers cannot be used");
        WaiverNote {
            fault: WaiverFault::Unreadable,
            check: String::new(),
            source: named.into_owned(),
            message:
                "cannot be used, so that nothing of it counts; the log of the service says why"
                    .to_owned(),
        }
    })
}
