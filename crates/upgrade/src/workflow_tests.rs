use std::collections::{BTreeSet, VecDeque};

use super::*;

fn events() -> Vec<Event> {
    let of = |make: fn(Point) -> Event| Point::ALL.map(make);
    [of(Event::Started), of(Event::Succeeded), of(Event::Failed)]
        .concat()
        .into_iter()
        .chain([Event::Lapsed, Event::Cancelled])
        .collect()
}

/// The table once more, by rules: written apart from it, for all pairs.
fn ruled(phase: Phase, event: Event) -> Option<Phase> {
    use Phase::{Cancel, Init, Pending, Running, Success};
    match (phase, event) {
        (Init | Running | Pending, Event::Started(_)) => Some(Running),
        (Running | Pending | Success, Event::Succeeded(Point::PostCheck))
        | (Success, Event::Failed(_)) => Some(Success),
        (Running | Pending | Success, Event::Succeeded(_)) => Some(phase),
        (Running | Pending, Event::Failed(_)) | (Running, Event::Lapsed) => Some(Pending),
        (Init | Running | Pending, Event::Cancelled) => Some(Cancel),
        _ => None,
    }
}

#[test]
fn every_cell_of_the_table_is_what_the_rules_say() {
    let mut cells = 0;
    for phase in Phase::ALL {
        for event in events() {
            assert_eq!(next(phase, event), ruled(phase, event), "{phase} {event:?}");
            cells += 1;
        }
    }
    assert_eq!((cells, TABLE.len() * Phase::ALL.len()), (70, 70));
}

#[test]
fn every_event_has_one_row() {
    let rows: BTreeSet<_> = TABLE.iter().map(|(_, event)| *event).collect();
    assert_eq!(rows, events().into_iter().collect());
    assert_eq!(rows.len(), TABLE.len());
}

#[test]
fn words_are_read_back() {
    for phase in Phase::ALL {
        assert_eq!(Phase::named(phase.as_str()), Some(phase));
    }
    assert_eq!(Phase::named("running"), None);
}

#[test]
fn callers_cancel_from_init_and_pending_and_operators_from_every_open_phase() {
    use Phase::{Cancel, Init, Pending, Running, Success};
    for phase in Phase::ALL {
        for by in [Canceller::Caller, Canceller::Operator] {
            let refused = Err(NotCancelled::Phase(phase));
            let (idle, busy) = match (phase, by) {
                (Init | Pending, _) | (Running, Canceller::Operator) => {
                    (Ok(Cancel), Err(NotCancelled::UnderWay))
                }
                (Running, Canceller::Caller) | (Success | Cancel, _) => (refused, refused),
            };
            assert_eq!(cancel(phase, by, false), idle, "{phase} {by:?}");
            assert_eq!(cancel(phase, by, true), busy, "{phase} {by:?}");
        }
    }
}

/// The newest task of a point, as far as the rules look at it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Newest {
    None,
    UnderWay,
    Well,
    Badly,
}

/// A workflow with the newest task of each point, in the order of [`Point::ALL`].
type State = (Phase, [Newest; 4]);

fn idle((_, tasks): State) -> bool {
    !tasks.contains(&Newest::UnderWay)
}

/// Whether the queue would take a task of this point: one of a kind, and nothing beside an upgrade.
fn acceptable((_, tasks): State, point: Point) -> bool {
    let under_way = |wanted: &dyn Fn(Point) -> bool| {
        Point::ALL
            .into_iter()
            .zip(tasks)
            .any(|(it, newest)| newest == Newest::UnderWay && wanted(it))
    };
    match point {
        Point::Cluster => !under_way(&|_| true),
        _ => !under_way(&|it| it == point || it == Point::Cluster),
    }
}

fn with((_, mut tasks): State, phase: Phase, point: Point, newest: Newest) -> State {
    let index = Point::ALL.iter().position(|it| *it == point).unwrap();
    tasks[index] = newest;
    (phase, tasks)
}

/// Every event that the API, the queue or time can bring about in a state, and the state after it.
fn steps(state: State) -> Vec<(Event, State)> {
    let (phase, tasks) = state;
    let mut steps = Vec::new();
    for (point, newest) in Point::ALL.into_iter().zip(tasks) {
        if acceptable(state, point)
            && let Some(phase) = next(phase, Event::Started(point))
        {
            let after = with(state, phase, point, Newest::UnderWay);
            steps.push((Event::Started(point), after));
        }
        if newest == Newest::UnderWay {
            for (event, ended) in [
                (Event::Succeeded(point), Newest::Well),
                (Event::Failed(point), Newest::Badly),
            ] {
                let phase = next(phase, event).expect("an end is never lost");
                steps.push((event, with(state, phase, point, ended)));
            }
        }
    }
    if phase == Phase::Running && idle(state) {
        let phase = next(phase, Event::Lapsed).expect("what runs and is idle can lapse");
        steps.push((Event::Lapsed, (phase, tasks)));
    }
    if let Ok(phase) = cancel(phase, Canceller::Caller, !idle(state)) {
        steps.push((Event::Cancelled, (phase, tasks)));
    }
    steps
}

fn reachable() -> BTreeSet<State> {
    let fresh = (Phase::Init, [Newest::None; 4]);
    let (mut seen, mut todo) = (BTreeSet::from([fresh]), VecDeque::from([fresh]));
    while let Some(state) = todo.pop_front() {
        for (_, after) in steps(state) {
            if seen.insert(after) {
                todo.push_back(after);
            }
        }
    }
    seen
}

