//! The many ways in which one object stands in a file.

use serde_json::{Value, json};

use super::{
    corpus::{Item, clean},
    yaml::{Style, block, flow},
};

/// A file, and the objects that a reader takes from it.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// Its name, with the extension.
    pub(super) name: String,
    pub(super) text: String,
    pub(super) items: Vec<Item>,
}

impl File {
    /// The shape's name, which stands between the number and the extension.
    pub(super) fn shape(&self) -> String {
        let stem = self
            .name
            .rsplit_once('.')
            .map_or(self.name.as_str(), |(stem, _)| stem);
        stem.split_once('-')
            .map_or(stem, |(_, shape)| shape)
            .to_owned()
    }
}

/// A way to write an object: its name, the extension, and what it makes of one.
pub(super) struct Shape {
    pub(super) name: &'static str,
    extension: &'static str,
    make: fn(&Item) -> (String, Vec<Item>),
}

impl Shape {
    /// The file of this shape that holds an object.
    pub(super) fn file(&self, number: usize, item: &Item) -> File {
        let (text, items) = (self.make)(item);
        File {
            name: format!("{number:04}-{}.{}", self.name, self.extension),
            text,
            items,
        }
    }
}

const fn shape(name: &'static str, make: fn(&Item) -> (String, Vec<Item>)) -> Shape {
    Shape {
        name,
        extension: "yaml",
        make,
    }
}

const fn json_shape(name: &'static str, make: fn(&Item) -> (String, Vec<Item>)) -> Shape {
    Shape {
        name,
        extension: "json",
        make,
    }
}

/// The shape that every object gets.
pub(super) const PLAIN: Shape = shape("plain", |item| {
    one(item, block(&item.object, Style::default()))
});

/// The shapes that some objects get.
pub(super) const SHAPES: &[Shape] = &[
    json_shape("json", |item| one(item, format!("{:#}\n", item.object))),
    json_shape("json-in-a-line", |item| one(item, item.object.to_string())),
    shape("flow", |item| one(item, flow(&item.object))),
    shape("json-in-yaml", |item| {
        one(item, format!("---\n{:#}\n", item.object))
    }),
    shape("quoted", |item| {
        one(
            item,
            block(
                &item.object,
                Style {
                    quoted: true,
                    ..Style::default()
                },
            ),
        )
    }),
    shape("reversed", |item| {
        one(
            item,
            block(
                &item.object,
                Style {
                    reversed: true,
                    ..Style::default()
                },
            ),
        )
    }),
    shape("indented", |item| {
        one(
            item,
            block(
                &item.object,
                Style {
                    indented: true,
                    ..Style::default()
                },
            ),
        )
    }),
    shape("commented", |item| {
        one(
            item,
            block(
                &item.object,
                Style {
                    commented: true,
                    ..Style::default()
                },
            ),
        )
    }),
    shape("crlf", |item| one(item, plain(item).replace('\n', "\r\n"))),
    shape("bom", |item| one(item, format!("\u{feff}{}", plain(item)))),
    shape("directive", |item| {
        one(item, format!("%YAML 1.2\n---\n{}...\n", plain(item)))
    }),
    shape("separator-with-comment", |item| {
        one(item, format!("--- # kind: Nothing\n{}", plain(item)))
    }),
    shape("empty-documents", |item| {
        one(
            item,
            format!("---\n---\n# nothing\n---\n{}---\n", plain(item)),
        )
    }),
    shape("trailing-spaces", |item| {
        one(item, plain(item).replace('\n', "  \n"))
    }),
    shape("single-quotes", |item| {
        one(item, with_version(item, |version| format!("'{version}'")))
    }),
    shape("tagged", |item| {
        one(
            item,
            with_version(item, |version| format!("!!str {version}")),
        )
    }),
    shape("folded", |item| {
        one(
            item,
            with_version(item, |version| format!(">-\n  {version}")),
        )
    }),
    shape("literal", |item| {
        one(
            item,
            with_version(item, |version| format!("|-\n  {version}")),
        )
    }),
    shape("on-the-next-line", |item| {
        one(item, with_version(item, |version| format!("\n  {version}")))
    }),
    shape("escaped", |item| one(item, with_version(item, escaped))),
    shape("anchored", |item| {
        one(
            item,
            with_version(item, |version| format!("&version {version}")),
        )
    }),
    shape("explicit-key", |item| {
        one(
            item,
            plain(item).replacen("apiVersion:", "? apiVersion\n:", 1),
        )
    }),
    shape("space-before-colon", |item| {
        one(
            item,
            plain(item).replacen("apiVersion:", "\"apiVersion\" :", 1),
        )
    }),
    shape("alias", alias),
    shape("merged", merged),
    shape("two-documents", |item| {
        several(vec![clean("first"), item.clone()])
    }),
    shape("three-documents", |item| {
        several(vec![item.clone(), clean("second"), clean("third")])
    }),
    shape("crlf-documents", |item| {
        let (text, items) = several(vec![clean("first"), item.clone()]);
        (text.replace('\n', "\r\n"), items)
    }),
    shape("twice", |item| several(two(item))),
    shape("list", |item| {
        list("v1", "List", vec![clean("first"), item.clone()])
    }),
    shape("nested-list", nested_list),
    json_shape("list-in-json", |item| {
        let (_, items) = list("v1", "List", vec![item.clone(), clean("second")]);
        (format!("{:#}", listed("v1", "List", &items, false)), items)
    }),
    shape("typed-list", |item| typed_list(item, false)),
    shape("typed-list-without-kinds", |item| typed_list(item, true)),
    shape("last-applied", last_applied),
    shape("embedded", embedded),
    shape("commented-out", commented_out),
    json_shape("yaml-called-json", |item| one(item, plain(item))),
];

