//! Tables for people, in a form that Markdown shows as well.

/// Rows below a heading: the first column to the left, numbers to the right.
pub fn render(heading: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max();
        widest
            .unwrap_or_default()
            .max(heading[column].chars().count())
    };
    let widths: Vec<_> = (0..heading.len()).map(width).collect();
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths).enumerate();
        let cells = cells.map(|(at, (cell, &width))| match at {
            0 => format!("{cell:width$}"),
            _ => format!("{cell:>width$}"),
        });
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    let heading: Vec<_> = heading.iter().map(ToString::to_string).collect();
    let rule = widths.iter().enumerate().map(|(at, &width)| match at {
        0 => "-".repeat(width),
        _ => format!("{}:", "-".repeat(width - 1)),
    });
    let mut text = line(&heading) + &line(&rule.collect::<Vec<_>>());
    text.extend(rows.iter().map(|row| line(row)));
    text
}

/// The word for a target.
pub fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["one".to_owned(), "1.0".to_owned()]];
        assert_eq!(
            render(&["program", "s"], &rows),
            "| program |   s |\n| ------- | --: |\n| one     | 1.0 |\n"
        );
    }
}
