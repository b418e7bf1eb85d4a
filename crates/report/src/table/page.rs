//! Lines of text for a terminal or a pipe. Everything that is put on a page is cleaned on its way, so nothing that a cluster
//! says can steer a terminal.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::View;
use crate::text::{clean, clean_line, width, wrap};

/// Nothing to do.
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Something to decide.
pub(super) const CAUTION: Style = AnsiColor::Yellow.on_default().bold();
/// Something to repair.
pub(super) const ALARM: Style = AnsiColor::Red.on_default().bold();
/// No emphasis.
pub(super) const QUIET: Style = Style::new();

const TITLE: Style = Style::new().bold().underline();
const COMMAND: Style = AnsiColor::Cyan.on_default();

/// Narrower than this, a terminal wraps by itself.
const LEAST_WIDTH: usize = 40;
/// A text column narrower than this moves to its own line.
const LEAST_COLUMN: usize = 24;

/// How far the later lines of a paragraph stand in.
const HANG: usize = 2;

/// The text so far, and how it is to look.
pub(crate) struct Page {
    out: String,
    view: View,
}

impl Page {
    pub(crate) fn new(view: View) -> Self {
        let out = String::new();
        Self { out, view }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    pub(crate) fn is_wide(&self) -> bool {
        self.view.wide
    }

    /// An empty line, unless nothing stands before it.
    pub(crate) fn blank(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    /// The title of a section.
    pub(crate) fn section(&mut self, title: &str) {
        self.blank();
        self.styled(0, TITLE, title);
    }

    /// A paragraph.
    pub(crate) fn text(&mut self, indent: usize, text: &str) {
        self.styled(indent, QUIET, text);
    }

    /// A paragraph in a style. Its later lines stand further in: what a cluster says cannot begin a line of its own.
    pub(crate) fn styled(&mut self, indent: usize, style: Style, text: &str) {
        for (number, line) in self.lines(indent + HANG, &clean(text)).iter().enumerate() {
            let hang = if number == 0 { 0 } else { HANG };
            self.line(indent + hang, style, line);
        }
    }

    /// A command or a line of a patch, in one piece so that it can be copied.
    pub(super) fn verbatim(&mut self, indent: usize, text: &str) {
        self.line(indent, COMMAND, &clean_line(text));
    }

    /// How many there are that a narrow view does not show.
    pub(super) fn more(&mut self, indent: usize, left: usize) {
        if left > 0 {
            let more = format!("and {left} more: -o wide or -o json shows them");
            self.text(indent, &more);
        }
    }

    /// At most this many columns, and no more than a fair share of a narrow terminal.
    pub(super) fn share(&self, most: usize) -> usize {
        self.columns()
            .map_or(most, |columns| most.min(columns * 2 / 5))
    }

    /// Whether a text has room on one line beside a padded cell.
    pub(super) fn fits(&self, indent: usize, (cell, column): (&str, usize), text: &str) -> bool {
        let beside = indent + width(&clean(cell)).max(column) + 2;
        self.columns()
            .is_none_or(|columns| beside + width(&clean(text)) <= columns)
    }

    /// Cells padded to their columns, and a paragraph beside them, or below where there is no room.
    pub(crate) fn row(&mut self, indent: usize, cells: &[(&str, usize)], text: &str) {
        let mut label = String::new();
        for (cell, column) in cells {
            let cell = clean(cell);
            let padding = column.saturating_sub(width(&cell)) + 2;
            label = label + &cell + &" ".repeat(padding);
        }
        let beside = indent + width(&label);
        let (text, room) = (
            clean(text),
            self.columns().map(|columns| columns.saturating_sub(beside)),
        );
        let least = LEAST_COLUMN.max(self.share(usize::MAX));
        if room.is_some_and(|room| room < least && width(&text) > room) {
            self.line(indent, QUIET, label.trim_end());
            return self.text(indent + 4, &text);
        }
        for (number, line) in self.lines(beside, &text).iter().enumerate() {
            let label = if number == 0 { &label } else { "" };
            let gap = " ".repeat(beside - indent - width(label));
            self.line(indent, QUIET, format!("{label}{gap}{line}").trim_end());
        }
    }

    fn columns(&self) -> Option<usize> {
        self.view.width.map(|columns| columns.max(LEAST_WIDTH))
    }

    fn lines(&self, indent: usize, text: &str) -> Vec<String> {
        match self.columns() {
            Some(columns) => wrap(text, columns.saturating_sub(indent)),
            None => vec![text.to_owned()],
        }
    }

    fn line(&mut self, indent: usize, style: Style, text: &str) {
        self.out.extend(std::iter::repeat_n(' ', indent));
        if self.view.colour && !style.is_plain() {
            // Writing to a String cannot fail.
            let _ = write!(self.out, "{style}{text}{style:#}");
        } else {
            self.out += text;
        }
        self.out.push('\n');
    }
}
