//! Signatures of the vendor's four SDKs: each is accepted as it was sent, and refused once anything in it has changed.

use airworthy_cce::sign::{
    Authorization, CONTENT_HASH_HEADER, MAX_SKEW, Payload, Refusal, SignedRequest,
    canonical_request, date_header, sign,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header::AUTHORIZATION};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    access_key: String,
    secret: String,
    canonical: Vec<Sample>,
    requests: Vec<Sample>,
}

#[derive(Deserialize, Clone)]
struct Sample {
    name: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    #[serde(default)]
    canonical: String,
    #[serde(default)]
    sha256: String,
}

/// A request that can be changed part by part.
#[derive(Clone)]
struct Sent {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Sent {
    fn parts(&self) -> SignedRequest<'_> {
        SignedRequest {
            method: &self.method,
            target: &self.target,
            headers: &self.headers,
            body: &self.body,
        }
    }

    fn verify_at(&self, secret: &str, now: Timestamp, payload: Payload) -> Result<(), Refusal> {
        Authorization::from_headers(&self.headers)?.verify(&self.parts(), secret, now, payload)
    }

    /// Verifies with the server's clock at the request's own date.
    fn verify(&self, secret: &str) -> Result<(), Refusal> {
        self.verify_at(secret, self.date(), Payload::Signed)
    }

    fn date(&self) -> Timestamp {
        let text = self.headers["x-sdk-date"].to_str().unwrap();
        jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text)
            .unwrap()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .unwrap()
            .timestamp()
    }

    fn authorization(&self) -> String {
        self.headers[AUTHORIZATION].to_str().unwrap().to_owned()
    }

    fn signed_headers(&self) -> Vec<String> {
        let text = self.authorization();
        let list = text
            .split_once("SignedHeaders=")
            .unwrap()
            .1
            .split_once(',')
            .unwrap()
            .0;
        list.split(';').map(str::to_owned).collect()
    }

    fn set(&mut self, name: &str, value: &str) {
        let name: HeaderName = name.parse().unwrap();
        self.headers
            .insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
}

