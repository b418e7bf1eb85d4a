//! The canonical form of a request, over which the signature is made.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use http::HeaderMap;

use super::{CONTENT_HASH_HEADER, Payload, Refusal, SignedRequest, UNSIGNED_PAYLOAD};

/// The canonical request: method, path, query, signed headers, their list and the body's hash.
///
/// Path and query are decoded and encoded again, because clients differ in what they encode.
pub fn canonical_request(
    request: &SignedRequest<'_>,
    signed_headers: &str,
    body_hash: &str,
) -> Result<Vec<u8>, Refusal> {
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((request.target, ""));
    let mut text = Vec::with_capacity(512);
    for line in [
        request.method.as_str(),
        &canonical_path(path),
        &canonical_query(query),
    ] {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    for name in signed_headers.split(';') {
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        text.extend_from_slice(header(request.headers, name)?);
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(signed_headers.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(body_hash.as_bytes());
    Ok(text)
}

/// The last line of the canonical request.
///
/// A hash that the client sends must be that of the body: taking its word would leave the body unprotected.
pub(super) fn body_hash(request: &SignedRequest<'_>, payload: Payload) -> Result<String, Refusal> {
    let actual = sha256(request.body);
    let claimed = header(request.headers, CONTENT_HASH_HEADER)?;
    match claimed {
        b"" => Ok(actual),
        _ if claimed == UNSIGNED_PAYLOAD.as_bytes() => match payload {
            Payload::MayBeUnsigned => Ok(UNSIGNED_PAYLOAD.to_owned()),
            Payload::Signed => Err(Refusal::UnsignedPayload),
        },
        _ if claimed == actual.as_bytes() => Ok(actual),
        _ => Err(Refusal::ContentHash),
    }
}

/// The last lines of the canonical request that a signature may cover.
///
/// With a content type that is not JSON the SDKs say `UNSIGNED-PAYLOAD` of requests without a body too. Such a body needs
/// no cover; Python signs the hash of nothing then, others that text.
pub(super) fn body_hashes(
    request: &SignedRequest<'_>,
    payload: Payload,
) -> Result<Vec<String>, Refusal> {
    match body_hash(request, payload) {
        Err(Refusal::UnsignedPayload) if request.body.is_empty() => {
            Ok(vec![sha256(b""), UNSIGNED_PAYLOAD.to_owned()])
        }
        hash => hash.map(|hash| vec![hash]),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a [u8], Refusal> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().map_or(&b""[..], |it| it.as_bytes());
    if values.next().is_some() {
        return Err(Refusal::RepeatedHeader(name.to_owned()));
    }
    Ok(value.trim_ascii())
}

fn canonical_path(path: &str) -> String {
    let decoded = decode(path.as_bytes(), b'+');
    let mut canonical = String::with_capacity(path.len() + 1);
    for (index, segment) in decoded.split(|byte| *byte == b'/').enumerate() {
        if index > 0 {
            canonical.push('/');
        }
        encode(segment, &mut canonical);
    }
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// Names and values of a query, decoded, in the order in which they came; a bare `+` is a blank.
pub(crate) fn query_pairs(query: &str) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| {
            (
                decode(name.as_bytes(), b' '),
                decode(value.as_bytes(), b' '),
            )
        })
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<_> = query_pairs(query).collect();
    pairs.sort_unstable();
    let mut canonical = String::with_capacity(query.len());
    for (name, value) in pairs {
        if !canonical.is_empty() {
            canonical.push('&');
        }
        encode(&name, &mut canonical);
        canonical.push('=');
        encode(&value, &mut canonical);
    }
    canonical
}

/// Percent-decodes; what is no escape stays as it is, and a bare `+` becomes `plus`.
fn decode(text: &[u8], plus: u8) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let (byte, after) = match (first, tail) {
            (b'%', [high, low, after @ ..]) if both_hex(*high, *low) => {
                ((hex_value(*high) << 4) | hex_value(*low), after)
            }
            (b'+', _) => (plus, tail),
            (other, _) => (*other, tail),
        };
        decoded.push(byte);
        rest = after;
    }
    decoded
}

fn both_hex(high: u8, low: u8) -> bool {
    high.is_ascii_hexdigit() && low.is_ascii_hexdigit()
}

/// The value of a digit that [`both_hex`] has seen.
fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

fn encode(bytes: &[u8], to: &mut String) {
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                to.push(char::from(*byte));
            }
            _ => {
                let _ = write!(to, "%{byte:02X}");
            }
        }
    }
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_leaves_alone_what_is_no_escape() {
        assert_eq!(decode(b"a%2Fb%zz%4%", b'+'), b"a/b%zz%4%");
        assert_eq!(decode(b"a+b%2B", b' '), b"a b+");
        assert_eq!(decode(b"%e9%E9", b'+'), b"\xe9\xe9");
    }

    #[test]
    fn queries_are_sorted_before_they_are_encoded() {
        assert_eq!(canonical_query("b=1&a=~&a=%2A&c"), "a=%2A&a=~&b=1&c=");
        assert_eq!(canonical_query(""), "");
    }

    #[test]
    fn paths_end_in_a_slash() {
        assert_eq!(canonical_path("/a%20b/c%2Fd"), "/a%20b/c/d/");
        assert_eq!(canonical_path("/"), "/");
    }
}
