//! A whole upgrade in the documented order, as one SDK sees it. Every answer is read through that SDK's own types.

mod around;
mod checks;
mod plans;
mod upgrade;
mod workflow;

use std::time::Duration;

use airworthy_testbed::wait_until;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{
    bed::Bed,
    caller::Caller,
    common_sdk::{House, Language},
};

/// How long a task may take, on a machine with much else to do.
pub(crate) const DEADLINE: Duration = Duration::from_mins(2);
/// The upgrade that really happens.
pub(crate) const FROM: &str = "v1.31.14-r0";
pub(crate) const TARGET: &str = "v1.32.13-r0";
const ENDS: [&str; 3] = ["Success", "Failed", "Error"];

/// One SDK on its way.
pub(crate) struct Walk<'a> {
    pub(crate) caller: &'a mut Caller,
    pub(crate) bed: &'a mut Bed,
    /// Where the operator's commands are given.
    pub(crate) house: &'a House,
    /// The name under which the operator offers the cluster.
    pub(crate) name: &'a str,
    /// The cluster's id, once it is taken in.
    pub(crate) cluster: String,
}

impl Walk<'_> {
    pub(crate) async fn whole(&mut self) -> Result<()> {
        self.finds_its_project_and_takes_the_cluster_in().await?;
        self.learns_where_it_can_go().await?;
        self.calls_a_workflow_off().await?;
        let workflow = self.opens_a_workflow().await?;
        self.checks(&workflow).await?;
        self.takes_a_snapshot().await?;
        self.upgrades_at_the_second_attempt(&workflow).await?;
        self.confirms(&workflow).await?;
        self.learns_what_was_done().await?;
        self.delays_a_plan().await?;
        self.lets_the_cluster_go().await
    }

    pub(super) fn language(&self) -> Language {
        self.caller.language
    }

    /// A call about the cluster, without a body.
    pub(super) async fn get(&mut self, call: &'static str) -> Result<Value> {
        self.ask(call, json!({})).await
    }

    /// A call about the cluster with further arguments.
    pub(super) async fn ask(&mut self, call: &'static str, arguments: Value) -> Result<Value> {
        let arguments = self.about(arguments);
        self.caller.answered(call, arguments).await
    }

    /// Arguments of a call about the cluster.
    pub(super) fn about(&self, mut more: Value) -> Value {
        more["cluster_id"] = self.cluster.clone().into();
        more
    }

    /// Asks for a task or a job until it has ended, and gives the last answer.
    pub(super) async fn ended(&mut self, call: &'static str, arguments: &Value) -> Result<Value> {
        self.until(call, arguments, has_ended).await
    }

    /// Asks until the answer is as wanted, and gives that.
    pub(super) async fn until(
        &mut self,
        call: &'static str,
        arguments: &Value,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let state = Mutex::new((&mut *self.caller, Value::Null));
        let asked = wait_until(DEADLINE, call, || async {
            let (caller, last) = &mut *state.lock().await;
            *last = match caller.answered(call, arguments.clone()).await {
                Ok(answer) => answer,
                Err(error) => return Ok(Some(Err(error))),
            };
            Ok(wanted(last).then(|| Ok(last.clone())))
        });
        let asked = asked.await;
        asked.with_context(|| format!("{call}: {}", state.into_inner().1))?
    }
}

fn has_ended(answer: &Value) -> bool {
    let phase = &answer["status"]["phase"];
    ENDS.iter().any(|end| phase == end)
}
