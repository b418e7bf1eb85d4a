//! Numbers for Prometheus. The values of every label come from a fixed set.

use std::time::Duration;

use airworthy_store::{TaskKind, TaskState};
use http::StatusCode;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};

/// Upper bounds of the request durations, in seconds; a post-check waits up to a minute.
const DURATIONS: [f64; 12] = [
    0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 15.0, 30.0, 60.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Requested {
    operation: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tasks {
    kind: &'static str,
    state: &'static str,
}

/// The numbers of one server.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Requested, Counter>,
    durations: Family<Operation, Histogram, fn() -> Histogram>,
    overdue: Gauge,
    tasks: Family<Tasks, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        let requests = Family::<Requested, Counter>::default();
        let durations = Family::new_with_constructor((|| Histogram::new(DURATIONS)) as fn() -> _);
        let overdue = Gauge::default();
        let tasks = Family::<Tasks, Gauge>::default();
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        let mut registry = Registry::with_prefix("airworthy");
        registry.register(
            "requests",
            "Requests answered, by operation and class of status",
            requests.clone(),
        );
        registry.register(
            "request_duration_seconds",
            "Time from a request's head to its answer, by operation",
            durations.clone(),
        );
        registry.register(
            "queue_overdue_seconds",
            "How long the task that is due longest has waited for a worker",
            overdue.clone(),
        );
        registry.register(
            "tasks",
            "Tasks that are kept, by kind and state",
            tasks.clone(),
        );
        registry.register("build", "The release that runs", build);
        Self {
            registry,
            requests,
            durations,
            overdue,
            tasks,
        }
    }
}

impl Metrics {
    /// Counts an answered request.
    pub(crate) fn request(&self, operation: &'static str, status: StatusCode, took: Duration) {
        let status = class(status);
        self.requests
            .get_or_create(&Requested { operation, status })
            .inc();
        self.durations
            .get_or_create(&Operation { operation })
            .observe(took.as_secs_f64());
    }

    /// Takes over how many tasks there are.
    pub(crate) fn tasks(&self, counts: &[(TaskKind, TaskState, i64)]) {
        // A state that has no tasks any more is in no row.
        self.tasks.clear();
        for (kind, state, count) in counts {
            let label = Tasks {
                kind: kind.as_str(),
                state: state.as_str(),
            };
            self.tasks.get_or_create(&label).set(*count);
        }
    }

    /// All numbers as text.
    pub(crate) fn text(&self, overdue: Duration) -> Result<String, std::fmt::Error> {
        self.overdue
            .set(i64::try_from(overdue.as_secs()).unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "1xx",
    }
}
