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

impl Quantity {
    /// How many thousandths it is; nothing when it is no quantity, or below zero.
    pub(crate) fn thousandths(&self) -> Option<u64> {
        self.times(1000.0)
    }

    /// How many it is, in whole units; nothing when it is no quantity, or below zero.
    pub(crate) fn units(&self) -> Option<u64> {
        self.times(1.0)
    }

    fn times(&self, factor: f64) -> Option<u64> {
        let text = self.text.trim();
        let (number, suffix) = match text.find(|c: char| !(c.is_ascii_digit() || ".+-".contains(c)))
        {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let number: f64 = number.parse().ok()?;
        let value = (number * scale(suffix)? * factor).round();
        // Capacities are far below 2^53, up to which this is exact.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "in range"
        )]
        (0.0..=9e15).contains(&value).then_some(value as u64)
    }
}

/// What is asked for or offered, by resource: `cpu` in thousandths, everything else in whole units. What is no quantity is left out.
pub(crate) fn amounts(quantities: &BTreeMap<String, Quantity>) -> Resources {
    let amount = |(name, quantity): (&String, &Quantity)| {
        let amount = match name.as_str() {
            "cpu" => quantity.thousandths(),
            _ => quantity.units(),
        };
        Some((name.as_str().into(), amount?))
    };
    quantities.iter().filter_map(amount).collect()
}

fn scale(suffix: &str) -> Option<f64> {
    let exponent = suffix
        .strip_prefix(['e', 'E'])
        .filter(|rest| !rest.is_empty());
    if let Some(exponent) = exponent {
        let exponent: i32 = exponent.parse().ok()?;
        return (-18..=18).contains(&exponent).then(|| 10f64.powi(exponent));
    }
    Some(match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 2f64.powi(10),
        "Mi" => 2f64.powi(20),
        "Gi" => 2f64.powi(30),
        "Ti" => 2f64.powi(40),
        "Pi" => 2f64.powi(50),
        "Ei" => 2f64.powi(60),
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

    #[test]
    fn quantities_are_read_in_every_form() {
        for (text, thousandths, units) in [
            ("4", Some(4000), Some(4)),
            ("1500m", Some(1500), Some(2)),
            ("0.5", Some(500), Some(1)),
            (".5", Some(500), Some(1)),
            ("16Gi", Some(17_179_869_184_000), Some(17_179_869_184)),
            ("16G", Some(16_000_000_000_000), Some(16_000_000_000)),
            ("32818564Ki", Some(33_606_209_536_000), Some(33_606_209_536)),
            ("1e3", Some(1_000_000), Some(1000)),
            ("1E-1", Some(100), Some(0)),
            ("-1", None, None),
            ("", None, None),
            ("many", None, None),
            ("4 cores", None, None),
            ("1e999", None, None),
            ("9999E", None, None),
            ("1.2.3", None, None),
        ] {
            let quantity = Quantity { text: text.into() };
            let read = (quantity.thousandths(), quantity.units());
            assert_eq!(read, (thousandths, units), "{text}");
        }
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
        serde_json::from_str::<Quantity>("{}").unwrap_err();
    }
}