impl From<&Sample> for Sent {
    fn from(sample: &Sample) -> Self {
        let mut headers = HeaderMap::new();
        for (name, value) in &sample.headers {
            headers.append(
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        Self {
            method: sample.method.parse().unwrap(),
            target: sample.target.clone(),
            headers,
            body: sample.body.clone().into_bytes(),
        }
    }
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn sent(name: &str) -> (Sent, String) {
    let vectors = vectors();
    let sample = vectors.requests.iter().find(|it| it.name == name).unwrap();
    (Sent::from(sample), vectors.secret)
}

fn sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest
        .as_ref()
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[test]
fn canonical_requests_are_those_of_the_vectors() {
    let vectors = vectors();
    assert_eq!(vectors.canonical.len(), 6);
    for sample in &vectors.canonical {
        let sent = Sent::from(sample);
        let signed = sent.signed_headers().join(";");
        let hash = sample.canonical.lines().last().unwrap();
        let canonical = canonical_request(&sent.parts(), &signed, hash).unwrap();
        assert_eq!(
            String::from_utf8(canonical.clone()).unwrap(),
            sample.canonical,
            "{}",
            sample.name
        );
        assert_eq!(sha256(&canonical), sample.sha256, "{}", sample.name);
        let payload = match hash {
            "UNSIGNED-PAYLOAD" => Payload::MayBeUnsigned,
            _ => Payload::Signed,
        };
        let verified = sent.verify_at(&vectors.secret, sent.date(), payload);
        assert_eq!(verified, Ok(()), "{}", sample.name);
    }
}

#[test]
fn what_the_sdks_sent_is_accepted() {
    let vectors = vectors();
    for sdk in ["python-", "go-", "java-", "node-"] {
        let of_sdk = vectors
            .requests
            .iter()
            .filter(|it| it.name.starts_with(sdk));
        assert!(of_sdk.count() >= 5, "{sdk}");
    }
    for sample in &vectors.requests {
        let sent = Sent::from(sample);
        let claimed = Authorization::from_headers(&sent.headers).unwrap();
        assert_eq!(claimed.access_key(), vectors.access_key);
        assert_eq!(sent.verify(&vectors.secret), Ok(()), "{}", sample.name);
    }
}

#[test]
fn our_own_signatures_are_those_of_the_sdks() {
    let vectors = vectors();
    for sample in vectors.requests.iter().chain(&vectors.canonical) {
        let sent = Sent::from(sample);
        let names = sent.signed_headers();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let made = sign(&sent.parts(), &vectors.access_key, &vectors.secret, &names).unwrap();
        assert_eq!(made, sent.authorization(), "{}", sample.name);
    }
}

#[test]
fn every_byte_of_the_signature_counts() {
    let (sent, secret) = sent("python-create-postcheck");
    let text = sent.authorization();
    let start = text.find("Signature=").unwrap() + "Signature=".len();
    for place in start..text.len() {
        for digit in ["0", "f", "A", "F", "g", " "] {
            if text[place..].starts_with(digit) {
                continue;
            }
            let mut changed = sent.clone();
            let mut header = text.clone();
            header.replace_range(place..=place, digit);
            changed.set("authorization", &header);
            assert!(changed.verify(&secret).is_err(), "{header}");
        }
    }
    let mut short = sent.clone();
    short.set("authorization", &text[..text.len() - 1]);
    assert!(matches!(short.verify(&secret), Err(Refusal::Malformed(_))));
}

#[test]
fn every_signed_header_counts() {
    let vectors = vectors();
    for sample in &vectors.requests {
        let sent = Sent::from(sample);
        for name in sent.signed_headers() {
            let mut changed = sent.clone();
            let value = sent.headers[&name].to_str().unwrap().to_owned();
            changed.set(&name, &format!("{value}x"));
            assert!(
                changed
                    .verify_at(&vectors.secret, sent.date(), Payload::Signed)
                    .is_err()
            );
            changed.headers.remove(&name);
            assert!(
                changed
                    .verify_at(&vectors.secret, sent.date(), Payload::Signed)
                    .is_err()
            );
            let mut twice = sent.clone();
            let extra = twice.headers[&name].clone();
            twice
                .headers
                .append(name.parse::<HeaderName>().unwrap(), extra);
            assert_eq!(
                twice.verify(&vectors.secret),
                Err(Refusal::RepeatedHeader(name))
            );
        }
    }
}

#[test]
fn method_path_query_and_body_count() {
    let vectors = vectors();
    for sample in &vectors.requests {
        let sent = Sent::from(sample);
        let mut changes = vec![sent.clone(); 6];
        changes[0].method = Method::DELETE;
        changes[1].target = sent.target.replacen("v3", "v4", 1);
        let joint = if sent.target.contains('?') { '&' } else { '?' };
        changes[2].target = format!("{}{joint}a=b", sent.target);
        changes[3].body.push(b' ');
        changes[4].body.insert(0, b'\n');
        changes[5].target = match sent.target.split_once('?') {
            Some((path, _)) => path.to_owned(),
            None => format!("{}/x", sent.target),
        };
        for changed in changes {
            assert_eq!(
                changed.verify(&vectors.secret),
                Err(Refusal::BadSignature),
                "{}",
                sample.name
            );
        }
    }
}

#[test]
fn every_byte_of_the_body_counts() {
    let (sent, secret) = sent("go-create-postcheck");
    for place in 0..sent.body.len() {
        let mut changed = sent.clone();
        changed.body[place] ^= 1;
        assert_eq!(changed.verify(&secret), Err(Refusal::BadSignature));
    }
}

#[test]
fn a_claimed_hash_must_be_that_of_the_body() {
    let (sent, secret) = sent("python-create-postcheck");
    let signed = ["host", "x-sdk-date", CONTENT_HASH_HEADER];
    let resign = |hash: &str| {
        let mut request = sent.clone();
        request.set(CONTENT_HASH_HEADER, hash);
        let made = sign(&request.parts(), "AK", &secret, &signed);
        if let Ok(header) = &made {
            request.set("authorization", header);
        }
        request
    };
    let honest = resign(&sha256(&sent.body));
    assert_eq!(honest.verify(&secret), Ok(()));
    let mut swapped = honest.clone();
    swapped.body = b"{\"something\": \"else\"}".to_vec();
    assert_eq!(swapped.verify(&secret), Err(Refusal::ContentHash));
    let unsigned = resign("UNSIGNED-PAYLOAD");
    assert_eq!(unsigned.verify(&secret), Err(Refusal::UnsignedPayload));
    assert_eq!(
        unsigned.verify_at(&secret, sent.date(), Payload::MayBeUnsigned),
        Ok(())
    );
}

#[test]
fn the_clock_may_be_a_quarter_of_an_hour_off() {
    let (sent, secret) = sent("java-show-precheck");
    let second = SignedDuration::from_secs(1);
    for (offset, accepted) in [
        (MAX_SKEW, true),
        (-MAX_SKEW, true),
        (MAX_SKEW + second, false),
        (-MAX_SKEW - second, false),
    ] {
        let verified = sent.verify_at(&secret, sent.date() + offset, Payload::Signed);
        let expected = if accepted {
            Ok(())
        } else {
            Err(Refusal::ClockSkew(MAX_SKEW + second))
        };
        assert_eq!(verified, expected, "{offset}");
    }
}

#[test]
fn the_date_must_be_signed_and_readable() {
    let (sent, secret) = sent("node-show-precheck");
    let mut unsigned = sent.clone();
    let header = sign(&sent.parts(), "AK", &secret, &["host"]).unwrap();
    unsigned.set("authorization", &header);
    assert_eq!(
        unsigned.verify_at(&secret, sent.date(), Payload::Signed),
        Err(Refusal::DateNotSigned)
    );
    for text in [
        "",
        "20261121",
        "2026-11-21T20:45:16Z",
        "20261121T204516",
        "20261321T204516Z",
        "20261121T254516Z",
        "+0261121T204516Z",
    ] {
        let mut changed = sent.clone();
        changed.set("x-sdk-date", text);
        let verified = changed.verify_at(&secret, sent.date(), Payload::Signed);
        assert_eq!(verified, Err(Refusal::DateUnreadable), "{text}");
    }
    assert_eq!(
        date_header(sent.date()),
        sent.headers["x-sdk-date"].to_str().unwrap()
    );
}

#[test]
fn other_authorizations_are_told_apart() {
    let (sent, secret) = sent("python-show-precheck");
    let verify = |header: &str| {
        let mut changed = sent.clone();
        changed.set("authorization", header);
        changed.verify(&secret).unwrap_err()
    };
    let algorithm = |name: &str| Refusal::UnknownAlgorithm(name.to_owned());
    assert_eq!(verify("Bearer abc"), algorithm("Bearer"));
    assert_eq!(verify("SDK-HMAC-SM3 Access=a"), algorithm("SDK-HMAC-SM3"));
    assert_eq!(
        verify("V11-HMAC-SHA256 Credential=a"),
        algorithm("V11-HMAC-SHA256")
    );
    for broken in [
        "SDK-HMAC-SHA256",
        "SDK-HMAC-SHA256 ",
        "SDK-HMAC-SHA256 Access=, SignedHeaders=x-sdk-date, Signature=00",
        "SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date",
        "SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date, Signature=zz",
        "SDK-HMAC-SHA256 Access=è, SignedHeaders=x-sdk-date, Signature=zz",
    ] {
        let refusal = verify(broken);
        assert!(
            matches!(refusal, Refusal::Malformed(_)),
            "{broken}: {refusal}"
        );
    }
    let mut without = sent.clone();
    without.headers.remove(AUTHORIZATION);
    assert_eq!(without.verify(&secret), Err(Refusal::MissingCredentials));
    let mut twice = sent.clone();
    twice
        .headers
        .append(AUTHORIZATION, HeaderValue::from_static("x"));
    assert!(matches!(twice.verify(&secret), Err(Refusal::Malformed(_))));
    assert_eq!(sent.verify("another secret"), Err(Refusal::BadSignature));
}
