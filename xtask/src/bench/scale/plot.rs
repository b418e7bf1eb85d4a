//! A picture of what clusters of several sizes cost: on both axes each step is ten times the one before, so what grows linearly is
//! parallel to the dotted line.

use std::fmt::Write as _;

use super::{Point, Side};

const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 40.0;
/// From the start of one panel to that of the next.
const PANEL: f64 = WIDTH + LEFT + 20.0;
/// Colours of the pre-check and of the floor; the floor's line is dashed too.
const OURS: &str = "#0b6e4f";
const FLOOR: &str = "#9a3412";

/// What a panel shows of a program on one cluster.
type Value = fn(&Side) -> f64;

/// One picture beside another.
struct Panel {
    title: &'static str,
    value: Value,
    /// Powers of ten at the ends of both axes.
    x: [f64; 2],
    y: [f64; 2],
    left: f64,
}

/// Wall time and memory as SVG.
pub(super) fn svg(points: &[Point]) -> String {
    let panels: [(&str, Value); 2] = [
        ("wall time, seconds", Side::wall),
        ("peak memory, MB", Side::peak),
    ];
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        2.0 * PANEL,
        HEIGHT + TOP + 60.0
    );
    for (at, (title, value)) in (0_u8..).zip(panels) {
        let panel = Panel::new(title, value, f64::from(at) * PANEL + LEFT, points);
        panel.draw(points, &mut text);
    }
    text.push_str("</svg>\n");
    text
}

#[allow(clippy::cast_precision_loss)] // For people.
fn objects(point: &Point) -> f64 {
    point.objects as f64
}

/// The powers of ten around all values.
fn around(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let logs = values.filter(|value| *value > 0.0).map(f64::log10);
    let [low, high] = logs.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
        [low.min(value), high.max(value)]
    });
    if low > high {
        return [0.0, 1.0];
    }
    [low.floor(), high.ceil().max(low.floor() + 1.0)]
}

impl Panel {
    fn new(title: &'static str, value: Value, left: f64, points: &[Point]) -> Self {
        let sides = points
            .iter()
            .flat_map(|point| [value(&point.ours), value(&point.floor)]);
        Self {
            title,
            value,
            x: around(points.iter().map(objects)),
            y: around(sides),
            left,
        }
    }

    fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let share = |value: f64, [low, high]: [f64; 2]| (value.log10() - low) / (high - low);
        let right = self.left + share(x, self.x) * WIDTH;
        (right, TOP + HEIGHT - share(y, self.y) * HEIGHT)
    }

    fn draw(&self, points: &[Point], text: &mut String) {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" font-size=\"14\">{}</text>",
            self.left,
            TOP - 18.0,
            self.title
        );
        self.grid(text);
        self.guide(points, text);
        self.line(
            points,
            "airworthy precheck",
            |point| &point.ours,
            OURS,
            text,
        );
        self.line(points, "floor, JSON", |point| &point.floor, FLOOR, text);
    }

    fn grid(&self, text: &mut String) {
        for power in powers(self.x) {
            let (x, _) = self.place(power, 1.0);
            let bottom = TOP + HEIGHT;
            let _ = writeln!(
                text,
                "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#ddd\"/>\
                 <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{power} objects</text>",
                bottom + 18.0
            );
        }
        for power in powers(self.y) {
            let (_, y) = self.place(1.0, power);
            let (left, right) = (self.left, self.left + WIDTH);
            let _ = writeln!(
                text,
                "<path d=\"M{left} {y:.1}H{right}\" stroke=\"#ddd\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{power}</text>",
                left - 6.0,
                y + 4.0
            );
        }
    }

    /// What grows as the number of objects does, through our cost of the largest cluster.
    fn guide(&self, points: &[Point], text: &mut String) {
        let Some(largest) = points.last() else { return };
        let (objects, cost) = (objects(largest), (self.value)(&largest.ours));
        let lowest = [10_f64.powf(self.x[0]), 10_f64.powf(self.y[0])];
        let from = lowest[0].max(lowest[1] * objects / cost);
        let (x, y) = self.place(from, cost * from / objects);
        let (right, top) = self.place(objects, cost);
        let _ = writeln!(
            text,
            "<path d=\"M{x:.1} {y:.1}L{right:.1} {top:.1}\" stroke=\"#888\" stroke-dasharray=\"2 4\"/>"
        );
    }

    fn line(
        &self,
        points: &[Point],
        name: &str,
        side: fn(&Point) -> &Side,
        colour: &str,
        text: &mut String,
    ) {
        let places: Vec<_> = points
            .iter()
            .map(|point| self.place(objects(point), (self.value)(side(point))))
            .collect();
        let words: Vec<_> = places
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let dashes = if colour == FLOOR { "7 4" } else { "none" };
        let _ = writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>",
            words.join(" ")
        );
        for (x, y) in &places {
            let _ = writeln!(
                text,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
            );
        }
        let row = if colour == FLOOR { 1.0 } else { 0.0 };
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" fill=\"{colour}\">{name}{}</text>",
            self.left + 8.0,
            TOP + 16.0 + row * 16.0,
            if colour == FLOOR { " (dashed)" } else { "" }
        );
    }
}

/// Every power of ten between the ends of an axis.
fn powers([low, high]: [f64; 2]) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(low), |power| Some(power + 1.0))
        .take_while(move |power| *power <= high)
        .map(|power| 10_f64.powf(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_goes_from_one_power_of_ten_to_another() {
        assert!(around([0.3, 25.0].into_iter()).map(f64::to_bits) == [-1.0, 2.0].map(f64::to_bits));
        let ends: Vec<_> = powers([-1.0, 2.0]).collect();
        assert_eq!(ends.len(), 4);
        assert!((ends[3] - 100.0).abs() < 1e-9);
    }
}
