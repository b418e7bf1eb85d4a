//! The objects that a document holds.

use crate::{Kind, Node};

/// Lists inside of lists that are opened; kubectl opens them all, nobody writes more.
const MAX_LISTS: usize = 8;

/// One object as it stands in a text.
#[derive(Clone, Copy, Debug)]
pub struct Object<'d> {
    /// Its mapping.
    pub node: Node<'d>,
    /// The list that it is an item of: what lacks in an item is taken from it.
    list: Option<Node<'d>>,
}

impl<'d> Object<'d> {
    /// Group and version as written; an item of a typed list may leave it to the list.
    pub fn api_version(self) -> Option<&'d str> {
        self.text("apiVersion")
            .or_else(|| self.list?.get("apiVersion")?.text())
    }

    /// Kind as written; an item of a typed list may leave it to the list (`CronJob` of a `CronJobList`).
    pub fn kind(self) -> Option<&'d str> {
        self.text("kind")
            .or_else(|| self.list?.get("kind")?.text()?.strip_suffix("List"))
    }

    /// `metadata.name`.
    pub fn name(self) -> Option<&'d str> {
        self.node.at(&["metadata", "name"])?.text()
    }

    /// `metadata.namespace`.
    pub fn namespace(self) -> Option<&'d str> {
        self.node.at(&["metadata", "namespace"])?.text()
    }

    /// The value of `apiVersion`, where the object has its own.
    pub fn api_version_node(self) -> Option<Node<'d>> {
        self.node.get("apiVersion")
    }

    /// Whether it is an item of a list.
    pub fn in_list(self) -> bool {
        self.list.is_some()
    }

    fn text(self, key: &str) -> Option<&'d str> {
        self.node.get(key)?.text().filter(|text| !text.is_empty())
    }
}

/// The objects at a node: itself, or the items of a list of any kind, as kubectl takes what has `items`. What is neither, such
/// as the values of a chart, gives none.
pub fn objects(root: Node<'_>) -> Vec<Object<'_>> {
    let mut found = Vec::new();
    collect(root.resolve(), None, MAX_LISTS, &mut found);
    found
}

fn collect<'d>(node: Node<'d>, list: Option<Node<'d>>, depth: usize, found: &mut Vec<Object<'d>>) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    match node.kind() {
        Kind::Sequence => node
            .items()
            .for_each(|item| collect(item.resolve(), list, depth, found)),
        Kind::Mapping => collect_mapping(node, list, depth, found),
        Kind::Scalar | Kind::Alias => (),
    }
}

fn collect_mapping<'d>(
    node: Node<'d>,
    list: Option<Node<'d>>,
    depth: usize,
    found: &mut Vec<Object<'d>>,
) {
    let object = Object { node, list };
    if object.api_version().is_none() || object.kind().is_none() {
        return;
    }
    match node.get("items").map(Node::resolve) {
        Some(items) if items.kind() == Kind::Sequence => collect(items, Some(node), depth, found),
        _ => found.push(object),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    /// `line apiVersion kind namespace/name` of each object.
    fn found(text: &str) -> Vec<String> {
        let documents = parse(text.as_bytes()).expect("it parses");
        let all = documents
            .iter()
            .flat_map(|document| objects(document.root()));
        let word = |word: Option<&str>| word.unwrap_or("-").to_owned();
        all.map(|object| {
            let line = object.node.line();
            let (version, kind) = (word(object.api_version()), word(object.kind()));
            format!(
                "{line} {version} {kind} {}/{}",
                word(object.namespace()),
                word(object.name())
            )
        })
        .collect()
    }

    #[test]
    fn items_of_lists_are_objects_of_their_own() {
        for (text, expected) in [
            (
                "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n",
                &["1 v1 Pod b/a"][..],
            ),
            (
                "kind: Pod\napiVersion: v1\nmetadata:\n  generateName: a-\n",
                &["1 v1 Pod -/-"],
            ),
            (
                "apiVersion: v1\nkind: List\nitems:\n- apiVersion: x/v1\n  kind: Y\n- kind: Z\n  apiVersion: v2\n",
                &["4 x/v1 Y -/-", "6 v2 Z -/-"],
            ),
            (
                "apiVersion: batch/v1beta1\nkind: CronJobList\nitems:\n- metadata: {name: a}\n",
                &["4 batch/v1beta1 CronJob -/a"],
            ),
            ("apiVersion: v1\nkind: List\nitems: []\n", &[]),
            (
                "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod}]}\n",
                &["4 v1 Pod -/-"],
            ),
            (
                "[{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}]",
                &["1 v1 Pod -/-"],
            ),
            (
                "apiVersion: v1\nkind: ConfigMap\ndata:\n  x: |\n    apiVersion: policy/v1beta1\n    kind: PodSecurityPolicy\n",
                &["1 v1 ConfigMap -/-"],
            ),
            (
                "x: &x\n  apiVersion: v1\n<<: *x\nkind: Pod\n",
                &["1 v1 Pod -/-"],
            ),
            ("replicaCount: 1\nkind: DaemonSet\n", &[]),
            ("text\n", &[]),
        ] {
            assert_eq!(found(text), expected, "{text:?}");
        }
    }

    #[test]
    fn lists_in_lists_have_an_end() {
        let text = format!("{}{{}}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(found(&text), [""; 0]);
    }
}
