//! Objects by kind and name.

use std::fmt;

use airworthy_model::Subject;

/// An object as reports name it: `Node worker-1`, `PodDisruptionBudget shop/web`. A `*` stands for any namespace or any name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectPattern {
    kind: String,
    path: String,
}

impl SubjectPattern {
    /// Reads one. `None` for text of another form.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, path) = text.trim().split_once(' ')?;
        let (kind, path) = (kind.to_owned(), path.trim().to_owned());
        let part = |part: &str| !part.is_empty() && (part == "*" || !part.contains('*'));
        let fits = part(&kind) && kind != "*" && path.split('/').all(part);
        fits.then_some(Self { kind, path })
    }

    /// Whether it means this object.
    pub fn fits(&self, subject: &Subject) -> bool {
        let part = |wanted: &str, is: &str| wanted == "*" || wanted == is;
        let by_parts = match (self.path.split_once('/'), &subject.namespace) {
            (None, None) => part(&self.path, &subject.name),
            (Some((namespace, name)), Some(is)) => part(namespace, is) && part(name, &subject.name),
            // Some subjects are clients or files, whose names may have slashes.
            _ => self.path == subject.path(),
        };
        self.kind == subject.kind && by_parts
    }
}

impl fmt::Display for SubjectPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_what_it_names() {
        let web = Subject::namespaced("policy/v1", "PodDisruptionBudget", "shop", "web");
        let node = Subject::cluster("v1", "Node", "n1");
        for (text, means_web, means_node) in [
            ("PodDisruptionBudget shop/web", true, false),
            ("PodDisruptionBudget shop/*", true, false),
            ("PodDisruptionBudget */web", true, false),
            ("PodDisruptionBudget shop/api", false, false),
            ("PodDisruptionBudget web", false, false),
            ("Pod shop/web", false, false),
            ("Node n1", false, true),
            ("Node *", false, true),
            ("Node */n1", false, false),
        ] {
            let pattern = SubjectPattern::parse(text).expect(text);
            assert_eq!(
                (pattern.fits(&web), pattern.fits(&node)),
                (means_web, means_node),
                "{text}"
            );
        }
    }

    #[test]
    fn names_of_clients_and_files_are_names() {
        let client = Subject::cluster("v1", "Client", "kubectl/v1.31 (linux/amd64)");
        let pattern = SubjectPattern::parse("Client kubectl/v1.31 (linux/amd64)").unwrap();
        assert!(
            pattern.fits(&client) && !pattern.fits(&Subject::cluster("v1", "Client", "kubectl"))
        );
    }

    #[test]
    fn other_forms_are_none() {
        for text in [
            "", "Node", "Node ", "* n1", "Node n*", "Pod /b", "Pod a/", "Pod a*/b",
        ] {
            assert_eq!(SubjectPattern::parse(text), None, "{text}");
        }
    }
}
