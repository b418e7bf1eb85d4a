//! When to look again.

use std::time::Duration;

use airworthy_upgrade::driver::Order;
use jiff::Timestamp;

/// How long ago the attempt began.
pub(crate) fn elapsed(order: &Order) -> Duration {
    since(order.begun_at)
}

/// How long ago an instant was; nothing for one to come.
pub(crate) fn since(instant: Timestamp) -> Duration {
    let span = Timestamp::now().duration_since(instant);
    span.try_into().unwrap_or_default()
}

/// The wait before the next step: what takes hours is looked at less often than what takes seconds.
pub(crate) fn pace(elapsed: Duration) -> Duration {
    (elapsed / 20).clamp(Duration::from_millis(500), Duration::from_secs(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_become_rarer_and_never_stop() {
        let waits =
            [0, 30, 100, 10_000].map(|elapsed| pace(Duration::from_secs(elapsed)).as_millis());
        assert_eq!(waits, [500, 1500, 5000, 10_000]);
    }
}
