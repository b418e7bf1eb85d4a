//! Pages in protobuf: the next one is asked for while a page is decoded, as soon as the page tells where it is.

use airworthy_collect::Plan;

use crate::{
    PODS,
    fake::{Fake, Reply, protobuf},
};

/// A field of protobuf that tells its length, which is below 128.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap();
    [&[tag << 3 | 2, length], bytes].concat()
}

/// What a list tells of itself: the token of its next page.
fn metadata(token: &str) -> Vec<u8> {
    field(1, &field(3, token.as_bytes()))
}

fn item(name: &str) -> Vec<u8> {
    field(2, &field(1, &field(1, name.as_bytes())))
}

fn pod_list(list: &[Vec<u8>]) -> Reply {
    let type_meta = [field(1, b"v1"), field(2, b"PodList")].concat();
    let envelope = [field(1, &type_meta), field(2, &list.concat())].concat();
    protobuf([b"k8s\0", &envelope[..]].concat())
}

/// The names of the pods that are read, and the tokens that were sent for them.
async fn read(page: fn(&str) -> Vec<Vec<u8>>) -> (Vec<String>, Vec<String>) {
    let token = |query: &str| query.split_once("&continue=").map(|(_, t)| t.to_owned());
    let fake = Fake::start(move |seen, _| {
        let token = token(&seen.query).unwrap_or_default();
        (seen.path == PODS).then(|| pod_list(&page(&token)))
    });
    let fake = fake.await;
    let pods = fake.collect(&Plan::everything()).await.unwrap().pods;
    let names = pods.unwrap().into_iter().map(|pod| pod.name);
    let queries = fake.queries(PODS);
    let tokens = queries.iter().filter_map(|query| token(query));
    (names.collect(), tokens.collect())
}

#[tokio::test]
async fn pages_that_tell_where_the_next_one_is_are_each_read_once() {
    let (names, tokens) = read(|token| match token {
        "" => vec![metadata("2"), item("a"), item("b")],
        "2" => vec![metadata("3"), item("c")],
        _ => vec![metadata(""), item("d")],
    })
    .await;
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert_eq!(tokens, ["2", "3"]);
}

#[tokio::test]
async fn a_page_may_tell_it_at_its_end() {
    let (names, tokens) = read(|token| match token {
        "" => vec![item("a"), metadata("2")],
        _ => vec![item("b")],
    })
    .await;
    assert_eq!(names, ["a", "b"]);
    assert_eq!(tokens, ["2"]);
}

#[tokio::test]
async fn a_page_that_changes_its_mind_has_the_last_word() {
    let (names, tokens) = read(|token| match token {
        "" => vec![metadata("wrong"), item("a"), metadata("2")],
        "wrong" => vec![item("x")],
        "2" => vec![metadata("wrong"), item("b"), metadata("")],
        _ => panic!("nobody was led to {token}"),
    })
    .await;
    assert_eq!(names, ["a", "b"]);
    assert_eq!(tokens, ["wrong", "2", "wrong"]);
}
