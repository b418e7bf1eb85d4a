//! A disk that is full.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::Stdio,
};

use rustix::process::Signal;
use tokio::process::Command;

use super::{
    api::{Api, SOON},
    house::{House, Running, operation, precheck, uid},
};
use crate::common_cli::facts::healthy;

/// Whether this machine lets us mount something where only the child sees it.
async fn can_mount() -> bool {
    let mut probe = Command::new("unshare");
    probe.args([
        "--mount",
        "sh",
        "-c",
        "mount -t tmpfs -o size=64k none /mnt",
    ]);
    let probed = probe
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await;
    probed.is_ok_and(|status| status.success())
}

/// The service, with its database on a small file system of its own that goes with the process.
async fn on_small_disk(house: &House) -> (Running, PathBuf) {
    let folder = house.folder().display();
    let script = format!(
        "mkdir '{folder}/disk' && mount -t tmpfs -o size=768k,mode=700 none '{folder}/disk' \
         && cp '{folder}'/airworthy.db* '{folder}/disk' && exec \"$0\" \"$@\""
    );
    let mut command = Command::new("unshare");
    command.args([
        "--mount",
        "sh",
        "-c",
        &script,
        env!("CARGO_BIN_EXE_airworthy"),
    ]);
    command.args(house.args_with(&house.folder().join("disk/airworthy.db")));
    let service = house.start_as(command, "info").await;
    let root = PathBuf::from(format!("/proc/{}/root", service.pid().as_raw_pid()));
    let inside = house.folder().join("disk");
    let inside = inside.strip_prefix("/").expect("an absolute path");
    (service, root.join(inside))
}

/// Fills the file system to its last byte.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("filler");
    let mut filler = fs::File::create(&path).expect("a file");
    for size in [4096, 1] {
        loop {
            match filler.write(&vec![b'x'; size]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
    path
}

/// Posts a pre-check of each cluster: what was accepted, as cluster and task, and the clusters whose check was refused.
async fn post_all<'a>(
    service: &Running,
    clusters: &'a [String],
) -> (Vec<(&'a str, String)>, Vec<&'a str>) {
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for cluster in clusters {
        let target = operation(cluster, "precheck");
        let answer = service.client.post(&target, &precheck()).await;
        if answer.status == 200 {
            accepted.push((cluster.as_str(), uid(&answer.ok())));
            continue;
        }
        let message = answer.refused(500);
        assert!(
            message.contains("disk with the database is full"),
            "{message} {:#?}",
            service.log()
        );
        refused.push(cluster.as_str());
    }
    (accepted, refused)
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stderr, reason = "what is left out is told loudly")]
async fn on_a_full_disk_requests_are_refused_nothing_accepted_is_lost_and_room_mends_it() {
    if !can_mount().await {
        assert!(std::env::var_os("CI").is_none(), "CI must be able to mount");
        eprintln!("LEFT OUT: the full disk, because nothing can be mounted here");
        return;
    }
    let (house, api) = (House::new("lease-seconds = 2\n").await, Api::held().await);
    let slow = house.reached("slow", api.kubeconfig(house.folder())).await;
    let mut others = Vec::new();
    for number in 0..40 {
        others.push(
            house
                .recorded(&format!("cluster-{number}"), &healthy())
                .await,
        );
    }
    let (service, disk) = on_small_disk(&house).await;
    let first = service.client.precheck(&slow).await;
    service.client.until_running(&slow, &first).await;
    let filler = fill(&disk);
    let (mut accepted, refused) = post_all(&service, &others).await;
    assert!(!refused.is_empty(), "the disk was never full: {accepted:?}");
    assert_eq!(
        service.client.phase(&slow, &first).await,
        "Running",
        "reading goes on"
    );
    api.release();
    service
        .until_told("how the task ended could not be stored")
        .await;
    fs::remove_file(filler).expect("it was there");
    accepted.push((&slow, first));
    for (cluster, task) in &accepted {
        let tasks = service.client.until_done(cluster).await;
        assert_eq!(tasks.iter().map(uid).collect::<Vec<_>>(), [task.as_str()]);
        let expected = if *cluster == slow {
            "Failed"
        } else {
            "Success"
        };
        assert_eq!(tasks[0]["status"]["phase"], expected, "{:#}", tasks[0]);
    }
    for cluster in refused {
        assert_eq!(service.client.tasks(cluster).await.len(), 0);
    }
    service.client.precheck(&slow).await;
    assert_eq!(service.client.until_done(&slow).await.len(), 2);
    assert_eq!(service.stop(Signal::TERM, SOON).await.code(), Some(0));
}
