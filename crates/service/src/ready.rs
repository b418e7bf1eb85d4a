//! Ready-made answers: a finished pre-check is written for whoever asks once, when it ends, and not each time it is asked for.

use airworthy_assess::Catalogue;
use airworthy_store::{Store, Task, TaskKind};

use crate::{Error, Service};

/// How a finished pre-check is written.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// Differs from that of every other program which may write the same task otherwise.
    pub form: i64,
    /// Writes it; nothing where that fails.
    pub write: fn(Task, &Catalogue) -> Option<Vec<u8>>,
}

impl Service {
    /// The service, with finished pre-checks written in this way.
    #[must_use]
    pub fn with_ready(self, ready: Ready) -> Self {
        Self {
            ready: Some(ready),
            ..self
        }
    }

    /// What is to be sent of a finished pre-check, if it is there ready-made. Where it is not, the long way answers, or says
    /// why not.
    pub async fn ready_precheck(
        &self,
        project: &str,
        cluster_id: &str,
        task_id: &str,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Some(Ready { form, .. }) = self.ready else {
            return Ok(None);
        };
        let ready = self.store.answer(project, cluster_id, task_id, form);
        Ok(ready.await?)
    }

    /// Writes the answer of a task that has ended. Without one it is shown all the same.
    pub(crate) async fn make_ready(&self, ended: &Task) {
        let Some(ready) = self.ready.filter(|_| ended.kind == TaskKind::Precheck) else {
            return;
        };
        if let Err(error) = made(&self.store, ended, ready, &self.settings.catalogue).await {
            tracing::warn!(task = %ended.id, %error, "the answer could not be kept ready-made");
        }
    }
}

async fn made(
    store: &Store,
    ended: &Task,
    ready: Ready,
    catalogue: &Catalogue,
) -> Result<(), airworthy_store::Error> {
    // As it is stored: that is what the long way would show.
    let task = store.task(&ended.project_id, &ended.cluster_id, ended.kind, &ended.id);
    let Some(task) = task.await? else {
        return Ok(());
    };
    match (ready.write)(task.clone(), catalogue) {
        Some(answer) => store.keep_answer(&task, ready.form, answer).await,
        None => Ok(()),
    }
}
