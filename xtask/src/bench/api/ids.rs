//! The ids of the clusters and tasks in the database: made from their numbers, and as scattered as drawn ones.

/// The project of all clusters.
pub(super) const PROJECT: &str = "0605767a768010f92f1fc00e2b7c4f31";

/// The id of a cluster by its number.
pub(super) fn cluster(number: u32) -> String {
    id(number, "c105")
}

/// The id of a task by its number; those of a cluster follow each other.
pub(super) fn task(number: u32) -> String {
    id(number, "7a5c")
}

fn id(number: u32, kind: &str) -> String {
    // An odd factor: no two numbers give the same.
    let scattered = number.wrapping_mul(2_654_435_761);
    format!("{scattered:08x}-{kind}-4000-8000-{number:012x}")
}

/// The path of a cluster's pre-checks.
pub(super) fn prechecks(cluster_number: u32) -> String {
    let cluster = cluster(cluster_number);
    format!("/autopilot/v3/projects/{PROJECT}/clusters/{cluster}/operation/precheck")
}

/// The path of a task of `per_cluster` tasks a cluster.
pub(super) fn show(task_number: u32, per_cluster: u32) -> String {
    let cluster = prechecks(task_number / per_cluster);
    format!("{cluster}/tasks/{}", task(task_number))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_those_of_the_wire_and_differ() {
        let ids: BTreeSet<_> = (0..10_000).map(task).collect();
        assert_eq!(ids.len(), 10_000);
        let lengths: Vec<_> = task(7).split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert!(show(250, 100).contains(&cluster(2)));
    }
}
