//! How far a connection is, and by when it must have got further.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

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
    /// When this stage began, or bytes last went out in it.
    since: Instant,
    deadline: Instant,
    /// Bytes of the head's first line so far, and whether it has ended.
    line: (usize, bool),
    /// The client has said that nothing more comes.
    ended: bool,
    /// What the client sends may not all have been read.
    unread: bool,
}

impl State {
    fn enter(&mut self, stage: Stage, patience: Duration) {
        self.stage = stage;
        self.since = Instant::now();
        self.deadline = self.since + patience;
    }
}

/// The state of a connection, known to its socket and to its requests. Nobody holds the lock while waiting.
#[derive(Debug)]
pub(crate) struct Pulse {
    head_deadline: Duration,
    idle: Duration,
    state: Mutex<State>,
    /// The deadline was moved by somebody else.
    moved: Notify,
}

impl Pulse {
    /// A connection just opened.
    pub(crate) fn new(options: &Options) -> Self {
        let since = Instant::now();
        Self {
            head_deadline: options.head_deadline,
            idle: options.idle,
            state: Mutex::new(State {
                stage: Stage::Head,
                since,
                deadline: since + options.head_deadline,
                line: (0, false),
                ended: false,
                unread: false,
            }),
            moved: Notify::new(),
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
    pub(crate) fn received(&self, bytes: &[u8]) {
        let mut state = self.state();
        if state.stage == Stage::Idle {
            state.enter(Stage::Head, self.head_deadline);
            state.line = (0, false);
        }
        if let (length, false) = state.line {
            let end = bytes.iter().position(|byte| *byte == b'\n');
            state.line = (length + end.unwrap_or(bytes.len()), end.is_some());
        }
    }

    /// Bytes of the first line of the head that came last.
    pub(crate) fn first_line(&self) -> usize {
        self.state().line.0
    }

    /// Since when nothing is going on here; nothing while a request is being answered.
    pub(crate) fn quiet_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.stage != Stage::Busy).then_some(state.since)
    }

    /// Ends the connection in favour of another, unless a request is under way by now.
    pub(crate) fn give_way(&self) {
        let mut state = self.state();
        if state.stage != Stage::Busy {
            state.deadline = Instant::now();
            self.moved.notify_one();
        }
    }

    /// Waits until the deadline was moved by somebody else.
    pub(crate) async fn moved(&self) {
        self.moved.notified().await;
    }

    /// Bytes went out: whoever reads a long answer is not idle.
    pub(crate) fn sent(&self) {
        let mut state = self.state();
        if state.stage == Stage::Idle {
            state.enter(Stage::Idle, self.idle);
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
        self.state().enter(Stage::Idle, self.idle);
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
        pulse.received(b"x");
        pulse.received(b"x");
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
        pulse.received(b"x");
        assert!(near(10));
    }

    #[test]
    fn who_is_told_to_give_way_does_so_unless_a_request_came_first() {
        let pulse = pulse();
        pulse.give_way();
        assert!(pulse.deadline().unwrap() <= Instant::now());
        pulse.requested(false);
        assert_eq!(pulse.deadline(), None);
        assert_eq!(pulse.quiet_since(), None);
        pulse.give_way();
        pulse.answered();
        assert!(pulse.deadline().unwrap() > Instant::now());
    }

    #[test]
    fn the_first_line_of_each_head_is_measured() {
        let pulse = pulse();
        pulse.received(b"GET / HTTP/1.1\r");
        pulse.received(b"\nhost: x");
        pulse.received(b"y\r\n");
        assert_eq!(pulse.first_line(), 15);
        pulse.requested(false);
        pulse.answered();
        pulse.received(b"GET /");
        assert_eq!(pulse.first_line(), 5);
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
