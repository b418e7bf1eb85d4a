//! Whatever is signed by our own signer verifies; whatever is changed then does not, unless it still means the same.
//!
//! What a request means is said here, apart from the code that is tested ([`Meaning`]): the method; the path decoded, with
//! one slash at its end; the names and values of the query decoded, in any order, where `+` is a blank and `a` is `a=`; the
//! values of the signed headers without blanks around them; and the body.

use airworthy_cce::sign::{Payload, Refusal, date_header, sign};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;

use crate::sent::Sent;

const SECRET: &str = "some/secret+with=signs";
const NOW: i64 = 1_800_000_000;
const NAMES: [&str; 5] = [
    "host",
    "x-project-id",
    "content-type",
    "x-note",
    "user-agent",
];

/// A small generator of numbers (xorshift); the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap()
    }

    fn of<'a, T: ?Sized>(&mut self, several: &[&'a T]) -> &'a T {
        several[self.below(several.len())]
    }
}

/// What a request means, by which two of them are the same.
#[derive(Debug, PartialEq)]
struct Meaning {
    method: String,
    path: Vec<u8>,
    query: Vec<(Vec<u8>, Vec<u8>)>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

fn meaning(request: &Sent) -> Meaning {
    let (path, query) = match request.target.split_once('?') {
        Some((path, query)) => (path, query),
        None => (request.target.as_str(), ""),
    };
    let mut path = decoded(path);
    if path.last() != Some(&b'/') {
        path.push(b'/');
    }
    let mut pairs: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let pair = pair.replace('+', "%20");
            let (name, value) = pair.split_once('=').unwrap_or((&pair, ""));
            (decoded(name), decoded(value))
        })
        .collect();
    pairs.sort();
    let headers = request.signed_headers().into_iter().map(|name| {
        let value = request.headers.get(&name).map(HeaderValue::as_bytes);
        let value = value.unwrap_or_default().trim_ascii().to_vec();
        (name, value)
    });
    Meaning {
        method: request.method.to_string(),
        path,
        query: pairs,
        headers: headers.collect(),
        body: request.body.clone(),
    }
}

/// The bytes behind percent signs; a percent sign without two digits is itself.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let escape = rest
            .get(1..3)
            .filter(|digits| first == '%' && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if let Some(digits) = escape {
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &rest[3..];
        } else {
            bytes.extend(first.to_string().bytes());
            rest = &rest[first.len_utf8()..];
        }
    }
    bytes
}

/// A text in one of its spellings, as clients differ in what they encode.
fn spelled(text: &str, numbers: &mut Numbers) -> String {
    let spell = |byte: u8| match (byte, numbers.below(4)) {
        (
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'*' | b'(',
            1..,
        ) => char::from(byte).to_string(),
        (_, 2) => format!("%{byte:02x}"),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(spell).collect()
}

fn word(numbers: &mut Numbers) -> &'static str {
    numbers.of(&[
        "clusters", "v3", "a", "b", "é", "中", "x y", "~", "*", "50%", "a=b", "a&b", "q?", "+", "",
        ".", "%41", "B",
    ])
}

fn target(numbers: &mut Numbers) -> String {
    let mut target = String::new();
    for _ in 0..=numbers.below(6) {
        target.push('/');
        let word = word(numbers);
        target.push_str(&spelled(word, numbers));
    }
    for index in 0..numbers.below(5) {
        target.push(if index == 0 { '?' } else { '&' });
        let (name, value) = (word(numbers), word(numbers));
        target.push_str(&spelled(name, numbers));
        if !value.is_empty() {
            target.push('=');
            target.push_str(&spelled(value, numbers));
        }
    }
    target
}

