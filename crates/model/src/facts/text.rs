//! Texts that very many rows have.

use std::{
    cell::RefCell,
    collections::HashSet,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text that many rows have, such as the name of a namespace or of a node, and that is kept once for all of them.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(Arc<str>);

/// How many texts each thread remembers. Clusters have 5,000 nodes; whoever has more keeps some texts more than once.
const REMEMBERED: usize = 16_384;

thread_local! {
    static TEXTS: RefCell<HashSet<Arc<str>>> = RefCell::default();
}

impl From<&str> for Text {
    /// The text, shared with an equal one that this thread remembers. Which one it is shows nowhere but in memory.
    fn from(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        TEXTS.with_borrow_mut(|known| {
            if let Some(text) = known.get(text) {
                return Self(Arc::clone(text));
            }
            if known.len() == REMEMBERED {
                known.clear();
            }
            let new: Arc<str> = text.into();
            known.insert(Arc::clone(&new));
            Self(new)
        })
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Text> for String {
    fn from(text: &Text) -> Self {
        text.as_str().to_owned()
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        Self::from(&text)
    }
}

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(text: &Self) -> bool {
        text.0.is_empty()
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        *self.0 == **other
    }
}

impl PartialEq<Text> for String {
    fn eq(&self, other: &Text) -> bool {
        **self == *other.0
    }
}

impl PartialEq<Text> for str {
    fn eq(&self, other: &Text) -> bool {
        *self == *other.0
    }
}

impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
        **self == *other.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_kept_once_however_many_others_come_between() {
        let [one, other] = ["node-1", "node-1"].map(Text::from);
        assert!(Arc::ptr_eq(&one.0, &other.0));
        for number in 0..2 * REMEMBERED {
            drop(Text::from(number.to_string()));
        }
        assert!(TEXTS.with_borrow(|known| known.len() <= REMEMBERED));
        assert_eq!(one, Text::from("node-1"));
    }

    #[test]
    fn a_text_is_written_and_read_as_any_other() {
        let text = Text::from("a \"b\"");
        let json = serde_json::to_string(&text).unwrap();
        assert_eq!(json, r#""a \"b\"""#);
        assert_eq!(serde_json::from_str::<Text>(&json).unwrap(), text);
        assert_eq!(format!("{text:>6}|{text:?}"), " a \"b\"|\"a \\\"b\\\"\"");
    }
}
