//! How far a connection is, and by when it must have got further.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::app::Options;

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Opened, or with a part of a request's head: the client must send the rest.
    Head,
    /// A request is being answered: its handler has its own bounds.
    Busy,
    /// Between two requests, or its answer is on the way.
    Idle,
}

#[derive(Debug)]
struct State {
    stage: Stage,
    deadline: Instant,
    /// The client has said that nothing more comes.
    ended: bool,
    /// What the client sends may not all have been read.
    unread: bool,
}

/// The state of a connection, known to its socket and to its requests. Nobody holds the lock while waiting.
#[derive(Debug)]
pub(crate) struct Pulse {
    head_deadline: Duration,
    idle: Duration,
    state: Mutex<State>,
}

impl Pulse {
    /// A connection just opened.
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            head_deadline: options.head_deadline,
            idle: options.idle,
            state: Mutex::new(State {
                stage: Stage::Head,
                deadline: Instant::now() + options.head_deadline,
                ended: false,
                unread: false,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By when something must happen; nothing while a request is being answered.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        (state.stage != Stage::Busy).then_some(state.deadline)
    }

    /// Bytes came in. The first ones of a head start its clock, the others do not wind it up again.
    pub(crate) fn received(&self) {
        let mut state = self.state();
        if state.stage == Stage::Idle {
            state.stage = Stage::Head;
            state.deadline = Instant::now() + self.head_deadline;
        }
    }

    /// Bytes went out: whoever reads a long answer is not idle.
    pub(crate) fn sent(&self) {
        let mut state = self.state();
        if state.stage == Stage::Idle {
            state.deadline = Instant::now() + self.idle;
        }
    }

    /// The client will send nothing more.
    pub(crate) fn ended(&self) {
        self.state().ended = true;
    }

    /// A request's head is complete; `body` says whether one follows.
    pub(crate) fn requested(&self, body: bool) {
        let mut state = self.state();
        state.stage = Stage::Busy;
        state.unread = body;
    }

    /// The body of the request was read to its end.
    pub(crate) fn body_read(&self) {
        self.state().unread = false;
    }

    /// A request was answered.
    pub(crate) fn answered(&self) {
        let mut state = self.state();
        state.stage = Stage::Idle;
        state.deadline = Instant::now() + self.idle;
    }

    /// What the client sends could not be read as a request.
    pub(crate) fn unreadable(&self) {
        self.state().unread = true;
    }

    /// Whether the client may still be sending what nobody has read: closing now could cost it the answer.
    pub(crate) fn may_be_sending(&self) -> bool {
        let state = self.state();
        state.unread && !state.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulse() -> Pulse {
        Pulse::new(&Options::default())
    }

    #[test]
    fn a_head_that_trickles_does_not_wind_up_its_clock() {
        let pulse = pulse();
        let first = pulse.deadline();
        pulse.received();
        pulse.received();
        assert_eq!(pulse.deadline(), first);
    }

    #[test]
    fn only_a_request_under_way_has_no_deadline() {
        let pulse = pulse();
        let ahead = || pulse.deadline().map(|it| it.duration_since(Instant::now()));
        let near = |seconds: u64| {
            let (most, found) = (Duration::from_secs(seconds), ahead().unwrap());
            found <= most && found + Duration::from_secs(5) > most
        };
        assert!(near(10));
        pulse.requested(false);
        assert_eq!(ahead(), None);
        pulse.answered();
        assert!(near(75));
        pulse.received();
        assert!(near(10));
    }

    #[test]
    fn an_unread_body_is_remembered_until_it_is_read_or_over() {
        let pulse = pulse();
        assert!(!pulse.may_be_sending());
        pulse.requested(true);
        assert!(pulse.may_be_sending());
        pulse.body_read();
        assert!(!pulse.may_be_sending());
        pulse.unreadable();
        pulse.ended();
        assert!(!pulse.may_be_sending());
    }
}
