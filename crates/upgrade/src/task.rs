//! The life of an upgrade task, as a table.

/// How far an upgrade task is, in the words of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Accepted, never begun.
    Init,
    /// To be tried again, not begun yet.
    Queuing,
    /// Begun.
    Running,
    /// Held. The wire knows it and has no operation that leads there: a task never gets into it.
    Pause,
    /// The cluster runs the target version.
    Success,
    /// It does not, and nobody works on it any more.
    Failed,
}

impl Phase {
    /// All phases.
    pub const ALL: [Self; 6] = [
        Self::Init,
        Self::Queuing,
        Self::Running,
        Self::Pause,
        Self::Success,
        Self::Failed,
    ];

    /// Whether nobody works on the task any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Success | Self::Failed)
    }
}

/// What happens to an upgrade task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A worker takes it, for the first step or the next one.
    Begun,
    /// The cluster was seen to run the target version.
    Succeeded,
    /// A step said that the upgrade failed, or its time is over.
    Failed,
    /// A caller wants it tried again.
    Retried,
}

impl Event {
    /// All events.
    pub const ALL: [Self; 4] = [Self::Begun, Self::Succeeded, Self::Failed, Self::Retried];
}

/// Every transition there is. What is not in it must not happen.
const TABLE: &[(Phase, Event, Phase)] = &[
    (Phase::Init, Event::Begun, Phase::Running),
    (Phase::Queuing, Event::Begun, Phase::Running),
    (Phase::Running, Event::Begun, Phase::Running),
    (Phase::Running, Event::Succeeded, Phase::Success),
    (Phase::Running, Event::Failed, Phase::Failed),
    (Phase::Failed, Event::Retried, Phase::Queuing),
];

/// The phase that follows, or nothing when the event cannot happen in this phase.
pub fn next(phase: Phase, event: Event) -> Option<Phase> {
    let mut rows = TABLE.iter();
    rows.find(|row| (row.0, row.1) == (phase, event))
        .map(|row| row.2)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The table once more, by rules: written apart from it, for all pairs.
    fn ruled(phase: Phase, event: Event) -> Option<Phase> {
        match event {
            Event::Begun => (!phase.is_final() && phase != Phase::Pause).then_some(Phase::Running),
            Event::Succeeded => (phase == Phase::Running).then_some(Phase::Success),
            Event::Failed => (phase == Phase::Running).then_some(Phase::Failed),
            Event::Retried => (phase == Phase::Failed).then_some(Phase::Queuing),
        }
    }

    #[test]
    fn every_pair_is_as_the_rules_say() {
        for phase in Phase::ALL {
            for event in Event::ALL {
                assert_eq!(
                    next(phase, event),
                    ruled(phase, event),
                    "{phase:?} {event:?}"
                );
            }
        }
    }

    #[test]
    fn no_pair_is_listed_twice() {
        let pairs: BTreeSet<_> = TABLE
            .iter()
            .map(|row| format!("{:?} {:?}", row.0, row.1))
            .collect();
        assert_eq!(pairs.len(), TABLE.len());
    }

    #[test]
    fn from_every_phase_that_is_entered_an_end_can_be_reached() {
        for phase in Phase::ALL.into_iter().filter(|it| *it != Phase::Pause) {
            let mut reached = vec![phase];
            for _ in Phase::ALL {
                let further = reached
                    .iter()
                    .flat_map(|from| Event::ALL.map(|event| next(*from, event)));
                let further: Vec<_> = further.flatten().collect();
                reached.extend(further);
                reached.dedup();
            }
            assert!(reached.contains(&Phase::Success), "{phase:?}");
            assert!(!reached.contains(&Phase::Pause), "{phase:?}");
        }
    }

    /// `Success` is for ever.
    #[test]
    fn nothing_follows_success() {
        assert!(
            Event::ALL
                .iter()
                .all(|event| next(Phase::Success, *event).is_none())
        );
    }
}
