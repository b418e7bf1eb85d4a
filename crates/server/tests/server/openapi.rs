//! The OpenAPI document: all routes are in it, its examples are true, and the committed copy is what comes out now.

use std::{collections::BTreeSet, fs, path::Path};

use airworthy_cce::{
    ApiError,
    operations::{OPERATIONS, OWN},
};
use airworthy_server::{document, routes};
use http::Method;
use serde_json::{Value, json};

use crate::fixture::{Fixture, unsigned};

/// One operation of the document.
pub(crate) struct Operation {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) description: Value,
}

/// All operations of the document.
pub(crate) fn operations() -> Vec<Operation> {
    let document = document();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, description) in item.as_object().unwrap() {
            all.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                id: description["operationId"].as_str().unwrap().to_owned(),
                description: description.clone(),
            });
        }
    }
    all
}

/// A validator of a schema that may refer to the components.
fn validator(schema: &Value) -> jsonschema::Validator {
    let mut whole = schema.clone();
    whole["components"] = document()["components"].clone();
    jsonschema::draft202012::new(&whole).unwrap()
}

#[track_caller]
fn fits(schema: &Value, value: &Value, what: &str) {
    let errors: Vec<String> = validator(schema)
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, [""; 0], "{what}: {value:#}");
}

#[test]
fn the_committed_document_is_what_comes_out_now() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let now = format!("{:#}\n", document());
    let set = |name| std::env::var_os(name).is_some();
    if set("AIRWORTHY_REWRITE") && !set("CI") {
        fs::write(&path, &now).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == now,
        "docs/openapi.json is not what comes out now; rewrite it: \
         AIRWORTHY_REWRITE=1 cargo test -p airworthy-server --test server openapi"
    );
}

#[tokio::test]
async fn it_is_served_without_credentials() {
    let fixture = Fixture::new().await;
    let request = unsigned(Method::GET, "/openapi.json", "");
    assert_eq!(fixture.send(request).await.ok(), document());
}

#[test]
fn every_route_is_in_it_and_it_has_no_others() {
    let described: BTreeSet<_> = operations()
        .into_iter()
        .map(|it| (it.path, it.method.to_string()))
        .collect();
    let routes: BTreeSet<_> = routes()
        .map(|(verb, path)| (path.to_owned(), Method::from(verb).to_string()))
        .collect();
    assert_eq!(described, routes);
}

#[test]
fn operations_go_by_the_names_of_the_sdks() {
    let described = operations();
    for operation in OPERATIONS.iter().chain(OWN) {
        let found = described.iter().find(|it| it.id == operation.name);
        let found = found.unwrap_or_else(|| panic!("{} is not described", operation.name));
        assert_eq!(found.path, operation.path, "{}", operation.name);
        let status = operation.success.to_string();
        let answers = found.description["responses"].as_object().unwrap();
        let good: Vec<_> = answers.keys().filter(|key| key.starts_with('2')).collect();
        assert_eq!(good, [&status], "{}", operation.name);
    }
}

#[test]
fn every_operation_says_what_it_is_and_how_it_is_refused() {
    for Operation {
        id, description, ..
    } in operations()
    {
        assert_ne!(description["summary"], "", "{id}");
        assert_eq!(description["tags"].as_array().unwrap().len(), 1, "{id}");
        for (status, answer) in description["responses"].as_object().unwrap() {
            assert!(answer["description"].as_str().is_some(), "{id} {status}");
            assert!(answer["headers"]["X-Request-Id"].is_object(), "{id}");
            let page = answer["content"].get("text/html").is_some();
            if status.starts_with(['4', '5']) && !page {
                let schema = &answer["content"]["application/json"]["schema"]["$ref"];
                assert!(schema.as_str().unwrap().ends_with("Error"), "{id} {status}");
            }
        }
        let variables = description["parameters"].as_array().unwrap();
        let described = variables.iter().filter(|it| it["in"] == "path");
        assert!(
            described.clone().all(|it| it["example"].is_string()),
            "{id}"
        );
    }
}

#[test]
fn nothing_speaks_of_the_inside_of_the_program() {
    assert!(!document().to_string().contains("crate::"));
}

#[test]
fn variables_of_paths_are_those_that_are_described() {
    for operation in operations() {
        let told: BTreeSet<_> = operation.description["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["in"] == "path")
            .map(|it| it["name"].as_str().unwrap().to_owned())
            .collect();
        let there: BTreeSet<_> = operation
            .path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .map(str::to_owned)
            .collect();
        assert_eq!(told, there, "{}", operation.path);
    }
}

#[test]
fn every_json_body_has_an_example_that_fits_its_schema() {
    for Operation {
        id, description, ..
    } in operations()
    {
        let bodies = [
            ("request", &description["requestBody"]),
            ("answer", good_answer(&description)),
        ];
        for (what, body) in bodies {
            let Some(content) = body.pointer("/content/application~1json") else {
                continue;
            };
            if content["schema"] == json!({ "type": "object" }) {
                continue;
            }
            let example = content.get("example").filter(|example| !example.is_null());
            let example = example.unwrap_or_else(|| panic!("{id} has no example of its {what}"));
            fits(&content["schema"], example, &format!("{id}, {what}"));
        }
    }
}

fn good_answer(description: &Value) -> &Value {
    let answers = description["responses"].as_object().unwrap();
    let good = answers.iter().find(|(status, _)| status.starts_with('2'));
    good.map_or(&Value::Null, |(_, good)| good)
}

#[test]
fn errors_are_as_they_are_described() {
    for error in [
        ApiError::no_credentials(),
        ApiError::not_found("Cluster x"),
        ApiError::conflict("x"),
        ApiError::internal(),
    ] {
        let body = serde_json::to_value(error.body(Some("3f1d"))).unwrap();
        fits(
            &json!({ "$ref": "#/components/schemas/Error" }),
            &body,
            "error",
        );
        let body = serde_json::to_value(error.keystone_body()).unwrap();
        fits(
            &json!({ "$ref": "#/components/schemas/IdentityError" }),
            &body,
            "identity",
        );
    }
}
