//! Instants as the database keeps them: whole microseconds of UTC.

use std::time::Duration;

use jiff::Timestamp;

/// An instant as it is stored.
pub(crate) fn micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

/// `span` after an instant, as it is stored.
pub(crate) fn micros_after(instant: Timestamp, span: Duration) -> i64 {
    let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    micros(instant).saturating_add(span)
}

/// `span` before an instant, as it is stored.
pub(crate) fn micros_before(instant: Timestamp, span: Duration) -> i64 {
    let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    micros(instant).saturating_sub(span)
}

/// A stored instant.
pub(crate) fn instant(micros: i64) -> Result<Timestamp, sqlx::Error> {
    Timestamp::from_microsecond(micros).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// A stored instant that may be absent.
pub(crate) fn maybe_instant(micros: Option<i64>) -> Result<Option<Timestamp>, sqlx::Error> {
    micros.map(instant).transpose()
}