/// Whether some way of these events leads from `state` to a state that is `wanted`.
fn leads(state: State, wanted: impl Fn(State) -> bool, by: impl Fn(Event) -> bool) -> bool {
    let (mut seen, mut todo) = (BTreeSet::from([state]), vec![state]);
    while let Some(state) = todo.pop() {
        if wanted(state) {
            return true;
        }
        for (event, after) in steps(state) {
            if by(event) && seen.insert(after) {
                todo.push(after);
            }
        }
    }
    false
}

#[test]
fn no_unfinished_state_is_a_dead_end() {
    let states = reachable();
    assert!(states.len() > 200, "{}", states.len());
    for state in states.into_iter().filter(|it| !it.0.is_finished()) {
        let waits = |event: Event| !matches!(event, Event::Started(_));
        // Waiting and cancelling are enough, whatever the tasks that are under way come to.
        assert!(leads(state, |it| it.0 == Phase::Cancel, waits), "{state:?}");
        assert!(
            leads(state, |it| it.0 == Phase::Success, |_| true),
            "{state:?}"
        );
        if idle(state) {
            let alone = |event| matches!(event, Event::Lapsed | Event::Cancelled);
            assert!(leads(state, |it| it.0.is_finished(), alone), "{state:?}");
        }
    }
}

#[test]
fn what_is_finished_moves_no_more() {
    for state in reachable().into_iter().filter(|it| it.0.is_finished()) {
        for (event, after) in steps(state) {
            assert_eq!(after.0, state.0, "{state:?} {event:?}");
            assert!(matches!(event, Event::Succeeded(_) | Event::Failed(_)));
        }
    }
}

#[test]
fn the_phase_says_what_the_tasks_say() {
    for state in reachable() {
        let (phase, tasks) = state;
        let begun = tasks.iter().any(|it| *it != Newest::None);
        let confirmed = tasks[3] == Newest::Well;
        match phase {
            Phase::Init => assert!(!begun, "{state:?}"),
            Phase::Running | Phase::Pending => assert!(begun, "{state:?}"),
            Phase::Success => assert!(confirmed, "{state:?}"),
            Phase::Cancel => assert!(idle(state), "{state:?}"),
        }
    }
}

#[test]
fn only_a_post_check_that_succeeds_makes_a_success_and_only_init_and_pending_are_cancelled() {
    for state in reachable() {
        for (event, after) in steps(state) {
            if after.0 == Phase::Success && state.0 != Phase::Success {
                assert_eq!(event, Event::Succeeded(Point::PostCheck), "{state:?}");
            }
            if after.0 == Phase::Cancel {
                assert!(matches!(state.0, Phase::Init | Phase::Pending), "{state:?}");
                assert!(idle(state), "{state:?}");
            }
            if after.0 == Phase::Pending && state.0 != Phase::Pending {
                assert!(
                    matches!(event, Event::Failed(_) | Event::Lapsed),
                    "{state:?}"
                );
            }
        }
    }
}

#[test]
fn lines_join_the_points_from_the_pre_check_to_the_post_check() {
    let mut reached = BTreeSet::from([Point::PreCheck]);
    for line in LINES {
        assert!(line.from < line.to, "no line goes back: {line:?}");
        assert!(reached.contains(&line.from) || line.from == Point::Snapshot);
        reached.insert(line.to);
    }
    assert_eq!(reached, BTreeSet::from(Point::ALL));
    let critical: Vec<_> = LINES.iter().filter(|it| it.critical).collect();
    assert_eq!(
        critical[0].to, critical[1].from,
        "the critical lines are one way"
    );
    assert_eq!(critical.len(), 2);
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(minutes * 60).unwrap()
}

fn well(minutes: i64) -> Progress {
    Progress::Succeeded {
        at: at(minutes),
        expires: None,
    }
}

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn a_pre_check_that_passed_counts_until_it_expires() {
    let passed = Progress::Succeeded {
        at: at(10),
        expires: Some(at(40)),
    };
    let lapses = |points: &[_]| lapses_at(Phase::Running, points, at(0), HOUR);
    let precheck = (Point::PreCheck, passed);
    assert_eq!(lapses(&[precheck]), Some(at(40)));
    // A snapshot keeps nothing alive: the upgrade would want another pre-check.
    assert_eq!(
        lapses(&[precheck, (Point::Snapshot, well(35))]),
        Some(at(40))
    );
    // An upgrade that succeeded wants a post-check, for which the pre-check's result need not count.
    assert_eq!(
        lapses(&[precheck, (Point::Cluster, well(50))]),
        Some(at(110))
    );
    let before = Progress::Failed { at: at(5) };
    assert_eq!(lapses(&[precheck, (Point::Cluster, before)]), Some(at(40)));
}

#[test]
fn without_a_pre_check_that_passed_the_last_end_counts() {
    let lapses = |points: &[_]| lapses_at(Phase::Running, points, at(3), HOUR);
    assert_eq!(lapses(&[]), Some(at(63)));
    assert_eq!(lapses(&[(Point::Snapshot, well(20))]), Some(at(80)));
    let failed = Progress::Failed { at: at(30) };
    assert_eq!(
        lapses(&[(Point::PreCheck, failed), (Point::Snapshot, well(20))]),
        Some(at(90))
    );
    // A result without an expiry is bounded all the same.
    assert_eq!(lapses(&[(Point::PreCheck, well(10))]), Some(at(70)));
}

#[test]
fn nothing_lapses_while_a_task_is_under_way_or_in_another_phase() {
    let under_way = [
        (Point::PreCheck, well(1)),
        (Point::Snapshot, Progress::UnderWay),
    ];
    assert_eq!(lapses_at(Phase::Running, &under_way, at(0), HOUR), None);
    for phase in Phase::ALL.into_iter().filter(|it| *it != Phase::Running) {
        assert_eq!(lapses_at(phase, &[], at(0), HOUR), None, "{phase}");
    }
}
