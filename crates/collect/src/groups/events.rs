//! Warning events, added up: there may be a hundred thousand, and what counts is how many of which kind come in a minute.

use std::collections::BTreeMap;

use airworthy_model::facts::Event;
use jiff::Timestamp;

use crate::{
    failure::Failure,
    list::{self, Listing},
    resource::EVENTS,
    session::Session,
    wire::{event, meta::instant},
};

/// Most rows that are kept: those of which most happened.
const MOST_ROWS: usize = 2_000;
/// Most rows while they are added up: anybody may write any reason.
const MOST_OPEN: usize = 20 * MOST_ROWS;
/// Longest name, kind or reason; any client may write any.
const MOST_TEXT: usize = 128;
const HOUR: i64 = 3600;
const TEN_MINUTES: i64 = 600;

pub(crate) async fn read(session: &Session<'_>) -> Result<Vec<Event>, Failure> {
    // Times of events are of the server's side.
    let now = session.server_now().unwrap_or_else(Timestamp::now);
    let warnings = Listing {
        selector: "fieldSelector=type%3DWarning",
        ..Listing::of(&EVENTS, "v1", session)
    };
    let sum = list::fold(session, &warnings, |wire: event::Event, sum: &mut Sum| {
        sum.add(happened(wire, now));
    });
    Ok(sum.await?.rows())
}

/// One event as a row of its own.
fn happened(wire: event::Event, now: Timestamp) -> Event {
    let (series, count) = (wire.series.clone().unwrap_or_default(), wire.count.max(1));
    let count = u64::from(count.max(series.count).unsigned_abs());
    let first = instant(wire.first_timestamp).or(instant(wire.event_time));
    let last = instant(series.last_observed_time)
        .or(instant(wire.last_timestamp))
        .or(instant(wire.event_time))
        .or(first);
    let within = |span: i64| share(count, first.or(last), last, now, span);
    Event {
        in_hour: within(HOUR),
        in_ten_minutes: within(TEN_MINUTES),
        namespace: cut(wire.involved_object.namespace),
        name: cut(wire.involved_object.name),
        kind: cut(wire.involved_object.kind),
        reason: cut(wire.reason),
        last,
    }
}

/// How many of `count` repetitions between two times fall into the last `span` seconds, when they are spread evenly.
fn share(
    count: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    now: Timestamp,
    span: i64,
) -> u64 {
    let (Some(first), Some(last)) = (first, last) else {
        return 0;
    };
    let begins = now.as_second() - span;
    let (first, last) = (first.as_second(), last.as_second());
    if last < begins {
        return 0;
    }
    if first >= begins || last <= first {
        return count;
    }
    let (whole, part) = (
        (last - first).unsigned_abs(),
        (last - begins).unsigned_abs(),
    );
    let share = u128::from(count) * u128::from(part) / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(count).clamp(1, count)
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MOST_TEXT) {
        text.truncate(end);
    }
    text
}

/// Rows by what they are about and why; the latest gives its name.
#[derive(Default)]
struct Sum(BTreeMap<[String; 3], Event>);

impl Sum {
    fn add(&mut self, one: Event) {
        if one.in_hour == 0 {
            return;
        }
        let key = [&one.namespace, &one.kind, &one.reason].map(String::clone);
        let Some(row) = self.0.get_mut(&key) else {
            self.0.insert(key, one);
            if self.0.len() > MOST_OPEN {
                self.thin_out();
            }
            return;
        };
        row.in_hour = row.in_hour.saturating_add(one.in_hour);
        row.in_ten_minutes = row.in_ten_minutes.saturating_add(one.in_ten_minutes);
        if one.last > row.last {
            (row.last, row.name) = (one.last, one.name);
        }
    }

    /// Drops the half of which fewest happened.
    fn thin_out(&mut self) {
        let mut counts: Vec<_> = self.0.values().map(|row| row.in_hour).collect();
        let (_, median, _) = counts.select_nth_unstable(MOST_OPEN / 2);
        let (median, mut room) = (*median, MOST_OPEN / 2);
        self.0.retain(|_, row| {
            let stays = row.in_hour >= median && room > 0;
            room -= usize::from(stays);
            stays
        });
    }

