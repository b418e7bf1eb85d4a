//! Quantities, as resources are counted: `4`, `1500m`, `16Gi`.

use std::{collections::BTreeMap, fmt};

use airworthy_model::facts::Resources;
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

/// A quantity as text; JSON may have it as a number too.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Quantity {
    #[prost(string, tag = "1")]
    pub text: String,
}

/// The largest amount that is kept. The API server's own arithmetic ends at 2^63; nothing that exists is near this, and a
/// thousand of them can still be added up.
const MOST: u64 = 1 << 53;
/// Digits that are looked at; further ones only count as more than nothing.
const DIGITS: usize = 19;

impl Quantity {
    /// How many thousandths it is, rounded up as the scheduler does; nothing when it is no quantity, or below zero.
    pub(crate) fn thousandths(&self) -> Option<u64> {
        Decimal::parse(self.text.trim())?.rounded_up(3)
    }

    /// How many it is in whole units, rounded up as the scheduler does; nothing when it is no quantity, or below zero.
    pub(crate) fn units(&self) -> Option<u64> {
        Decimal::parse(self.text.trim())?.rounded_up(0)
    }
}

/// A quantity as it is written: digits × 10^ten × 2^two.
struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    part: &'a str,
    ten: i64,
    two: u32,
}

impl<'a> Decimal<'a> {
    /// Reads what `resource.ParseQuantity` of `k8s.io/apimachinery` reads, odd forms such as `1.`, `.5` and `Gi` among them.
    fn parse(text: &'a str) -> Option<Self> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (whole, rest) = digits(unsigned);
        let (part, suffix) = rest.strip_prefix('.').map_or(("", rest), digits);
        if text.is_empty() {
            return None;
        }
        let (ten, two) = scale(suffix)?;
        Some(Self {
            negative: text.starts_with('-'),
            whole,
            part,
            ten,
            two,
        })
    }

    /// How many units of 10^-`places` it is at least; never more than [`MOST`].
    fn rounded_up(&self, places: i64) -> Option<u64> {
        let (number, left_out) = self.significant();
        if number == 0 {
            return Some(0);
        }
        if self.negative {
            return None;
        }
        let fraction = i64::try_from(self.part.len()).ok()?;
        let ten = self.ten.saturating_sub(fraction);
        let ten = ten.saturating_add(left_out + places);
        let power = u32::try_from(ten.unsigned_abs()).ok();
        let power = power.and_then(|power| 10_u128.checked_pow(power));
        // Nineteen digits and sixty bits are less than 2^124.
        let number = number << self.two;
        let amount = match (ten < 0, power) {
            (false, Some(power)) => number.checked_mul(power),
            (false, None) => None,
            (true, Some(power)) => Some(number.div_ceil(power)),
            (true, None) => Some(1),
        };
        let amount = amount.and_then(|amount| u64::try_from(amount).ok());
        Some(amount.map_or(MOST, |amount| amount.min(MOST)))
    }

    /// Its first digits as a number, rounded up, and how many digits follow them.
    fn significant(&self) -> (u128, i64) {
        let written = self.whole.bytes().chain(self.part.bytes());
        let mut counting = written.skip_while(|&digit| digit == b'0');
        let first = counting.by_ref().take(DIGITS);
        let number = first.fold(0, |sum, digit| sum * 10 + u128::from(digit - b'0'));
        let (mut left_out, mut more) = (0, false);
        for digit in counting {
            left_out += 1;
            more |= digit != b'0';
        }
        (number + u128::from(more), left_out)
    }
}

/// The digits that a text begins with, and the rest.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

/// What is offered, by resource: `cpu` in thousandths, everything else in whole units. What is no quantity is left out.
pub(crate) fn amounts(quantities: &BTreeMap<String, Quantity>) -> Resources {
    by_name(quantities, |amount| amount)
}

/// What is asked for, in the same units. What is no quantity asks for more than anybody has: who asks for it fits nowhere.
pub(crate) fn requests(quantities: &BTreeMap<String, Quantity>) -> Resources {
    by_name(quantities, |amount| Some(amount.unwrap_or(MOST)))
}

fn by_name(
    quantities: &BTreeMap<String, Quantity>,
    keep: impl Fn(Option<u64>) -> Option<u64>,
) -> Resources {
    let amount = |(name, quantity): (&String, &Quantity)| {
        let amount = match name.as_str() {
            "cpu" => quantity.thousandths(),
            _ => quantity.units(),
        };
        Some((name.as_str().into(), keep(amount)?))
    };
    quantities.iter().filter_map(amount).collect()
}