/// A signed request.
fn signed(numbers: &mut Numbers) -> Sent {
    let mut headers = HeaderMap::new();
    let date = date_header(Timestamp::from_second(NOW).unwrap());
    headers.insert("x-sdk-date", date.parse().unwrap());
    let mut names = vec!["x-sdk-date"];
    for name in NAMES {
        let value = numbers.of(&[
            "127.0.0.1:18443",
            " blanks around ",
            "",
            "è",
            "a,b;c=d",
            "x  y",
        ]);
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        // A header may be signed and there, there only, signed only, or neither.
        if numbers.below(3) > 0 {
            headers.insert(HeaderName::from_static(name), value);
        }
        if numbers.below(3) > 0 {
            names.push(name);
        }
    }
    let mut sent = Sent {
        method: numbers
            .of(&["GET", "POST", "PUT", "PATCH", "DELETE"])
            .parse()
            .unwrap(),
        target: target(numbers),
        headers,
        body: numbers
            .of(&["", "{}", "{\"a\": \"é\"}\n", "\0"])
            .as_bytes()
            .to_vec(),
    };
    let authorization = sign(&sent.parts(), "AK", SECRET, &names).unwrap();
    sent.set("authorization", &authorization);
    sent
}

fn verified(request: &Sent) -> Result<(), Refusal> {
    let now = Timestamp::from_second(NOW).unwrap();
    request.verify_at(SECRET, now, Payload::Signed)
}

/// The two say the same: the signature holds exactly when the request means what was signed.
fn judged(signed: &Sent, changed: &Sent) {
    let same = meaning(signed) == meaning(changed);
    assert_eq!(
        verified(changed).is_ok(),
        same,
        "{} {} {:?} after {} {} {:?}",
        changed.method,
        changed.target,
        changed.headers,
        signed.method,
        signed.target,
        signed.headers,
    );
}

#[test]
fn what_we_sign_verifies() {
    let mut numbers = Numbers(0x5eed_0001);
    for _ in 0..2_000 {
        let sent = signed(&mut numbers);
        assert_eq!(verified(&sent), Ok(()), "{}", sent.target);
        assert_eq!(
            sent.verify_at(
                "other",
                Timestamp::from_second(NOW).unwrap(),
                Payload::Signed
            ),
            Err(Refusal::BadSignature)
        );
    }
}

#[test]
fn any_changed_byte_of_the_target_counts_unless_it_means_the_same() {
    let mut numbers = Numbers(0x5eed_0002);
    let mut alike = 0;
    for _ in 0..50 {
        let sent = signed(&mut numbers);
        for place in 0..sent.target.len() {
            for byte in ["a", "%", "/", "?", "&", "=", "+", "2", "F", ""] {
                let mut changed = sent.clone();
                changed.target.replace_range(place..=place, byte);
                judged(&sent, &changed);
                alike += usize::from(verified(&changed).is_ok());
                let mut longer = sent.clone();
                longer.target.insert_str(place, byte);
                judged(&sent, &longer);
            }
        }
    }
    assert!(alike > 100, "spellings that mean the same came: {alike}");
}

#[test]
fn every_spelling_of_the_same_request_is_accepted() {
    let mut numbers = Numbers(0x5eed_0003);
    for _ in 0..500 {
        let sent = signed(&mut numbers);
        let mut other = sent.clone();
        let (path, query) = sent.target.split_once('?').unwrap_or((&sent.target, ""));
        let again = |text: &str, numbers: &mut Numbers| {
            let text = String::from_utf8(decoded(text)).unwrap();
            spelled(&text, numbers)
        };
        // A slash inside of a segment counts as one between segments.
        let parts: Vec<_> = path
            .split('/')
            .map(|part| again(part, &mut numbers))
            .collect();
        let mut pairs: Vec<_> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                format!(
                    "{}={}",
                    again(name, &mut numbers),
                    again(value, &mut numbers)
                )
            })
            .collect();
        pairs.reverse();
        let slash = if path.ends_with('/') { "" } else { "/" };
        other.target = format!("{}{slash}", parts.join("/"));
        if !query.is_empty() {
            let query = pairs.join("&").replace("%20", "+");
            other.target = format!("{}?{query}&", other.target);
        }
        assert_eq!(verified(&other), Ok(()), "{} {}", sent.target, other.target);
        judged(&sent, &other);
    }
}

