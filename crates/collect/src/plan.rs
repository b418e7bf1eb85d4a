//! What to read, how much it may cost, and how others hear of it.

use std::{collections::BTreeSet, time::Duration};

use airworthy_model::{Need, Reason};

/// What a run reads, and what it may cost.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The groups wanted; all others come back as not collected.
    pub needs: BTreeSet<Need>,
    /// Groups that the operator has switched off: they are not read, and that is the reason they give.
    pub switched_off: BTreeSet<Need>,
    /// What the run may cost.
    pub limits: Limits,
    /// How built-in kinds are asked for.
    pub encoding: Encoding,
}

impl Plan {
    /// A plan for these needs within the default limits. What must be asked for is switched off.
    pub fn of(needs: impl IntoIterator<Item = Need>) -> Self {
        Self {
            needs: needs.into_iter().collect(),
            switched_off: BTreeSet::from(Need::OPT_IN),
            limits: Limits::default(),
            encoding: Encoding::default(),
        }
    }

    /// A plan for everything that a live cluster can tell.
    pub fn everything() -> Self {
        Self::of(Need::ALL)
    }

    pub(crate) fn wants(&self, need: Need) -> bool {
        self.needs.contains(&need) && !self.switched_off.contains(&need)
    }
}

/// How built-in kinds are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Protobuf, and JSON where the server has no protobuf.
    #[default]
    Protobuf,
    /// JSON only.
    Json,
}

/// What a run may cost the cluster and us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time for one request, from sending it to the last byte of its answer.
    pub request_deadline: Duration,
    /// Time for the whole run, waits included.
    pub run_budget: Duration,
    /// Most objects on the first page of a list; 0 counts as 1, because a list without a limit is never asked for.
    pub page_size: u32,
    /// Most objects on any page, where those before it were small; less than on the first counts as so many.
    pub largest_page: u32,
    /// From how many objects on a list may be read namespace by namespace.
    pub long_list: usize,
    /// From how many objects of a kind on those that a selector chooses may be read namespace by namespace.
    pub long_choice: usize,
    /// Most pages of one list.
    pub pages: u32,
    /// Most objects of one list: more than any cluster holds, so that a server that makes them up does not fill our memory.
    pub objects: usize,
    /// Most requests at a time, 0 counts as 1. Pages of a list after its first are asked for alone.
    pub concurrency: usize,
    /// Most bytes of one body. A page that is larger is asked for again with fewer objects.
    pub page_bytes: usize,
    /// Most bytes of `/metrics`, which is read line by line.
    pub metrics_bytes: usize,
    /// Wait before the second look at an aggregated API that became unavailable a moment ago.
    pub second_look: Duration,
}

impl Limits {
    pub(crate) fn slots(&self) -> u32 {
        u32::try_from(self.concurrency).map_or(u32::MAX, |many| many.max(1))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_deadline: Duration::from_secs(30),
            run_budget: Duration::from_mins(5),
            page_size: 100,
            largest_page: 2000,
            long_list: 50_000,
            long_choice: 2000,
            pages: 10_000,
            objects: 2_000_000,
            concurrency: 4,
            page_bytes: 32 << 20,
            metrics_bytes: 256 << 20,
            second_look: Duration::from_secs(5),
        }
    }
}

/// Hears how a run goes on; called from the task that collects, so it must not block.
pub type Progress<'a> = dyn Fn(ProgressEvent) + Send + Sync + 'a;

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgressEvent {
    /// Reading of a group begins.
    Started(Need),
    /// A page of a list came.
    Page {
        /// Path of the list.
        path: String,
        /// Objects so far.
        objects: usize,
    },
    /// The server asked for a pause.
    Waiting {
        /// Path of the request that waits.
        path: String,
        /// How long.
        pause: Duration,
    },
    /// A group is there, or is known to be missing.
    Finished(Need, Outcome),
}

/// What became of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was read; this many rows.
    Read(usize),
    /// It could not be read.
    Missing(Reason),
}