fn plain(item: &Item) -> String {
    block(&item.object, Style::default())
}

fn one(item: &Item, text: String) -> (String, Vec<Item>) {
    (text, vec![item.clone()])
}

/// The first line, which is `apiVersion:`, in other words.
fn with_version(item: &Item, say: impl Fn(&str) -> String) -> String {
    let text = plain(item);
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    format!("apiVersion: {}\n{rest}", say(item.api_version()))
}

/// Every other character as an escape.
fn escaped(version: &str) -> String {
    let characters = version.chars().enumerate();
    let escaped = characters.map(|(at, character)| match at % 2 {
        0 => format!("\\u{:04x}", u32::from(character)),
        _ => character.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// The version stands in an annotation, and where it belongs is an alias of it.
fn alias(item: &Item) -> (String, Vec<Item>) {
    let mut item = item.clone();
    let version = item.api_version().to_owned();
    item.object["metadata"]["annotations"] = json!({ "example.com/at": version });
    let mut rest = item.object.clone();
    if let Some(fields) = rest.as_object_mut() {
        fields.remove("apiVersion");
        fields.remove("metadata");
    }
    let mut metadata = item.object["metadata"].clone();
    metadata
        .as_object_mut()
        .map(|metadata| metadata.remove("annotations"));
    let metadata = flow(&metadata);
    let metadata = metadata.trim_end_matches('}');
    let head = format!(
        "metadata: {metadata}, annotations: {{\"example.com/at\": &version \"{version}\"}}}}\napiVersion: *version\n"
    );
    (head + &block(&rest, Style::default()), vec![item])
}

/// Labels that are merged from annotations.
fn merged(item: &Item) -> (String, Vec<Item>) {
    let mut item = item.clone();
    let shared = json!({ "example.com/team": "blue" });
    item.object["metadata"]["annotations"] = shared.clone();
    item.object["metadata"]["labels"] = shared;
    let mut rest = item.object.clone();
    if let Some(fields) = rest.as_object_mut() {
        fields.remove("metadata");
    }
    let mut metadata = item.object["metadata"].clone();
    if let Some(fields) = metadata.as_object_mut() {
        fields.remove("annotations");
        fields.remove("labels");
    }
    let metadata = flow(&metadata);
    let metadata = metadata.trim_end_matches('}');
    let merged = "annotations: &shared {\"example.com/team\": blue}, labels: {<<: *shared}";
    (
        format!(
            "{}metadata: {metadata}, {merged}}}\n",
            block(&rest, Style::default())
        ),
        vec![item],
    )
}

/// Two of a kind, where names are free.
fn two(item: &Item) -> Vec<Item> {
    let mut items = vec![item.named("web-1"), item.named("web-2")];
    items.dedup();
    items
}

fn several(items: Vec<Item>) -> (String, Vec<Item>) {
    let documents: Vec<_> = items.iter().map(plain).collect();
    (documents.join("---\n"), items)
}

fn listed(api_version: &str, kind: &str, items: &[Item], bare: bool) -> Value {
    let objects = items.iter().map(|item| {
        let mut object = item.object.clone();
        if let (true, Some(fields)) = (bare, object.as_object_mut()) {
            fields.remove("apiVersion");
            fields.remove("kind");
        }
        object
    });
    json!({ "apiVersion": api_version, "kind": kind, "metadata": {}, "items": objects.collect::<Vec<_>>() })
}

fn list(api_version: &str, kind: &str, items: Vec<Item>) -> (String, Vec<Item>) {
    (
        block(&listed(api_version, kind, &items, false), Style::default()),
        items,
    )
}

fn nested_list(item: &Item) -> (String, Vec<Item>) {
    let items = vec![item.clone()];
    let inner = listed("v1", "List", &items, false);
    let outer = json!({ "apiVersion": "v1", "kind": "List", "items": [inner] });
    (block(&outer, Style::default()), items)
}

fn typed_list(item: &Item, bare: bool) -> (String, Vec<Item>) {
    let items = two(item);
    let whole = listed(
        item.api_version(),
        &format!("{}List", item.kind()),
        &items,
        bare,
    );
    (block(&whole, Style::default()), items)
}

/// The object at its own version, with a text about another in an annotation.
fn last_applied(item: &Item) -> (String, Vec<Item>) {
    let mut item = item.clone();
    let text = "{\"apiVersion\":\"extensions/v1beta1\",\"kind\":\"Deployment\"}\n";
    item.object["metadata"]["annotations"] =
        json!({ "kubectl.kubernetes.io/last-applied-configuration": text });
    one(&item, plain(&item))
}

/// A text in a ConfigMap is no object.
fn embedded(item: &Item) -> (String, Vec<Item>) {
    let indented = prefixed("    ", &plain(item));
    let mut holder = clean("holder");
    holder.object["data"] = json!({ "object.yaml": plain(item) });
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: holder\n  namespace: truth\ndata:\n  object.yaml: |\n";
    (format!("{head}{indented}"), vec![holder])
}

/// What is commented out is no object.
fn commented_out(item: &Item) -> (String, Vec<Item>) {
    let comment = prefixed("# ", &plain(item));
    let left = clean("left");
    (format!("{comment}---\n{}", plain(&left)), vec![left])
}

/// Every line with something before it.
fn prefixed(before: &str, text: &str) -> String {
    let lines: Vec<_> = text
        .lines()
        .map(|line| format!("{before}{line}\n"))
        .collect();
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{corpus, read},
        *,
    };

    #[test]
    fn every_shape_holds_what_it_says() {
        let kinds = corpus::kinds().unwrap();
        for item in &kinds {
            for shape in SHAPES.iter().chain([&PLAIN]) {
                let file = shape.file(0, item);
                let objects: Vec<_> = file.items.iter().map(|item| item.object.clone()).collect();
                let read = read::objects(&file.text).unwrap();
                assert_eq!(
                    read,
                    objects,
                    "{} of {}:\n{}",
                    shape.name,
                    item.title(),
                    file.text
                );
            }
        }
    }
}
