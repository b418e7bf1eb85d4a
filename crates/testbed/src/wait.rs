//! Waiting for conditions, never for time.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Result};

const PAUSE: Duration = Duration::from_millis(50);

/// Asks until the answer is `Ok(Some(_))`, and fails at the deadline.
///
/// `Ok(None)` and errors both mean "not yet"; the last error is told at the deadline.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use std::time::Duration;
/// let mut asked = 0;
/// let answer = airworthy_testbed::wait_until(Duration::from_secs(5), "the third time", || {
///     asked += 1;
///     let now = (asked == 3).then_some("here");
///     async move { Ok(now) }
/// });
/// assert_eq!(answer.await.unwrap(), "here");
/// # }
/// ```
pub async fn wait_until<T, F, Fut>(deadline: Duration, what: &str, mut ask: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<T>>>,
{
    let end = Instant::now() + deadline;
    let mut last = "never answered".to_owned();
    loop {
        match tokio::time::timeout_at(end, ask()).await {
            Ok(Ok(Some(answer))) => return Ok(answer),
            Ok(Ok(None)) => "not yet".clone_into(&mut last),
            Ok(Err(error)) => last = error.to_string(),
            Err(_) => {}
        }
        if Instant::now() + PAUSE >= end {
            return Err(Error::Deadline {
                what: what.to_owned(),
                seconds: deadline.as_secs(),
                last,
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_deadline_tells_what_was_waited_for_and_the_last_error() {
        let outcome = wait_until(Duration::from_secs(3), "rain", || async {
            Err::<Option<()>, _>(Error::document("the sky", "is blue"))
        });
        let message = outcome.await.unwrap_err().to_string();
        assert_eq!(message, "waited 3 s in vain for rain (the sky: is blue)");
    }
}
