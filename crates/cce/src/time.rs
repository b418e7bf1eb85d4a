//! The spellings of an instant on the wire.

use std::fmt;

use jiff::{Timestamp, fmt::strtime};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

/// An instant spelled `2023-11-25 07:20:04.592972 +0000 UTC`, as everywhere except in the generic `Metadata`.
///
/// The fraction has up to nine digits, no trailing zeros, and is left out when it is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(
    value_type = String,
    pattern = r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,9})? \+0000 UTC$",
    example = "2023-11-25 07:20:04.592972 +0000 UTC"
)]
pub struct SpacedTime(pub Timestamp);

/// An instant spelled `2023-11-25T07:20:04.592972Z`, the one spelling every client can read in `Metadata`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2023-11-25T07:20:04.592972Z")]
pub struct ZuluTime(pub Timestamp);

/// An instant spelled `2020-01-04T09:05:22.701000Z`, always with six digits, as the identity routes do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2020-01-04T09:05:22.701000Z")]
pub struct MicroTime(pub Timestamp);

impl fmt::Display for MicroTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        strtime::format("%Y-%m-%dT%H:%M:%S.%6fZ", self.0)
            .map_err(|_| fmt::Error)?
            .fmt(f)
    }
}

impl fmt::Display for SpacedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        strtime::format("%Y-%m-%d %H:%M:%S%.f +0000 UTC", self.0)
            .map_err(|_| fmt::Error)?
            .fmt(f)
    }
}

impl fmt::Display for ZuluTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for SpacedTime {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        strtime::parse("%Y-%m-%d %H:%M:%S%.f %z UTC", text)?
            .to_timestamp()
            .map(Self)
    }
}

impl std::str::FromStr for ZuluTime {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl std::str::FromStr for MicroTime {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl From<Timestamp> for MicroTime {
    fn from(instant: Timestamp) -> Self {
        Self(instant)
    }
}

impl From<Timestamp> for SpacedTime {
    fn from(instant: Timestamp) -> Self {
        Self(instant)
    }
}

impl From<Timestamp> for ZuluTime {
    fn from(instant: Timestamp) -> Self {
        Self(instant)
    }
}

impl Serialize for SpacedTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for ZuluTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for MicroTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MicroTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for SpacedTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for ZuluTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spaced(text: &str) -> String {
        SpacedTime(text.parse().unwrap()).to_string()
    }

    #[test]
    fn spaced_time_has_the_fraction_without_trailing_zeros() {
        assert_eq!(
            spaced("2023-11-25T07:20:04.592972Z"),
            "2023-11-25 07:20:04.592972 +0000 UTC"
        );
        assert_eq!(
            spaced("2024-08-16T07:06:53.704389459Z"),
            "2024-08-16 07:06:53.704389459 +0000 UTC"
        );
        assert_eq!(
            spaced("2025-01-06T16:00:00Z"),
            "2025-01-06 16:00:00 +0000 UTC"
        );
        assert_eq!(
            spaced("2025-01-06T16:00:00.5Z"),
            "2025-01-06 16:00:00.5 +0000 UTC"
        );
    }

    #[test]
    fn spaced_time_reads_what_it_writes() {
        for text in [
            "2023-11-25 07:20:04.592972 +0000 UTC",
            "2025-01-06 16:00:00 +0000 UTC",
        ] {
            assert_eq!(text.parse::<SpacedTime>().unwrap().to_string(), text);
        }
        assert!("2023-11-25".parse::<SpacedTime>().is_err());
    }

    #[test]
    fn micro_time_always_has_six_digits() {
        for (instant, text) in [
            ("2020-01-04T09:05:22.701Z", "2020-01-04T09:05:22.701000Z"),
            ("2020-01-04T09:05:22Z", "2020-01-04T09:05:22.000000Z"),
            (
                "2020-01-04T09:05:22.123456789Z",
                "2020-01-04T09:05:22.123456Z",
            ),
        ] {
            assert_eq!(MicroTime(instant.parse().unwrap()).to_string(), text);
        }
    }

    #[test]
    fn zulu_time_ends_in_z() {
        let instant = ZuluTime("2023-11-25T09:20:04.592972+02:00".parse().unwrap());
        assert_eq!(instant.to_string(), "2023-11-25T07:20:04.592972Z");
    }
}
