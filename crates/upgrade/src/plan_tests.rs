use super::*;

const EVENTS: [Event; 5] = [
    Event::Begun,
    Event::Upgrading,
    Event::Confirmed,
    Event::Failed,
    Event::Missed,
];

/// The table once more, by rules: written apart from it, for all pairs.
fn ruled(phase: Phase, event: Event) -> Option<Phase> {
    match (phase, event) {
        (finished, _) if finished.is_finished() => None,
        (_, Event::Failed) => Some(Phase::Failed),
        (Phase::Pending, Event::Begun) => Some(Phase::Enqueued),
        (Phase::Enqueued, Event::Upgrading) => Some(Phase::Upgrading),
        (Phase::Enqueued | Phase::Upgrading, Event::Confirmed) => Some(Phase::Success),
        // An upgrade that began in its window goes on after it.
        (Phase::Pending | Phase::Enqueued, Event::Missed) => Some(Phase::Skipped),
        _ => None,
    }
}

#[test]
fn every_cell_of_the_table_is_what_the_rules_say() {
    for phase in Phase::ALL {
        for event in EVENTS {
            assert_eq!(next(phase, event), ruled(phase, event), "{phase} {event:?}");
        }
    }
    assert_eq!(TABLE.map(|(_, event)| event), EVENTS);
}

#[test]
fn every_phase_is_reached_and_every_unfinished_one_can_end_well_and_badly() {
    let mut reached = vec![Phase::Pending];
    while let Some(new) = reached
        .iter()
        .flat_map(|phase| EVENTS.map(|event| next(*phase, event)))
        .flatten()
        .find(|phase| !reached.contains(phase))
    {
        reached.push(new);
    }
    assert_eq!(reached.len(), Phase::ALL.len());
    for phase in reached.into_iter().filter(|it| !it.is_finished()) {
        assert_eq!(next(phase, Event::Failed), Some(Phase::Failed));
        let on = [Event::Begun, Event::Upgrading, Event::Confirmed];
        let end = on
            .into_iter()
            .fold(phase, |phase, event| next(phase, event).unwrap_or(phase));
        assert_eq!(end, Phase::Success);
    }
}

#[test]
fn words_are_read_back() {
    for phase in Phase::ALL {
        assert_eq!(Phase::named(phase.as_str()), Some(phase));
    }
    assert_eq!(Phase::named("Paused"), None);
}

fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(hours * 3600).unwrap()
}

#[test]
fn a_window_is_entered_at_its_start_and_left_at_its_end() {
    let window = Window::new(at(10), at(12), at(20)).unwrap();
    for (now, seen) in [
        (9, Seen::Before),
        (10, Seen::Within),
        (11, Seen::Within),
        (12, Seen::After),
        (13, Seen::After),
    ] {
        assert_eq!(window.sees(at(now)), seen, "{now}");
    }
}

#[test]
fn windows_that_cannot_be_are_refused() {
    for (before, after, deadline, refusal) in [
        (10, 10, 20, BadWindow::Empty),
        (10, 9, 20, BadWindow::Empty),
        (10, 12, 10, BadWindow::BeyondDeadline),
        (10, 12, 9, BadWindow::BeyondDeadline),
    ] {
        assert_eq!(
            Window::new(at(before), at(after), at(deadline)),
            Err(refusal)
        );
    }
}

#[test]
fn a_delay_keeps_the_length_and_the_deadline() {
    let window = Window::new(at(10), at(12), at(20)).unwrap();
    let moved = window.moved(at(19), at(1)).unwrap();
    assert_eq!(moved, Window::new(at(19), at(21), at(20)).unwrap());
    // Nothing says that a start may not be moved forward again, as long as it lies ahead.
    assert_eq!(moved.moved(at(10), at(1)), Ok(window));
    assert_eq!(window.moved(at(20), at(1)), Err(BadWindow::BeyondDeadline));
    assert_eq!(window.moved(at(1), at(1)), Err(BadWindow::Past));
    let endless = Window::new(at(10), at(12), Timestamp::MAX).unwrap();
    let last = Timestamp::MAX.checked_sub(jiff::SignedDuration::from_hours(1));
    assert_eq!(endless.moved(last.unwrap(), at(1)), Err(BadWindow::TooFar));
}
