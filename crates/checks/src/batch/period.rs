//! How far apart the runs of a schedule are.

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// The longest time in minutes between two runs of a schedule that is due every day; nothing of one that has days of its own, or that
/// cannot be read. It is the same in every time zone, but for the hour that a clock is put on or back.
pub(crate) fn longest(schedule: &str) -> Option<u32> {
    let mut words = schedule.split_whitespace().peekable();
    words.next_if(|word| word.starts_with("TZ=") || word.starts_with("CRON_TZ="));
    let words: Vec<_> = words.collect();
    match words[..] {
        ["@hourly"] => Some(60),
        ["@daily" | "@midnight"] => Some(DAY),
        [minutes, hours, "*" | "?", "*", "*" | "?"] => {
            gap(&values(minutes, 60)?, &values(hours, 24)?)
        }
        _ => None,
    }
}

/// The longest way from one moment of the day to the next, over midnight too.
fn gap(minutes: &[u32], hours: &[u32]) -> Option<u32> {
    let moments: Vec<_> = hours
        .iter()
        .flat_map(|hour| minutes.iter().map(move |minute| hour * 60 + minute))
        .collect();
    let first = moments.first()?;
    let next = moments.iter().skip(1).copied().chain([first + DAY]);
    moments
        .iter()
        .zip(next)
        .map(|(moment, next)| next - moment)
        .max()
}

/// The values that a field stands for, in order: lists of ranges with steps.
fn values(field: &str, end: u32) -> Option<Vec<u32>> {
    let mut values = Vec::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().ok()?)),
            None => (part, None),
        };
        let (from, to) = ends(range, end, step.is_some())?;
        let step = step.unwrap_or(1);
        if step == 0 || from > to || to >= end {
            return None;
        }
        values.extend((from..=to).step_by(usize::try_from(step).ok()?));
    }
    values.sort_unstable();
    values.dedup();
    Some(values)
}

/// The ends of a range; a single value with a step goes on to the last one.
fn ends(range: &str, end: u32, has_step: bool) -> Option<(u32, u32)> {
    if matches!(range, "*" | "?") {
        return Some((0, end - 1));
    }
    if let Some((from, to)) = range.split_once('-') {
        return Some((from.parse().ok()?, to.parse().ok()?));
    }
    let only = range.parse().ok()?;
    Some((only, if has_step { end - 1 } else { only }))
}

#[cfg(test)]
mod tests {
    use super::longest;

    #[test]
    fn runs_are_as_far_apart_as_the_schedule_says() {
        for (schedule, minutes) in [
            ("* * * * *", Some(1)),
            ("*/5 * * * *", Some(5)),
            ("*/7 * * * *", Some(7)),
            ("0,10,15 * * * *", Some(45)),
            ("30 * * * ?", Some(60)),
            ("0 */6 * * *", Some(360)),
            ("0 9-17 * * *", Some(16 * 60)),
            ("15 3 * * *", Some(24 * 60)),
            ("5/20 * * * *", Some(20)),
            ("CRON_TZ=Europe/Berlin 0 * * * *", Some(60)),
            ("@hourly", Some(60)),
            ("@daily", Some(24 * 60)),
            ("@weekly", None),
            ("0 0 * * 1", None),
            ("0 0 1 * *", None),
            ("60 * * * *", None),
            ("*/0 * * * *", None),
            ("5-1 * * * *", None),
            ("x * * * *", None),
            ("4294967295 * * * *", None),
            ("99999999999 * * * *", None),
            ("* * * *", None),
            ("", None),
        ] {
            assert_eq!(longest(schedule), minutes, "{schedule}");
        }
    }
}
