//! Plans of automatic upgrades: made by the operator, shown and delayed on request. Time drives them, see the scheduler.

use airworthy_store::{Delayed, NewPlan, Plan, Planned, Removed};
use airworthy_upgrade::plan::{BadWindow, Seen, Window};
use jiff::Timestamp;

use crate::{Error, Service};

impl Service {
    /// Makes a plan, whose target must be one that the cluster can be upgraded to now, and whose window is not over.
    pub async fn add_plan(
        &self,
        project: &str,
        cluster_id: &str,
        target: &str,
        window: Window,
    ) -> Result<Plan, Error> {
        let cluster = self.cluster(project, cluster_id).await?;
        let now = Timestamp::now();
        if window.sees(now) == Seen::After {
            return Err(BadWindow::Past.into());
        }
        let (running, target) = self.judged_way(&cluster, target).await?;
        let new = NewPlan {
            project_id: cluster.project_id,
            cluster_id: cluster.id,
            cluster_version: running.exact(),
            target_version: target.exact(),
            window,
        };
        match self.store.add_plan(&new, now).await? {
            Planned::New(plan) => Ok(*plan),
            Planned::AlreadyPlanned(id) => Err(Error::OpenPlan(id)),
        }
    }

    /// The newest plan of a cluster, which is the unfinished one if there is one.
    pub async fn plan(&self, project: &str, cluster_id: &str) -> Result<Option<Plan>, Error> {
        self.cluster(project, cluster_id).await?;
        Ok(self.store.newest_plan(project, cluster_id).await?)
    }

    /// Moves the window of a plan that has not begun: it begins at `not_before` and is as long as before.
    pub async fn delay_plan(
        &self,
        project: &str,
        cluster_id: &str,
        id: &str,
        not_before: Timestamp,
    ) -> Result<Plan, Error> {
        self.cluster(project, cluster_id).await?;
        let key = (project, cluster_id);
        match self
            .store
            .delay_plan(key, id, not_before, Timestamp::now())
            .await?
        {
            Delayed::Done(plan) => Ok(*plan),
            Delayed::NotPending(phase) => Err(Error::PlanNotPending(phase)),
            Delayed::BadWindow(why) => Err(why.into()),
            Delayed::Absent => Err(Error::UnknownPlan(id.to_owned())),
        }
    }

    /// Removes a plan that has not begun, or is over.
    pub async fn remove_plan(&self, project: &str, id: &str) -> Result<(), Error> {
        match self.store.remove_plan(project, id).await? {
            Removed::Done => Ok(()),
            Removed::UnderWay(phase) => Err(Error::PlanUnderWay(phase)),
            Removed::Absent => Err(Error::UnknownPlan(id.to_owned())),
        }
    }
}
