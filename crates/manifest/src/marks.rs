//! Fields that are gone from versions that stay. Which they are, the tables say; here are the words by which a document that may
//! set one is known, so that nobody has to walk the types of every kind to read some files.

use std::collections::BTreeSet;

use airworthy_model::facts::DesiredField;

use crate::{Kind, Node};

/// One of these stands in the path of every field that a minor took from a kind which it still served. Status is left out: who
/// writes a file does not write it. A test holds them against the tables.
pub(crate) const MARKS: [&str; 12] = [
    "claims",
    "clusterName",
    "discovery",
    "ephemeral",
    "ipFamily",
    "nodeAllocatableResourceMappings",
    "resourceClaims",
    "sanitization",
    "timeoutForControlPlane",
    "topologyKeys",
    "udpIdleTimeout",
    "workloadRef",
];

/// Fields of one object that are told; no object has as many.
const MOST: usize = 200;
/// Keys inside one another.
const DEEPEST: usize = 40;

/// The fields of an object at or below one of the marks, by path without marks of lists and maps, each once.
pub(crate) fn found(object: Node<'_>) -> Vec<DesiredField> {
    let mut walk = Walk::default();
    walk.look(object, &mut Vec::new(), false);
    walk.found
}

#[derive(Default)]
struct Walk {
    found: Vec<DesiredField>,
    seen: BTreeSet<String>,
}

impl Walk {
    fn look<'d>(&mut self, node: Node<'d>, path: &mut Vec<&'d str>, marked: bool) {
        if path.len() == DEEPEST || self.found.len() == MOST {
            return;
        }
        match node.resolve().kind() {
            Kind::Sequence => node.items().for_each(|item| self.look(item, path, marked)),
            Kind::Mapping => self.keys(node, path, marked),
            Kind::Scalar | Kind::Alias => (),
        }
    }

    fn keys<'d>(&mut self, node: Node<'d>, path: &mut Vec<&'d str>, marked: bool) {
        for (key, value) in node.entries() {
            let Some(name) = key.text() else { continue };
            let marked = marked || MARKS.contains(&name);
            path.push(name);
            if marked && !value.is_null() {
                self.tell(&path.join("."), key);
            }
            self.look(value, path, marked);
            path.pop();
        }
    }

    fn tell(&mut self, path: &str, key: Node<'_>) {
        if self.seen.insert(path.to_owned()) {
            self.found.push(DesiredField {
                path: path.to_owned(),
                line: key.line(),
                column: key.column(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use airworthy_knowledge::{Api, Class, Knowledge, Serving};

    use super::*;
    use crate::{objects, parse};

    /// Every field that the next minor takes from a kind which it still serves.
    fn ended(api: &Api) -> Vec<String> {
        let knowledge = Knowledge::embedded();
        let kind = (&*api.group, &*api.version, &*api.kind);
        let hops = std::iter::successors(Some(knowledge.oldest), |minor| Some(minor.next()))
            .take_while(|minor| *minor < knowledge.newest)
            .filter(|minor| api.serving(minor.next()) == Serving::Served);
        let removed = hops.flat_map(|minor| knowledge.fields_removed(kind, minor, minor.next()));
        removed.map(|field| field.path).collect()
    }

    #[test]
    fn every_field_that_ended_has_a_mark() {
        let in_files =
            |api: &&Api| matches!(api.class, Class::Resource | Class::Review | Class::Config);
        let mut seen = BTreeSet::new();
        for api in Knowledge::embedded().apis().filter(in_files) {
            let written = |path: &&String| !path.split('.').any(|name| name.starts_with("status"));
            for path in ended(api).iter().filter(written) {
                let names: Vec<_> = path
                    .split('.')
                    .map(|name| name.trim_end_matches(['[', ']', '{', '}']))
                    .collect();
                let mark = MARKS.into_iter().find(|mark| names.contains(mark));
                let mark = mark.unwrap_or_else(|| panic!("{} {path}", api.kind));
                seen.insert(mark);
            }
        }
        assert_eq!(seen, BTreeSet::from(MARKS), "no mark is idle");
    }

    #[test]
    fn fields_are_told_with_their_places() {
        let text = "apiVersion: v1\nkind: Pod\nspec:\n  nodeName: a\n  resourceClaims:\n  - name: x\n    source: {resourceClaimName: y}\n  - name: z\n";
        let documents = parse(text.as_bytes()).expect("it parses");
        let object = objects(documents[0].root())[0];
        let told: Vec<_> = found(object.node)
            .into_iter()
            .map(|field| (field.path, field.line))
            .collect();
        let expected = [
            ("spec.resourceClaims", 5),
            ("spec.resourceClaims.name", 6),
            ("spec.resourceClaims.source", 7),
            ("spec.resourceClaims.source.resourceClaimName", 7),
        ];
        assert_eq!(told, expected.map(|(path, line)| (path.to_owned(), line)));
    }
}
