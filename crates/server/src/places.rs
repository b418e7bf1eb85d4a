//! Places for connections: as many as the options allow. When all are taken, those on which nothing has happened for
//! longest are closed in favour of new ones, so that clients that sit idle keep nobody out.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::{app::Options, pulse::Pulse};

/// How soon to look again for one to close, when a request was under way on every connection.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Which part of all places is made free at once: looking through them costs the more, the more there are.
const PART: usize = 64;

/// All places of a server.
#[derive(Debug)]
pub(crate) struct Places {
    options: Options,
    taken: Mutex<Taken>,
    left: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    pulses: BTreeMap<u64, Arc<Pulse>>,
}

/// A connection's place; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    number: u64,
    pulse: Arc<Pulse>,
    places: Arc<Places>,
}

impl Places {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            taken: Mutex::default(),
            left: Notify::new(),
        }
    }

    /// Takes a place, which others are made to leave if need be. Waits while a request is under way on all connections.
    pub(crate) async fn take(self: Arc<Self>) -> Place {
        loop {
            if let Some((number, pulse)) = self.occupy() {
                let places = self;
                return Place {
                    number,
                    pulse,
                    places,
                };
            }
            self.make_room();
            let _ = tokio::time::timeout(LOOK_AGAIN, self.left.notified()).await;
        }
    }

    fn occupy(&self) -> Option<(u64, Arc<Pulse>)> {
        let mut taken = self.taken();
        if taken.pulses.len() >= self.options.connections {
            return None;
        }
        taken.next += 1;
        let (number, pulse) = (taken.next, Arc::new(Pulse::new(&self.options)));
        taken.pulses.insert(number, pulse.clone());
        Some((number, pulse))
    }

    /// Tells those to leave on which nothing has happened for longest.
    fn make_room(&self) {
        let mut quiet: Vec<(Instant, Arc<Pulse>)> = self
            .taken()
            .pulses
            .values()
            .filter_map(|pulse| Some((pulse.quiet_since()?, pulse.clone())))
            .collect();
        quiet.sort_unstable_by_key(|(since, _)| *since);
        for (_, pulse) in quiet.iter().take(1 + self.options.connections / PART) {
            pulse.give_way();
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// How far the connection at this place is.
    pub(crate) fn pulse(&self) -> Arc<Pulse> {
        self.pulse.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().pulses.remove(&self.number);
        self.places.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(connections: usize) -> Arc<Places> {
        Arc::new(Places::new(Options {
            connections,
            ..Options::default()
        }))
    }

    fn is_told_to_go(place: &Place) -> bool {
        let deadline = place.pulse.deadline();
        deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    #[tokio::test(start_paused = true)]
    async fn the_one_that_was_quiet_for_longest_is_told_to_go() {
        let places = places(3);
        let (busy, older, newer) = (
            places.clone().take().await,
            places.clone().take().await,
            places.clone().take().await,
        );
        busy.pulse.requested(false);
        tokio::time::advance(Duration::from_secs(1)).await;
        newer.pulse.answered();
        let newcomer = tokio::spawn(places.clone().take());
        tokio::task::yield_now().await;
        assert!(is_told_to_go(&older));
        assert!(!is_told_to_go(&newer) && !is_told_to_go(&busy));
        drop(older);
        newcomer.await.unwrap();
        assert_eq!(places.taken().pulses.len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn while_all_are_busy_a_newcomer_waits_until_one_is_through() {
        let places = places(1);
        let busy = places.clone().take().await;
        busy.pulse.requested(false);
        let mut newcomer = Box::pin(places.clone().take());
        let early = tokio::time::timeout(Duration::from_secs(9), newcomer.as_mut()).await;
        assert!(early.is_err());
        busy.pulse.answered();
        let told = tokio::time::timeout(Duration::from_secs(1), newcomer.as_mut()).await;
        assert!(told.is_err() && is_told_to_go(&busy));
        drop(busy);
        newcomer.await;
    }
}
