//! The explorer and the files that pages load: all of them are in the program.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use airworthy_cce::ApiError;
use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};

use super::{ASSET, EXPLORER, guard};
use crate::answer::Refused;

const PAGE: &str = include_str!("../../assets/explorer/index.html");

macro_rules! files {
    ($($media:ident $name:literal $path:literal),* $(,)?) => {
        &[$(($name, $media, include_str!(concat!("../../assets/", $path)))),*]
    };
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// Name below `/assets/`, media type, and content.
const FILES: &[(&str, &str, &str)] = files![
    CSS "style.css" "style.css",
    CSS "console.css" "console.css",
    CSS "explorer.css" "explorer/explorer.css",
    JS "answer.js" "explorer/answer.js",
    JS "code.js" "explorer/code.js",
    JS "curl.js" "explorer/curl.js",
    JS "element.js" "explorer/element.js",
    JS "form.js" "explorer/form.js",
    JS "go.js" "explorer/go.js",
    JS "java.js" "explorer/java.js",
    JS "list.js" "explorer/list.js",
    JS "main.js" "explorer/main.js",
    JS "names.js" "explorer/names.js",
    JS "operations.js" "explorer/operations.js",
    JS "python.js" "explorer/python.js",
    JS "request.js" "explorer/request.js",
    JS "schema.js" "explorer/schema.js",
    JS "sign.js" "explorer/sign.js",
];

/// The page on which every operation can be read, filled in and sent.
#[utoipa::path(
    get,
    path = EXPLORER,
    operation_id = "explorer",
    tag = "Pages",
    security(()),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html")),
)]
pub(super) async fn explorer() -> Response {
    guard::scripted(PAGE)
}

/// One file. Browsers ask whether it changed each time: its name is the same in every release.
#[utoipa::path(
    get,
    path = ASSET,
    operation_id = "asset",
    tag = "Pages",
    security(()),
    responses((status = 200, description = "The file.", body = String, content_type = "text/plain"), (status = 304, description = "It is the one that the client has."), (status = 404, description = "There is no such file.")),
)]
pub(super) async fn file(
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let (_, media, content) = FILES
        .iter()
        .find(|(known, ..)| *known == name)
        .ok_or_else(ApiError::no_such_api)?;
    let tag = tag(content);
    let unchanged = headers
        .get(IF_NONE_MATCH)
        .is_some_and(|known| *known == tag);
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (*content).into_response()
    };
    let answer = response.headers_mut();
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    answer.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer.insert(ETAG, tag);
    Ok(guard::guarded(
        response,
        HeaderValue::from_static("default-src 'none'"),
    ))
}

/// Changes with the content; a release may change it without need.
fn tag(content: &str) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    // Digits and quotation marks are always a header value.
    HeaderValue::from_str(&format!("\"{:016x}\"", hasher.finish()))
        .unwrap_or(HeaderValue::from_static("\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_is_there_is_served() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        for folder in [folder.clone(), folder.join("explorer")] {
            for entry in std::fs::read_dir(folder).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                let served = FILES.iter().any(|(known, ..)| *known == name);
                let page = ["index.html", "explorer"].contains(&name.as_str());
                assert!(served || page, "{name}");
            }
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for (name, media, content) in FILES.iter().chain([&("index.html", "", PAGE)]) {
            let elsewhere: &[&str] = if *media == CSS {
                &["http:", "https:", "url(", "@import"]
            } else {
                &["http:", "https:", "eval(", "innerHTML", "style=", "onclick"]
            };
            for text in elsewhere {
                assert!(!content.contains(text), "{name} has {text}");
            }
        }
    }
}