    fn rows(self) -> Vec<Event> {
        let mut rows: Vec<_> = self.0.into_values().collect();
        if rows.len() > MOST_ROWS {
            rows.sort_by_key(|row| std::cmp::Reverse(row.in_hour));
            rows.truncate(MOST_ROWS);
            rows.sort_by(|a, b| key(a).cmp(&key(b)));
        }
        rows
    }
}

fn key(event: &Event) -> [&str; 3] {
    [&event.namespace, &event.kind, &event.reason]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn ago(seconds: i64) -> Option<Timestamp> {
        Timestamp::from_second(NOW - seconds).ok()
    }

    fn shared(count: u64, first: i64, last: i64, span: i64) -> u64 {
        share(count, ago(first), ago(last), ago(0).unwrap(), span)
    }

    #[test]
    fn repetitions_are_spread_evenly() {
        assert_eq!(shared(60, 7200, 0, HOUR), 30);
        assert_eq!(shared(60, 1800, 0, HOUR), 60);
        assert_eq!(shared(60, 1800, 0, TEN_MINUTES), 20);
        assert_eq!(shared(60, 9000, 7200, HOUR), 0);
        assert_eq!(shared(1, 30, 30, TEN_MINUTES), 1);
        // Clocks that are off, and counters at their end.
        assert_eq!(shared(u64::MAX, -60, -120, HOUR), u64::MAX);
        assert_eq!(share(5, None, None, ago(0).unwrap(), HOUR), 0);
    }

    #[test]
    fn rows_are_added_up_by_reason_and_bounded() {
        let one = |number: usize, reason: &str| Event {
            namespace: "shop".into(),
            name: format!("web-{number}"),
            kind: "Pod".into(),
            reason: reason.into(),
            in_hour: 2,
            in_ten_minutes: 1,
            last: Timestamp::from_second(i64::try_from(number).unwrap()).ok(),
        };
        let sum = |happened: Vec<Event>| {
            let mut sum = Sum::default();
            for one in happened {
                sum.add(one);
            }
            assert!(sum.0.len() <= MOST_OPEN);
            sum.rows()
        };
        let rows = sum(vec![
            one(1, "BackOff"),
            one(3, "BackOff"),
            one(2, "BackOff"),
        ]);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].in_hour, rows[0].in_ten_minutes), (6, 3));
        assert_eq!(rows[0].name, "web-3");
        let many = (0..3_000).map(|number| one(number, &format!("R{number}")));
        assert_eq!(sum(many.collect()).len(), MOST_ROWS);
        // However many reasons somebody makes up, what happens often is there.
        let flood = (0..100_000).map(|number| one(number, &format!("R{number}")));
        let often = (0..30).map(|number| one(number, "BackOff"));
        let rows = sum(often.chain(flood).collect());
        assert_eq!(rows.len(), MOST_ROWS);
        assert!(
            rows.iter()
                .any(|row| row.reason == "BackOff" && row.in_hour == 60)
        );
    }

    #[test]
    fn both_ways_to_count_repetitions_are_read() {
        let wire: event::Event = serde_json::from_str(
            r#"{"involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web"}, "reason": "Failed", "message": "hush",
                "firstTimestamp": null, "lastTimestamp": null, "eventTime": "2027-01-15T07:59:50.000000Z",
                "series": {"count": 7, "lastObservedTime": "2027-01-15T07:59:59.000000Z"}}"#,
        )
        .unwrap();
        let row = happened(wire, Timestamp::from_second(NOW).unwrap());
        assert_eq!((row.in_hour, row.in_ten_minutes), (7, 7));
        let old: event::Event = serde_json::from_str(
            r#"{"involvedObject": {}, "count": 3, "firstTimestamp": "2027-01-15T07:00:00Z", "lastTimestamp": "2027-01-15T07:59:59Z"}"#,
        )
        .unwrap();
        assert_eq!(
            happened(old, Timestamp::from_second(NOW).unwrap()).in_hour,
            3
        );
    }
}
