//! The command driver with real child processes: programs that end well, badly, never, or without a word.

mod common;

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use airworthy_drivers::{
    Command, Program,
    program::{self, Ending, Run, Stage, supervise},
};
use airworthy_testbed::wait_until;
use airworthy_upgrade::driver::{Driver, Order, Step};
use common::order;
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Makes this binary be a supervisor.
const AS_SUPERVISOR: &str = "a_supervisor";

/// No test: what the others start as their supervisor. Without a folder it does nothing.
#[test]
fn a_supervisor() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == AS_SUPERVISOR)
        && let Some(folder) = std::env::args_os().next_back()
        && Path::new(&folder).is_dir()
    {
        supervise(Path::new(&folder)).unwrap();
    }
}

struct House {
    folder: TempDir,
    driver: Command,
}

impl House {
    /// A driver whose program is a script.
    fn new(script: &str) -> Self {
        Self::with_deadline(script, Duration::from_mins(5))
    }

    fn with_deadline(script: &str, deadline: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("program");
        fs::write(&file, format!("#!/bin/sh\n{script}")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
        let this = std::env::current_exe().unwrap().into_os_string();
        let words = [AS_SUPERVISOR, "--exact", "--nocapture", "--"].map(OsString::from);
        let driver = Command {
            program: Program {
                file,
                arguments: vec!["--first".into(), "$HOME; two words".into()],
                environment: vec!["CARGO_MANIFEST_DIR".into(), "NOT_SET_ANYWHERE".into()],
                deadline,
            },
            folder: folder.path().join("upgrades"),
            supervisor: [this].into_iter().chain(words).collect(),
        };
        Self { folder, driver }
    }

    fn run(&self) -> Run {
        self.driver.run("task", 1)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Takes steps until the driver has an end, as the service does.
    async fn finish(&self, order: &Order) -> Step {
        let mut scratch = None;
        self.finish_from(order, &mut scratch).await
    }

    async fn finish_from(&self, order: &Order, scratch: &mut Option<Value>) -> Step {
        until("the end of the upgrade", async || {
            match self.driver.step(order, scratch.as_ref()).await {
                Step::Going { scratch: next, .. } => {
                    *scratch = Some(next);
                    None
                }
                end => Some(end),
            }
        })
        .await
    }

    /// Takes steps until the program has written a file.
    async fn begin(&self, order: &Order, file: &str) -> Value {
        let step = self.driver.step(order, None).await;
        let Step::Going { scratch, .. } = step else {
            panic!("{step:?}");
        };
        let path = self.path(file);
        until("a sign of the program", async || {
            path.exists().then_some(())
        })
        .await;
        scratch
    }

    fn number(&self, file: &str) -> Pid {
        let text = fs::read_to_string(self.path(file)).unwrap();
        Pid::from_raw(text.trim().parse().unwrap()).unwrap()
    }
}

/// Looks again and again; the wait between is that of any poll, not one that a result depends on.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_mins(1), looking).await;
    seen.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

#[track_caller]
fn fails(step: Step, words: &str) {
    match step {
        Step::Failed { message } => assert!(message.contains(words), "{message}"),
        other => panic!("{other:?}"),
    }
}

fn is_alive(process: Pid) -> bool {
    // A zombie that nobody reaps has ended as well.
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    let state = stat.map(|text| text.rsplit(") ").next().unwrap_or_default().to_owned());
    test_kill_process(process).is_ok() && !state.unwrap_or_default().starts_with('Z')
}

#[tokio::test]
async fn a_program_that_ends_well_upgrades() {
    let house =
        House::new("echo out; echo err >&2; printf ' 42\\n' > \"$AIRWORTHY_PROGRESS_FILE\"");
    let end = house.finish(&order(1)).await;
    assert!(matches!(end, Step::Done { .. }), "{end:?}");
    assert_eq!(
        fs::read_to_string(house.run().output()).unwrap(),
        "out\nerr\n"
    );
    for name in ["", "job", "output", "exit"] {
        let mode = fs::metadata(house.run().folder().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{name:?} is closed to others");
    }
}

#[tokio::test]
async fn the_environment_is_what_is_documented_and_nothing_else() {
    let house = House::new("env -0; pwd; printf '%s|' \"$@\"; cat");
    house.finish(&order(1)).await;
    let printed = fs::read_to_string(house.run().output()).unwrap();
    let (variables, rest) = printed.rsplit_once('\0').unwrap();
    let mut variables: Vec<_> = variables.split('\0').collect();
    // Shells set these for themselves.
    variables.retain(|it| {
        !it.starts_with("PWD=")
            && !it.starts_with("OLDPWD=")
            && !it.starts_with("_=")
            && !it.starts_with("SHLVL=")
    });
    variables.sort_unstable();
    let of_ours = |name: &str| format!("{name}={}", std::env::var(name).unwrap());
    let progress = house.run().progress_file().display().to_string();
    let mut expected = vec![
        "AIRWORTHY_ADDONS=[{\"addonTemplateName\":\"coredns\"}]".to_owned(),
        "AIRWORTHY_ATTEMPT=1".to_owned(),
        "AIRWORTHY_BATCH_SCOPE=NodePool".to_owned(),
        "AIRWORTHY_BATCH_SIZE=7".to_owned(),
        "AIRWORTHY_CLUSTER_ID=8978deaa-1743-11ee-8e46-0255ac10004c".to_owned(),
        "AIRWORTHY_CLUSTER_NAME=prod \"1\"".to_owned(),
        "AIRWORTHY_FROM_VERSION=v1.31.14".to_owned(),
        "AIRWORTHY_NODE_ORDER={}".to_owned(),
        "AIRWORTHY_NODE_POOL_ORDER={\"DefaultPool\":1}".to_owned(),
        format!("AIRWORTHY_PROGRESS_FILE={progress}"),
        "AIRWORTHY_PROJECT_ID=project".to_owned(),
        "AIRWORTHY_TARGET_VERSION=v1.32.13".to_owned(),
        "AIRWORTHY_TASK_ID=task".to_owned(),
        of_ours("CARGO_MANIFEST_DIR"),
        of_ours("PATH"),
    ];
    expected.extend(std::env::var_os("HOME").map(|_| of_ours("HOME")));
    expected.sort_unstable();
    assert_eq!(variables, expected);
    let folder = house.run().folder().display().to_string();
    // No shell has looked at the arguments, and there is no input.
    assert_eq!(rest, format!("{folder}\n--first|$HOME; two words|"));
}

#[tokio::test]
async fn what_the_program_says_of_its_progress_is_passed_on() {
    let house = House::new(
        "echo 42 > \"$AIRWORTHY_PROGRESS_FILE\"; touch ../../../begun; while [ ! -e ../../../go ]; do sleep 0.05; done",
    );
    let order = order(1);
    let mut scratch = Some(house.begin(&order, "begun").await);
    let step = house.driver.step(&order, scratch.as_ref()).await;
    assert!(matches!(step, Step::Going { progress: 42, .. }), "{step:?}");
    for (said, heard) in [("101", 0), ("-1", 0), ("half", 0), ("", 0), ("99", 99)] {
        fs::write(house.run().progress_file(), said).unwrap();
        let step = house.driver.step(&order, scratch.as_ref()).await;
        assert!(
            matches!(&step, Step::Going { progress, .. } if *progress == heard),
            "{said}: {step:?}"
        );
    }
    fs::write(house.path("go"), "").unwrap();
    house.finish_from(&order, &mut scratch).await;
}

#[tokio::test]
async fn another_exit_code_or_a_signal_fails() {
    let house = House::new("exit 3");
    fails(house.finish(&order(1)).await, "exit code 3");
    let house = House::new("kill -KILL $$");
    fails(house.finish(&order(1)).await, "killed by signal 9");
}

#[tokio::test]
async fn a_program_that_is_not_there_fails_and_says_so() {
    let mut house = House::new("");
    house.driver.program.file = house.path("nowhere");
    fails(
        house.finish(&order(1)).await,
        "could not be started: No such file",
    );
}

#[tokio::test]
async fn at_the_deadline_the_whole_group_is_ended_however_stubborn() {
    let script = "(trap '' TERM; echo $(exec sh -c 'echo $PPID') > ../../../grandchild; touch ../../../begun; while :; do sleep 1; done) & wait";
    let house = House::with_deadline(script, Duration::from_secs(1));
    let order = order(1);
    let mut scratch = Some(house.begin(&order, "begun").await);
    let grandchild = house.number("grandchild");
    assert!(is_alive(grandchild));
    fails(
        house.finish_from(&order, &mut scratch).await,
        "after 1 s, its deadline",
    );
    assert!(!is_alive(grandchild));
}

#[tokio::test]
async fn of_a_huge_output_beginning_and_end_are_kept() {
    let house = House::new("echo first; head -c 5000000 /dev/zero | tr '\\0' x; echo; echo last");
    let end = house.finish(&order(1)).await;
    assert!(matches!(end, Step::Done { .. }), "{end:?}");
    let kept = fs::read_to_string(house.run().output()).unwrap();
    assert!(kept.len() < (1 << 20) + 100, "{}", kept.len());
    assert!(kept.starts_with("first\nx") && kept.ends_with("x\nlast\n"));
    assert!(kept.contains("bytes left out"));
}

/// What prints on after the program ended does not hold the end up.
#[tokio::test]
async fn who_is_left_behind_with_the_output_does_not_hold_it_up() {
    let house = House::new("sleep 300 & echo $! > ../../../left; echo done");
    let end = house.finish(&order(1)).await;
    assert!(matches!(end, Step::Done { .. }), "{end:?}");
    assert_eq!(fs::read_to_string(house.run().output()).unwrap(), "done\n");
    kill_process(house.number("left"), Signal::KILL).unwrap();
}

/// A service that was killed between two steps is another one with the same folder, and with or without what the step left.
#[tokio::test]
async fn another_process_attaches_and_starts_nothing_twice() {
    let script = "echo x >> ../../../starts; touch ../../../begun; while [ ! -e ../../../go ]; do sleep 0.05; done";
    let house = House::new(script);
    let order = order(1);
    let scratch = house.begin(&order, "begun").await;
    for known in [None, Some(&scratch), None] {
        let step = house.driver.clone().step(&order, known).await;
        assert!(matches!(step, Step::Going { .. }), "{step:?}");
        // Supervisors too many harm nothing.
        house.run().start(&house.driver.supervisor).unwrap();
    }
    fs::write(house.path("go"), "").unwrap();
    let end = house.finish_from(&order, &mut None).await;
    assert!(matches!(end, Step::Done { .. }), "{end:?}");
    assert_eq!(fs::read_to_string(house.path("starts")).unwrap(), "x\n");
}

/// Many first steps at once: whoever comes first, the program is started once.
#[tokio::test]
async fn first_steps_at_once_start_it_once() {
    let house = House::new("echo x >> ../../../starts");
    let order = order(1);
    let steps = (0..8).map(|_| {
        let (driver, order) = (house.driver.clone(), order.clone());
        tokio::spawn(async move { driver.step(&order, None).await })
    });
    for step in steps.collect::<Vec<_>>() {
        step.await.unwrap();
    }
    house.finish(&order).await;
    assert_eq!(fs::read_to_string(house.path("starts")).unwrap(), "x\n");
}

#[tokio::test]
async fn a_supervisor_that_was_killed_is_lost_and_nothing_is_started_again() {
    let script = "echo x >> ../../../starts; echo $PPID > ../../../supervisor; echo $$ > ../../../program; touch ../../../begun; exec sleep 300";
    let house = House::new(script);
    let order = order(1);
    let mut scratch = Some(house.begin(&order, "begun").await);
    let program = house.number("program");
    kill_process(house.number("supervisor"), Signal::KILL).unwrap();
    let end = house.finish_from(&order, &mut scratch).await;
    assert!(is_alive(program), "nobody ends what nobody knows");
    fails(end, &format!("process group {}", program.as_raw_nonzero()));
    for known in [None, scratch.as_ref()] {
        fails(
            house.driver.step(&order, known).await,
            "ended without a word",
        );
    }
    house.run().start(&house.driver.supervisor).unwrap();
    // A retry must not run beside what is still at work, nor one after that retry.
    for attempt in [2, 3] {
        let step = house.driver.step(&self::order(attempt), None).await;
        fails(step, "still running");
    }
    assert_eq!(fs::read_to_string(house.path("starts")).unwrap(), "x\n");
    kill_process_group(program, Signal::KILL).unwrap();
    let again = wait_for_retry(&house, &self::order(3)).await;
    assert!(matches!(again, Step::Going { .. }), "{again:?}");
}

/// The first step of an attempt, once what was killed is gone.
async fn wait_for_retry(house: &House, order: &Order) -> Step {
    let gone = wait_until(Duration::from_secs(30), "the group to be gone", || async {
        let step = house.driver.step(order, None).await;
        Ok(matches!(step, Step::Going { .. }).then_some(step))
    });
    gone.await.unwrap()
}

/// The service died after it left the order and before its supervisor came: nothing was started, so the next step starts it.
#[tokio::test]
async fn an_order_without_a_supervisor_gets_one() {
    let house = House::new("echo x >> ../../../starts");
    house
        .run()
        .prepare(&house.driver.program, [].into())
        .unwrap();
    assert_eq!(house.run().look().unwrap(), Stage::Waiting);
    let end = house.finish(&order(1)).await;
    assert!(matches!(end, Step::Done { .. }), "{end:?}");
    assert_eq!(fs::read_to_string(house.path("starts")).unwrap(), "x\n");
}

#[tokio::test]
async fn a_folder_that_was_removed_is_lost_and_not_a_new_beginning() {
    let house = House::new("echo x >> ../../../starts; touch ../../../begun");
    let order = order(1);
    let scratch = house.begin(&order, "begun").await;
    house.finish_from(&order, &mut Some(scratch.clone())).await;
    fs::remove_dir_all(house.run().folder()).unwrap();
    fails(
        house.driver.step(&order, Some(&scratch)).await,
        "folder of the run was removed",
    );
    assert_eq!(fs::read_to_string(house.path("starts")).unwrap(), "x\n");
}

#[tokio::test]
async fn a_retry_waits_for_nobody_but_runs_beside_nobody_either() {
    let script = "echo $AIRWORTHY_ATTEMPT >> ../../../starts; touch ../../../begun; while [ ! -e ../../../go ]; do sleep 0.05; done; exit 1";
    let house = House::new(script);
    let mut scratch = Some(house.begin(&order(1), "begun").await);
    fails(house.driver.step(&order(2), None).await, "is still running");
    fs::write(house.path("go"), "").unwrap();
    fails(
        house.finish_from(&order(1), &mut scratch).await,
        "exit code 1",
    );
    fails(house.finish(&order(2)).await, "exit code 1");
    assert_eq!(fs::read_to_string(house.path("starts")).unwrap(), "1\n2\n");
    assert!(
        house.run().folder().exists(),
        "the first attempt's output stays"
    );
}

#[tokio::test]
async fn an_end_that_was_written_stays_the_end() {
    let house = House::new("exit 4");
    house.finish(&order(1)).await;
    assert_eq!(
        house.run().look().unwrap(),
        Stage::Ended(Ending::Exited { code: 4 })
    );
    let direct = house.run().folder().to_owned();
    let supervised = tokio::task::spawn_blocking(move || {
        process::Command::new(std::env::current_exe().unwrap())
            .args([AS_SUPERVISOR, "--exact", "--nocapture", "--"])
            .arg(direct)
            .output()
    });
    assert!(supervised.await.unwrap().unwrap().status.success());
    fails(house.finish(&order(1)).await, "exit code 4");
}

#[tokio::test]
async fn without_a_folder_that_can_be_made_it_is_tried_until_the_deadline() {
    let mut house = House::with_deadline("", Duration::from_secs(1));
    fs::write(house.path("file"), "").unwrap();
    house.driver.folder = house.path("file");
    let step = house.driver.step(&order(1), None).await;
    let Step::Going { scratch, .. } = step else {
        panic!("{step:?}");
    };
    let late = Order {
        begun_at: Timestamp::now() - jiff::SignedDuration::from_mins(2),
        ..order(1)
    };
    fails(
        house.driver.step(&late, None).await,
        "folder cannot be used",
    );
    // Once it can be made, that is no folder that somebody removed.
    fs::remove_file(house.path("file")).unwrap();
    let end = house.finish_from(&order(1), &mut Some(scratch)).await;
    assert!(matches!(end, Step::Done { .. }), "{end:?}");
}

#[tokio::test]
async fn runs_are_removed_with_their_task_and_never_while_they_are_at_work() {
    let house = House::new("touch ../../../begun; while [ ! -e ../../../go ]; do sleep 0.05; done");
    let folder = &house.driver.folder;
    assert!(program::tasks(folder).unwrap().is_empty());
    let order = order(1);
    let mut scratch = Some(house.begin(&order, "begun").await);
    program::remove(folder, "task").unwrap();
    assert_eq!(program::tasks(folder).unwrap(), ["task"]);
    fs::write(house.path("go"), "").unwrap();
    house.finish_from(&order, &mut scratch).await;
    program::remove(folder, "task").unwrap();
    assert!(program::tasks(folder).unwrap().is_empty());
}
