//! When a cluster is looked at that settles after an upgrade.

use std::{fmt, str::FromStr, time::Duration};

/// Fewest looks: a finding counts when it holds in two.
const FEWEST: usize = 2;
/// Most looks.
const MOST: usize = 16;
/// The latest look.
const LATEST: Duration = Duration::from_hours(24);

/// Spans after a cluster has converged, or after the command that looks was started, ascending; at least two. The first is waited for as well. Written such as `0,2m,5m,15m`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettleAt(Vec<Duration>);

/// A text that is no list of spans.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettleAtError {
    /// A span that cannot be read.
    #[error(
        "{0:?} is no span: a number of seconds is expected, or one with s, m or h behind it, such as 2m"
    )]
    Span(String),
    /// Too few, or too many.
    #[error("{FEWEST} to {MOST} spans are expected, such as 0,2m,5m,15m, not {0}")]
    Number(usize),
    /// One is before the one that stands before it.
    #[error("the spans must not become shorter: {0} s stands behind {1} s")]
    Order(u64, u64),
    /// Too late.
    #[error("the last look is at most 24 hours after the beginning")]
    TooLate,
}

impl Default for SettleAt {
    fn default() -> Self {
        Self([0, 2, 5, 15].map(Duration::from_mins).to_vec())
    }
}

impl SettleAt {
    /// Both looks at once: for clusters that do not change, such as recordings, and for tests.
    pub fn at_once() -> Self {
        Self(vec![Duration::ZERO; FEWEST])
    }

    /// The spans.
    pub fn spans(&self) -> &[Duration] {
        &self.0
    }

    /// From the beginning to the last look.
    pub fn whole(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }

    /// The shortest time between two looks, which two looks have to be apart to tell what lasts from what passes; zero where all
    /// are at once.
    pub fn spacing(&self) -> Duration {
        let gaps = self
            .0
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]));
        gaps.filter(|gap| !gap.is_zero()).min().unwrap_or_default()
    }

    /// The same looks, stretched or pressed so that the last one is after `whole`.
    #[must_use]
    pub fn within(&self, whole: Duration) -> Self {
        let now = self.whole();
        if now.is_zero() {
            return Self(vec![Duration::ZERO, whole]);
        }
        let scale = whole.as_secs_f64() / now.as_secs_f64();
        Self(self.0.iter().map(|span| span.mul_f64(scale)).collect())
    }
}

impl FromStr for SettleAt {
    type Err = SettleAtError;

    fn from_str(text: &str) -> Result<Self, SettleAtError> {
        let spans: Vec<_> = text
            .split(',')
            .take(MOST + 1)
            .map(span)
            .collect::<Result<_, _>>()?;
        if !(FEWEST..=MOST).contains(&spans.len()) {
            return Err(SettleAtError::Number(text.split(',').count()));
        }
        if let Some(pair) = spans.windows(2).find(|pair| pair[1] < pair[0]) {
            return Err(SettleAtError::Order(pair[1].as_secs(), pair[0].as_secs()));
        }
        if spans.iter().any(|span| *span > LATEST) {
            return Err(SettleAtError::TooLate);
        }
        Ok(Self(spans))
    }
}

fn span(text: &str) -> Result<Duration, SettleAtError> {
    let text = text.trim();
    let (digits, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(digits) => (digits, &text[digits.len()..]),
        None => (text, "s"),
    };
    let seconds = match unit {
        "h" => 3600,
        "m" => 60,
        _ => 1,
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let whole = digits.parse::<u64>().ok().filter(|_| plain);
    let whole = whole.and_then(|number| number.checked_mul(seconds));
    whole
        .map(Duration::from_secs)
        .ok_or_else(|| SettleAtError::Span(text.chars().take(40).collect()))
}

impl fmt::Display for SettleAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, span) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str(",")?;
            }
            match span.as_secs() {
                0 => f.write_str("0")?,
                seconds if seconds % 3600 == 0 => write!(f, "{}h", seconds / 3600)?,
                seconds if seconds % 60 == 0 => write!(f, "{}m", seconds / 60)?,
                seconds => write!(f, "{seconds}s")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written() {
        for (text, again) in [
            ("0,2m,5m,15m", "0,2m,5m,15m"),
            ("0, 120 , 300s,1h", "0,2m,5m,1h"),
            ("0,0", "0,0"),
            ("1,90", "1s,90s"),
        ] {
            let read: SettleAt = text.parse().unwrap();
            assert_eq!(read.to_string(), again);
            assert_eq!(again.parse::<SettleAt>().unwrap(), read);
        }
        assert_eq!(SettleAt::default().to_string(), "0,2m,5m,15m");
    }

    #[test]
    fn what_is_no_list_of_spans_is_refused() {
        for text in [
            "",
            "0",
            "0,",
            "0,2d",
            "0,-1",
            "0,m",
            "0,+5",
            "5m,2m",
            "0,25h",
            "0,1e3",
            "0,99999999999999999999",
            "0,6000000000000000h",
            "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0",
        ] {
            assert!(text.parse::<SettleAt>().is_err(), "{text}");
        }
    }

    #[test]
    fn looks_are_as_far_apart_as_the_closest_two() {
        let spacing = |text: &str| text.parse::<SettleAt>().unwrap().spacing().as_secs();
        assert_eq!(
            [spacing("0,2m,5m"), spacing("0,0"), spacing("0,0,30")],
            [120, 0, 30]
        );
    }

    #[test]
    fn looks_can_be_pressed_into_another_span() {
        let within = SettleAt::default().within(Duration::from_mins(3));
        assert_eq!(within.to_string(), "0,24s,1m,3m");
        let at_once = SettleAt::at_once().within(Duration::from_secs(9));
        assert_eq!(at_once.to_string(), "0,9s");
    }
}
