//! Requests that can be changed part by part, and those that the SDKs were seen to send.

use std::fmt::Write as _;

use airworthy_cce::sign::{Authorization, Payload, Refusal, SignedRequest};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header::AUTHORIZATION};
use jiff::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Vectors {
    pub(crate) access_key: String,
    pub(crate) secret: String,
    pub(crate) canonical: Vec<Sample>,
    pub(crate) requests: Vec<Sample>,
}

#[derive(Deserialize, Clone)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    #[serde(default)]
    pub(crate) canonical: String,
    #[serde(default)]
    pub(crate) sha256: String,
}

/// A request that can be changed part by part.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Sent {
    pub(crate) fn parts(&self) -> SignedRequest<'_> {
        SignedRequest {
            method: &self.method,
            target: &self.target,
            headers: &self.headers,
            body: &self.body,
        }
    }

    pub(crate) fn verify_at(
        &self,
        secret: &str,
        now: Timestamp,
        payload: Payload,
    ) -> Result<(), Refusal> {
        Authorization::from_headers(&self.headers)?.verify(&self.parts(), secret, now, payload)
    }

    /// Verifies with the server's clock at the request's own date.
    pub(crate) fn verify(&self, secret: &str) -> Result<(), Refusal> {
        self.verify_at(secret, self.date(), Payload::Signed)
    }

    pub(crate) fn date(&self) -> Timestamp {
        let text = self.headers["x-sdk-date"].to_str().unwrap();
        jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text)
            .unwrap()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .unwrap()
            .timestamp()
    }

    pub(crate) fn authorization(&self) -> String {
        self.headers[AUTHORIZATION].to_str().unwrap().to_owned()
    }

    pub(crate) fn signed_headers(&self) -> Vec<String> {
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

    pub(crate) fn set(&mut self, name: &str, value: &str) {
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

pub(crate) fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

pub(crate) fn sent(name: &str) -> (Sent, String) {
    let vectors = vectors();
    let sample = vectors.requests.iter().find(|it| it.name == name).unwrap();
    (Sent::from(sample), vectors.secret)
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

pub(crate) fn hmac(secret: &str, text: &str) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    hex(aws_lc_rs::hmac::sign(&key, text.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("memory takes it");
        text
    })
}
