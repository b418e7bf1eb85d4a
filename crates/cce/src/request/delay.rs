//! What callers ask of plans.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::read::{demanded, quoted, read};
use crate::{ApiError, time::SpacedTime, wire::DelayUpgradePlanRequestBody};

/// Reads the body of `UpdateAutopilotUpgradePlan`: the new earliest start.
pub fn parse_delay(body: &[u8]) -> Result<Timestamp, ApiError> {
    let DelayUpgradePlanRequestBody { not_before } = read(body)?;
    let text = demanded("notBefore", not_before)?;
    parse_instant(&text).ok_or_else(|| {
        ApiError::invalid_request(&format!(
            "notBefore {} is no time: write 2025-02-01 16:00:00 +0000 UTC, 2025-02-01T16:00:00Z or 2025-02-01.",
            quoted(&text)
        ))
    })
}

/// An instant in any of the three forms that clients send, `2025-02-01 16:00:00 +0000 UTC`, RFC 3339 and a day alone, which begins
/// at 00:00 UTC; nothing for any other text.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    if let Ok(SpacedTime(instant)) = text.parse() {
        return Some(instant);
    }
    if text.len() == "2025-02-01".len() {
        let day = Date::strptime("%Y-%m-%d", text).ok()?;
        return TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok();
    }
    text.parse().ok()
}

#[cfg(test)]
#[path = "delay_tests.rs"]
mod tests;
