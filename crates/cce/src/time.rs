//! The two spellings of an instant on the wire.

use std::fmt;

use jiff::{Timestamp, fmt::strtime};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant spelled `2023-11-25 07:20:04.592972 +0000 UTC`, as everywhere except in the generic `Metadata`.
///
/// The fraction has up to nine digits, no trailing zeros, and is left out when it is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpacedTime(pub Timestamp);

/// An instant spelled `2023-11-25T07:20:04.592972Z`, the one spelling every client can read in `Metadata`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZuluTime(pub Timestamp);

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
    fn zulu_time_ends_in_z() {
        let instant = ZuluTime("2023-11-25T09:20:04.592972+02:00".parse().unwrap());
        assert_eq!(instant.to_string(), "2023-11-25T07:20:04.592972Z");
    }
}
