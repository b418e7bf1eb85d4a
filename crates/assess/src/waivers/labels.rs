//! Nodes by their labels.

use std::fmt;

use airworthy_model::facts::Labels;

/// Labels as `kubectl get nodes -l` takes them, as far as they are about equality: `pool=batch,zone!=b,!spot,gpu`. All must fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSelector {
    text: String,
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Is(String, String),
    IsNot(String, String),
    Has(String),
    Lacks(String),
}

impl LabelSelector {
    /// Reads one. `None` for text of another form.
    pub fn parse(text: &str) -> Option<Self> {
        let terms: Option<Vec<_>> = text
            .split(',')
            .map(|term| Term::parse(term.trim()))
            .collect();
        terms.map(|terms| Self {
            text: text.to_owned(),
            terms,
        })
    }

    /// Whether these labels are meant.
    pub fn fits(&self, labels: &Labels) -> bool {
        self.terms.iter().all(|term| term.fits(labels))
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Term {
    fn parse(text: &str) -> Option<Self> {
        let pair = |(key, value): (&str, &str)| Some((word(key)?, value_of(value)?));
        if let Some(parts) = text.split_once("!=") {
            return pair(parts).map(|(key, value)| Self::IsNot(key, value));
        }
        if let Some((key, value)) = text.split_once('=') {
            let value = value.strip_prefix('=').unwrap_or(value);
            return pair((key, value)).map(|(key, value)| Self::Is(key, value));
        }
        match text.strip_prefix('!') {
            Some(key) => word(key).map(Self::Lacks),
            None => word(text).map(Self::Has),
        }
    }

    fn fits(&self, labels: &Labels) -> bool {
        match self {
            Self::Is(key, value) => labels.get(key) == Some(value),
            // As kubectl has it: a label that is not there is not that value.
            Self::IsNot(key, value) => labels.get(key) != Some(value),
            Self::Has(key) => labels.get(key).is_some(),
            Self::Lacks(key) => labels.get(key).is_none(),
        }
    }
}

fn word(text: &str) -> Option<String> {
    let text = text.trim();
    let known = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    (!text.is_empty() && text.chars().all(known)).then(|| text.to_owned())
}

fn value_of(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        Some(String::new())
    } else {
        word(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_terms_must_fit() {
        let labels: Labels = [("pool", "batch"), ("zone", "a")].into_iter().collect();
        for (text, fits) in [
            ("pool=batch", true),
            ("pool==batch, zone=a", true),
            ("pool=batch,zone=b", false),
            ("zone!=b", true),
            ("spot!=yes", true),
            ("pool", true),
            ("spot", false),
            ("!spot", true),
            ("!pool", false),
        ] {
            let selector = LabelSelector::parse(text).expect(text);
            assert_eq!(selector.fits(&labels), fits, "{text}");
        }
    }

    #[test]
    fn other_forms_are_none() {
        for text in ["", ",", "a=b,", "a in (b)", "a=b=c", "=b", "!", "a b"] {
            assert_eq!(LabelSelector::parse(text), None, "{text}");
        }
    }
}
