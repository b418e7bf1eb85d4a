//! Clusters that callers take in and let go. An operator offers them: no caller can name a file or a server.

use std::collections::BTreeSet;

use airworthy_cce::request::ClusterRequest;
use airworthy_collect::Plan;
use airworthy_model::{Need, Policy};
use airworthy_store::{self as store, Cluster, Deleted, Job, NewCluster, Observed, Outcome};
use jiff::Timestamp;

use crate::{ClusterSettings, Error, Service, cluster};

impl Service {
    /// Takes in a cluster that the operator offers under this name; a job tells whether it can be reached.
    pub async fn create_cluster(
        &self,
        project: &str,
        request: ClusterRequest,
    ) -> Result<Cluster, Error> {
        let settings = self.settings_of(project, &request.name).await?;
        let Some(access) = settings.and_then(|settings| settings.offer.clone()) else {
            let (name, project) = (request.name, project.to_owned());
            return Err(Error::NotOffered { name, project });
        };
        let new = NewCluster {
            id: None,
            name: request.name,
            alias: request.alias,
            access,
        };
        let (attempts, now) = (self.settings.attempts, Timestamp::now());
        Ok(self
            .store
            .adopt_cluster(project, new, attempts, now)
            .await?)
    }

    /// Lets a cluster go: what is kept of it is removed, the cluster itself is not touched.
    pub async fn delete_cluster(&self, project: &str, id: &str) -> Result<(Cluster, Job), Error> {
        match self
            .store
            .delete_cluster(project, id, Timestamp::now())
            .await?
        {
            Deleted::Gone(cluster, job) => Ok((*cluster, *job)),
            Deleted::Unknown => Err(Error::UnknownCluster(id.to_owned())),
            Deleted::Upgrading => Err(Error::Upgrading(id.to_owned())),
        }
    }

    /// A job of a project.
    pub async fn job(&self, project: &str, id: &str) -> Result<Job, Error> {
        let job = self.store.job(project, id).await?;
        job.ok_or_else(|| Error::UnknownJob(id.to_owned()))
    }

    /// What the operator decided about a cluster of this name; entries name a project by its id or by its name.
    pub(crate) async fn settings_of(
        &self,
        project: &str,
        name: &str,
    ) -> Result<Option<&ClusterSettings>, Error> {
        let mut named = self.settings.clusters.iter().filter(|it| it.name == name);
        let known_as = self.store.project(project).await?.map(|it| it.name);
        Ok(named.find(|it| it.project == project || known_as.as_ref() == Some(&it.project)))
    }

    /// The decisions that checks of a cluster depend on.
    pub(crate) async fn policy_of(&self, cluster: &Cluster) -> Result<Policy, Error> {
        let general = &self.settings.policy;
        let settings = self.settings_of(&cluster.project_id, &cluster.name).await?;
        Ok(settings.map_or_else(|| general.clone(), |own| own.policy(general)))
    }

    /// The facts that are not read of a cluster.
    pub(crate) async fn switched_off(&self, cluster: &Cluster) -> BTreeSet<Need> {
        let mut needs = self.settings.switched_off.clone();
        match self.settings_of(&cluster.project_id, &cluster.name).await {
            Ok(Some(own)) => {
                needs.retain(|need| !own.switched_on.contains(need));
                needs.extend(&own.switched_off);
            }
            Ok(None) => (),
            Err(error) => {
                tracing::warn!(cluster = %cluster.id, %error, "the settings of the cluster cannot be told");
            }
        }
        needs
    }

    /// Reaches a cluster for the first time.
    pub(crate) async fn register_task(&self, cluster: &Cluster) -> Result<Outcome, Error> {
        if let Some(job) = &cluster.job_id {
            self.store.begin_job(job, Timestamp::now()).await?;
        }
        let plan = Plan {
            limits: self.settings.limits,
            switched_off: self.settings.switched_off.clone(),
            ..Plan::of([Need::Version, Need::Nodes])
        };
        let facts = match cluster::read(cluster, &plan).await {
            Ok(facts) => facts,
            Err(message) => return Ok(failed(message)),
        };
        if let Err(missing) = &facts.version {
            return Ok(failed(missing.to_string()));
        }
        // Its phase follows with the end of the task.
        let phase = None;
        let seen = Observed {
            phase,
            ..cluster::observed(&facts)
        };
        self.remember(cluster, &seen).await;
        Ok(Outcome {
            phase: store::Phase::Success,
            message: None,
            result: None,
            expires_at: None,
        })
    }
}

fn failed(message: String) -> Outcome {
    Outcome {
        phase: store::Phase::Failed,
        message: Some(message),
        result: None,
        expires_at: None,
    }
}