/// The powers of ten and of two that a suffix stands for.
fn scale(suffix: &str) -> Option<(i64, u32)> {
    let exponent = suffix
        .strip_prefix(['e', 'E'])
        .filter(|rest| !rest.is_empty());
    Some(match (suffix, exponent) {
        ("", _) => (0, 0),
        ("n", _) => (-9, 0),
        ("u", _) => (-6, 0),
        ("m", _) => (-3, 0),
        ("k", _) => (3, 0),
        ("M", _) => (6, 0),
        ("G", _) => (9, 0),
        ("T", _) => (12, 0),
        ("P", _) => (15, 0),
        ("E", _) => (18, 0),
        ("Ki", _) => (0, 10),
        ("Mi", _) => (0, 20),
        ("Gi", _) => (0, 30),
        ("Ti", _) => (0, 40),
        ("Pi", _) => (0, 50),
        ("Ei", _) => (0, 60),
        (_, Some(exponent)) => (exponent.parse().ok()?, 0),
        _ => return None,
    })
}

struct TextOrNumber;

impl Visitor<'_> for TextOrNumber {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a quantity")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<String, E> {
        Ok(number.to_string())
    }

    /// Go reads it as none of it.
    fn visit_unit<E: de::Error>(self) -> Result<String, E> {
        Ok("0".to_owned())
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_any(TextOrNumber)?;
        Ok(Self { text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts, and what they are in thousandths and in units: what a real API server makes of them is tested with it.
    const TABLE: &str = include_str!("../../tests/quantities/table.txt");

    #[test]
    fn quantities_are_read_as_an_api_server_reads_them() {
        let mut rows = 0;
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let [text, thousandths, units] = line.split('|').map(str::trim).collect::<Vec<_>>()[..]
            else {
                panic!("{line}")
            };
            let number = |text: &str| match text {
                "refused" | "negative" => None,
                "beyond" => Some(MOST),
                text => Some(text.parse::<u64>().unwrap()),
            };
            let quantity = Quantity { text: text.into() };
            let read = (quantity.thousandths(), quantity.units());
            assert_eq!(read, (number(thousandths), number(units)), "{text:?}");
            rows += 1;
        }
        assert!(rows > 50, "{rows}");
    }

    #[test]
    fn long_numbers_cost_no_more_than_their_length() {
        for (text, units) in [
            (format!("0.{}1", "0".repeat(100_000)), 1),
            (format!("1{}", "0".repeat(100_000)), MOST),
            (format!("1{}n", "0".repeat(30)), MOST),
            (format!("{}1", "0".repeat(100_000)), 1),
            (format!("1{}e-100000", "0".repeat(100_000)), 1),
            (format!("1{}1e-100000", "0".repeat(99_999)), 2),
            ("1e-999999999999999999".to_owned(), 1),
            ("1e9223372036854775807".to_owned(), MOST),
            ("1e-9223372036854775808".to_owned(), 1),
        ] {
            let quantity = Quantity { text };
            assert_eq!(quantity.units(), Some(units), "{:.20}", quantity.text);
        }
    }

    #[test]
    fn what_is_asked_for_and_cannot_be_read_fits_nowhere() {
        let odd = [(
            "memory".to_owned(),
            Quantity {
                text: "1e3Ki".into(),
            },
        )];
        let odd = BTreeMap::from(odd);
        assert_eq!(requests(&odd)["memory"], MOST);
        assert!(amounts(&odd).is_empty());
    }

    #[test]
    fn amounts_are_counted_in_their_units() {
        let json = r#"{"cpu": "1500m", "memory": "1Gi", "pods": "110", "nvidia.com/gpu": 2, "odd": "many"}"#;
        let quantities: BTreeMap<String, Quantity> = serde_json::from_str(json).unwrap();
        let read = amounts(&quantities);
        let read: Vec<_> = read.iter().map(|(name, n)| (&**name, *n)).collect();
        let expected = [
            ("cpu", 1500),
            ("memory", 1 << 30),
            ("nvidia.com/gpu", 2),
            ("pods", 110),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn numbers_of_json_are_quantities() {
        for (json, text) in [("\"4\"", "4"), ("4", "4"), ("0.5", "0.5"), ("-1", "-1")] {
            let read: Quantity = serde_json::from_str(json).unwrap();
            assert_eq!(read.text, text);
        }
        assert_eq!(serde_json::from_str::<Quantity>("null").unwrap().text, "0");
        serde_json::from_str::<Quantity>("{}").unwrap_err();
    }
}
