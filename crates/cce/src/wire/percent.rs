//! Progress, which the wire spells as text.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

/// Progress in percent, spelled `"0"` to `"100"`: a number breaks clients that read strictly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, pattern = "^([0-9]|[1-9][0-9]|100)$", example = "35")]
pub struct Percent(u8);

impl Percent {
    /// This many percent; what is above 100 counts as 100.
    pub fn new(percent: u8) -> Self {
        Self(percent.min(100))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse() {
            Ok(percent @ 0..=100) => Ok(Self(percent)),
            _ => Err(de::Error::custom(
                "a percentage from \"0\" to \"100\" is expected",
            )),
        }
    }
}