#[test]
fn any_changed_byte_of_method_and_body_counts() {
    let mut numbers = Numbers(0x5eed_0004);
    for _ in 0..300 {
        let sent = signed(&mut numbers);
        let method = sent.method.as_str();
        for other in [
            "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "get", "Post",
        ] {
            let mut changed = sent.clone();
            changed.method = other.parse().unwrap();
            assert_eq!(verified(&changed).is_ok(), other == method);
        }
        for place in 0..method.len() {
            let mut letters = method.as_bytes().to_vec();
            letters[place] = b'X';
            let mut changed = sent.clone();
            changed.method = Method::from_bytes(&letters).unwrap();
            assert_eq!(verified(&changed), Err(Refusal::BadSignature));
        }
        for place in 0..=sent.body.len() {
            let mut longer = sent.clone();
            longer.body.insert(place, b' ');
            assert_eq!(verified(&longer), Err(Refusal::BadSignature));
            let mut changed = sent.clone();
            if let Some(byte) = changed.body.get_mut(place) {
                *byte ^= 1 << numbers.below(8);
                assert_eq!(verified(&changed), Err(Refusal::BadSignature));
            }
        }
    }
}

#[test]
fn any_changed_byte_of_a_signed_header_counts() {
    let mut numbers = Numbers(0x5eed_0005);
    for _ in 0..200 {
        let sent = signed(&mut numbers);
        for name in NAMES {
            let value = sent.headers.get(name).map(|it| it.as_bytes().to_vec());
            let value = value.unwrap_or_default();
            for place in 0..=value.len() {
                for byte in [b' ', b'x', b';', 0xe8] {
                    let mut longer = value.clone();
                    longer.insert(place, byte);
                    with_header(&sent, name, &longer);
                    let mut other = value.clone();
                    if let Some(there) = other.get_mut(place) {
                        *there = byte;
                        with_header(&sent, name, &other);
                    }
                }
            }
            let mut without = sent.clone();
            without.headers.remove(name);
            judged(&sent, &without);
        }
    }
}

fn with_header(sent: &Sent, name: &'static str, value: &[u8]) {
    let mut changed = sent.clone();
    let value = HeaderValue::from_bytes(value).unwrap();
    changed.headers.insert(HeaderName::from_static(name), value);
    judged(sent, &changed);
}

#[test]
fn a_second_header_of_a_signed_name_is_refused() {
    let mut numbers = Numbers(0x5eed_0006);
    for _ in 0..300 {
        let sent = signed(&mut numbers);
        let covered = sent.signed_headers();
        for name in NAMES.into_iter().chain(["x-sdk-date"]) {
            let Some(value) = sent.headers.get(name).cloned() else {
                continue;
            };
            let mut twice = sent.clone();
            twice.headers.append(HeaderName::from_static(name), value);
            let expected = if covered.iter().any(|it| it == name) {
                Err(Refusal::RepeatedHeader(name.into()))
            } else {
                Ok(())
            };
            assert_eq!(verified(&twice), expected);
        }
    }
}

#[test]
fn any_changed_byte_of_what_is_said_to_be_signed_counts() {
    let mut numbers = Numbers(0x5eed_0007);
    for _ in 0..100 {
        let sent = signed(&mut numbers);
        let text = sent.authorization();
        let start = text.find("SignedHeaders=").unwrap();
        for place in start..text.len() {
            for byte in ["x", ";", "0", "=", ",", "~"] {
                if !text[place..].starts_with(byte) {
                    let mut changed = sent.clone();
                    let mut header = text.clone();
                    header.replace_range(place..=place, byte);
                    changed.set("authorization", &header);
                    assert!(verified(&changed).is_err(), "{header}");
                }
            }
        }
    }
}
