//! Types that lead to one another.

use std::collections::HashMap;

use airworthy_model::Minor;

use super::rows::{FieldRow, TypeRow};
use crate::{
    section::{BadRow, Table},
    spans,
};

/// Aliases and types that are taken in are followed so far; Kubernetes' own stop at three.
const DEEPEST: u8 = 8;

/// All types.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    rows: Vec<TypeRow>,
    /// Places by package, then by name.
    places: HashMap<String, HashMap<String, usize>>,
    /// Places of kinds by group, version and kind.
    kinds: HashMap<(String, String, String), Vec<usize>>,
}

/// Where a path has led.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Node {
    /// A struct: place of its row.
    Struct(usize),
    /// A text, number or truth value, or one of a closed list: place of the row that has the list.
    Scalar(Option<usize>),
    /// Anything may follow.
    Any,
}

/// A node, and what had to be stepped through to reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) node: Node,
    /// Through a map, so that the next segment of a path may be a key.
    pub(super) map: bool,
    /// Through a list.
    pub(super) list: bool,
}

impl Table for Fields {
    const NAME: &'static str = "fields";
    type Row = TypeRow;

    fn of(rows: Vec<TypeRow>) -> Result<Self, BadRow> {
        refuse(&rows)?;
        let mut places: HashMap<String, HashMap<String, usize>> = HashMap::new();
        let mut kinds: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            let package = places.entry(row.package.clone()).or_default();
            package.insert(row.name.clone(), at);
            for group in row.groups.iter().filter(|_| row.kind) {
                let kind = (group.clone(), row.version().to_owned(), row.name.clone());
                kinds.entry(kind).or_default().push(at);
            }
        }
        Ok(Self {
            rows,
            places,
            kinds,
        })
    }
}

fn refuse(rows: &[TypeRow]) -> Result<(), BadRow> {
    let name = |row: &TypeRow| format!("the type {}.{}", row.package, row.name);
    spans::demand(
        rows,
        |row| &row.spans,
        |row| (&row.package, &row.name),
        name,
    )
}

impl Fields {
    pub(super) fn row(&self, at: usize) -> &TypeRow {
        &self.rows[at]
    }

    /// The type of a kind in a minor.
    pub(super) fn kind(
        &self,
        (group, version, kind): (&str, &str, &str),
        minor: Minor,
    ) -> Option<Node> {
        let key = (group.to_owned(), version.to_owned(), kind.to_owned());
        let places = self.kinds.get(&key)?;
        let at = places.iter().find(|at| self.rows[**at].there(minor))?;
        Some(Node::Struct(*at))
    }

    /// Whether any minor has the kind.
    pub(super) fn has_kind(&self, (group, version, kind): (&str, &str, &str)) -> bool {
        let key = (group.to_owned(), version.to_owned(), kind.to_owned());
        self.kinds.contains_key(&key)
    }

    /// All kinds of a name, as group and version.
    pub(super) fn kinds_named(&self, kind: &str) -> Vec<(&str, &str)> {
        let mut found: Vec<_> = self
            .kinds
            .keys()
            .filter(|(_, _, name)| name == kind)
            .map(|(group, version, _)| (&**group, &**version))
            .collect();
        found.sort_unstable();
        found
    }

    /// The members of a type in a minor, those of types that it takes in among them.
    pub(super) fn members(&self, at: usize, minor: Minor) -> Vec<(usize, &FieldRow)> {
        let mut found = Vec::new();
        self.gather(at, minor, DEEPEST, &mut found);
        found
    }

    fn gather<'a>(
        &'a self,
        at: usize,
        minor: Minor,
        deep: u8,
        found: &mut Vec<(usize, &'a FieldRow)>,
    ) {
        for field in self.rows[at]
            .fields
            .iter()
            .filter(|field| field.there(minor))
        {
            if !field.name.is_empty() {
                found.push((at, field));
            } else if let (Node::Struct(inner), true) = (self.target(at, field).node, deep > 0) {
                self.gather(inner, minor, deep - 1, found);
            }
        }
    }

    /// The member of a name in a minor.
    pub(super) fn member(&self, at: usize, name: &str, minor: Minor) -> Option<(usize, &FieldRow)> {
        let mut members = self.members(at, minor).into_iter();
        members.find(|(_, field)| field.name == name)
    }

    /// Where a member leads; `at` is the row that has it.
    pub(super) fn target(&self, at: usize, field: &FieldRow) -> Reached {
        let mut reached = Reached {
            node: Node::Any,
            map: false,
            list: false,
        };
        self.resolve(&self.rows[at].package, &field.of, DEEPEST, &mut reached);
        reached
    }

    fn resolve(&self, package: &str, text: &str, deep: u8, reached: &mut Reached) {
        let mut name = text;
        loop {
            if let Some(rest) = name.strip_prefix("[]") {
                (name, reached.list) = (rest, true);
            } else if let Some(rest) = name.strip_prefix("{}") {
                (name, reached.map) = (rest, true);
            } else {
                break;
            }
        }
        reached.node = match name {
            "string" | "number" | "bool" => Node::Scalar(None),
            "any" => Node::Any,
            _ => self.named(package, name, deep, reached),
        };
    }

    fn named(&self, package: &str, name: &str, deep: u8, reached: &mut Reached) -> Node {
        let (package, name) = match name.rsplit_once('.') {
            Some((package, name)) => (package, name),
            None => (package, name),
        };
        let place = self.places.get(package).and_then(|names| names.get(name));
        let (Some(at), true) = (place, deep > 0) else {
            return Node::Any;
        };
        let row = &self.rows[*at];
        match &row.alias {
            _ if row.opaque => Node::Any,
            None => Node::Struct(*at),
            Some(alias) => {
                self.resolve(&row.package, alias, deep - 1, reached);
                match reached.node {
                    Node::Scalar(None) => Node::Scalar(Some(*at)),
                    node => node,
                }
            }
        }
    }
}
