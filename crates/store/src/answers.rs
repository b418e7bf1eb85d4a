//! Ready-made answers: what is shown of a finished pre-check, kept beside its result, so that showing it is one read.
//!
//! An answer is a copy of what its task says. It is given out only while the task is there and as it was when the answer was
//! made, and only in the form that the reader knows.

use sqlx::Row;

use crate::{
    Error, Store,
    error::During,
    payload::{pack, unpack_small},
    tasks::{Task, TaskKind},
    time::micros,
};

impl Store {
    /// The ready-made answer of a pre-check in this form; another project's is as absent as one that never was made.
    pub async fn answer(
        &self,
        project_id: &str,
        cluster_id: &str,
        id: &str,
        form: i64,
    ) -> Result<Option<Vec<u8>>, Error> {
        const DOING: &str = "read an answer";
        let found = sqlx::query(
            "SELECT answer FROM tasks WHERE id = $1 AND project_id = $2 AND cluster_id = $3 \
             AND kind = $4 AND state = 'done' AND answer_form = $5 AND answer_at = updated_at",
        )
        .bind(id)
        .bind(project_id)
        .bind(cluster_id)
        .bind(TaskKind::Precheck.as_str())
        .bind(form)
        .try_map(|row| row.try_get("answer"))
        .fetch_optional(&self.readers)
        .await
        .during(DOING)?;
        match found {
            Some(packed) => unpack_small(packed).await.map(Some),
            None => Ok(None),
        }
    }

    /// Keeps the ready-made answer of a finished task, unless the task has changed since it was read.
    pub async fn keep_answer(&self, task: &Task, form: i64, answer: Vec<u8>) -> Result<(), Error> {
        const DOING: &str = "keep an answer";
        let (id, updated_at) = (task.id.clone(), micros(task.updated_at));
        let packed = pack(answer).await?;
        self.grouped(DOING, move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE tasks SET answer = $3, answer_form = $4, answer_at = $2 \
                     WHERE id = $1 AND updated_at = $2 AND state = 'done'",
                )
                .bind(id)
                .bind(updated_at)
                .bind(packed)
                .bind(form)
                .execute(&mut **tx)
                .await
                .during(DOING)
                .map(drop)
            })
        })
        .await
    }
}
