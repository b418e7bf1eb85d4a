//! A person with a browser, who logs in to the console and follows its links.

use std::collections::BTreeSet;

use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

/// No console has as many pages.
const MOST: usize = 2000;

/// Somebody who is logged in.
pub(crate) struct Visitor {
    origin: String,
    cookie: String,
}

impl Visitor {
    /// Logs in at an address such as `http://127.0.0.1:8443`; name and password are letters and digits.
    pub(crate) async fn log_in(origin: &str, user: &str, password: &str) -> Self {
        let form = format!("user={user}&password={password}&to=");
        let request = Request::post(format!("{origin}/console/log-in"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(form)))
            .unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let answer = client.request(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{answer:?}");
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let origin = origin.to_owned();
        Self { origin, cookie }
    }

    /// What is answered at a path.
    pub(crate) async fn page(&self, path: &str) -> String {
        let request = Request::get(format!("{}{path}", self.origin))
            .header("cookie", &self.cookie)
            .body(Full::new(Bytes::new()))
            .unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let answer = client.request(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8_lossy(&body).into_owned()
    }

    /// Every page of ours to which links lead from these, each with its path.
    pub(crate) async fn every_page(&self, from: &[&str]) -> Vec<(String, String)> {
        let mut open: Vec<String> = from.iter().map(ToString::to_string).collect();
        let mut known: BTreeSet<String> = open.iter().cloned().collect();
        let mut pages = Vec::new();
        while let Some(path) = open.pop() {
            let page = self.page(&path).await;
            let new = links(&page).filter(|link| known.insert((*link).to_owned()));
            open.extend(new.map(str::to_owned));
            pages.push((path, page));
            assert!(pages.len() < MOST, "the pages have no end");
        }
        pages
    }
}

/// Paths of our own that a page names; scripts, styles and the document are no pages.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let is_page = page
        .trim_start()
        .to_lowercase()
        .starts_with("<!doctype html");
    let page = if is_page { page } else { "" };
    let named = page
        .split(" href=\"")
        .skip(1)
        .chain(page.split(" src=\"").skip(1));
    let paths = named.filter_map(|rest| rest.split('"').next());
    let own = paths.filter(|path| path.starts_with('/') && !path.starts_with("//"));
    own.map(|path| path.split('#').next().unwrap_or(path))
}
