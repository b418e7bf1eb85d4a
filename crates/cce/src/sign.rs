//! Request signatures with an access key and its secret, algorithm `SDK-HMAC-SHA256`.
//!
//! The client says in its `Authorization` header which headers it has signed, so the list is taken from there; only
//! `x-sdk-date` must be among them.

mod canonical;

use aws_lc_rs::hmac;
use http::{HeaderMap, Method, header::AUTHORIZATION};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

pub use canonical::canonical_request;
pub(crate) use canonical::query_pairs;

/// The one algorithm that is understood.
pub const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// How far a request's date may be from the server's, either way.
pub const MAX_SKEW: SignedDuration = SignedDuration::from_mins(15);

/// Header that carries the date of a signature.
pub const DATE_HEADER: &str = "x-sdk-date";

/// Header that stands in for the hash of the body.
pub const CONTENT_HASH_HEADER: &str = "x-sdk-content-sha256";

/// What the content-hash header says when the body is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The parts of a request that a signature covers.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// Method.
    pub method: &'a Method,
    /// Path and query exactly as they came, not decoded.
    pub target: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

/// Whether the body must be covered by the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// It must: every JSON route.
    Signed,
    /// It need not: uploads.
    MayBeUnsigned,
}

/// Why a signature is not accepted; the text is fit to be shown to the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no `Authorization` header.
    #[error("the request has no Authorization header")]
    MissingCredentials,
    /// The header names another algorithm.
    #[error("the algorithm {0} is not supported, use {ALGORITHM}")]
    UnknownAlgorithm(String),
    /// The header is not of the form the algorithm asks for.
    #[error("the Authorization header is malformed: {0}")]
    Malformed(&'static str),
    /// The date is not covered by the signature.
    #[error("x-sdk-date is not among the signed headers")]
    DateNotSigned,
    /// The date is absent or not of the form `YYYYMMDDTHHMMSSZ`.
    #[error("x-sdk-date is absent or not of the form YYYYMMDDTHHMMSSZ")]
    DateUnreadable,
    /// The date is too far from the server's.
    #[error("x-sdk-date is {} s away from the server's clock, 900 s are allowed", .0.as_secs())]
    ClockSkew(SignedDuration),
    /// A header that is signed came more than once.
    #[error("the signed header {0} came more than once")]
    RepeatedHeader(String),
    /// The body is not covered by the signature although it must be.
    #[error("the body is not covered by the signature: send application/json")]
    UnsignedPayload,
    /// The hash in `x-sdk-content-sha256` is not that of the body.
    #[error("x-sdk-content-sha256 is not the hash of the body")]
    ContentHash,
    /// No such access key; the text does not tell it from a wrong signature.
    #[error("the access key or the signature is wrong")]
    UnknownKey,
    /// The signature does not fit; the text does not tell it from an unknown key.
    #[error("the access key or the signature is wrong")]
    BadSignature,
}

/// A parsed `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    access_key: String,
    signed_headers: String,
    signature: [u8; 32],
}

impl Authorization {
    /// Reads the `Authorization` header.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = values.next().ok_or(Refusal::MissingCredentials)?;
        if values.next().is_some() {
            return Err(Refusal::Malformed("it came more than once"));
        }
        let text = value
            .to_str()
            .map_err(|_| Refusal::Malformed("it is not ASCII"))?;
        if text.trim().is_empty() {
            return Err(Refusal::MissingCredentials);
        }
        Self::parse(text)
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let (algorithm, rest) = text.split_once(' ').unwrap_or((text, ""));
        if algorithm != ALGORITHM {
            let shown = algorithm.chars().take(40).collect();
            return Err(Refusal::UnknownAlgorithm(shown));
        }
        let mut parts = rest.split(',').map(str::trim);
        let access_key = part(parts.next(), "Access=").ok_or(Refusal::Malformed("no Access"))?;
        let signed_headers =
            part(parts.next(), "SignedHeaders=").ok_or(Refusal::Malformed("no SignedHeaders"))?;
        let signature = part(parts.next(), "Signature=")
            .and_then(unhex)
            .ok_or(Refusal::Malformed("no Signature of 64 hex digits"))?;
        if parts.next().is_some() {
            return Err(Refusal::Malformed("more than three parts"));
        }
        Ok(Self {
            access_key: access_key.to_owned(),
            signed_headers: signed_headers.to_owned(),
            signature,
        })
    }

    /// The access key the caller claims.
    pub fn access_key(&self) -> &str {
        &self.access_key
    }

    /// Verifies the signature of `request` with the secret that belongs to the access key.
    pub fn verify(
        &self,
        request: &SignedRequest<'_>,
        secret: &str,
        now: Timestamp,
        payload: Payload,
    ) -> Result<(), Refusal> {
        let date = self.date(request.headers, now)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        for hash in canonical::body_hashes(request, payload)? {
            let canonical = canonical_request(request, &self.signed_headers, &hash)?;
            let text = string_to_sign(&date, &canonical);
            if hmac::verify(&key, text.as_bytes(), &self.signature).is_ok() {
                return Ok(());
            }
        }
        Err(Refusal::BadSignature)
    }

    fn date(&self, headers: &HeaderMap, now: Timestamp) -> Result<String, Refusal> {
        if !self.signed_headers.split(';').any(|it| it == DATE_HEADER) {
            return Err(Refusal::DateNotSigned);
        }
        let text = headers.get(DATE_HEADER).and_then(|it| it.to_str().ok());
        let text = text.ok_or(Refusal::DateUnreadable)?;
        let skew = now
            .duration_since(parse_date(text).ok_or(Refusal::DateUnreadable)?)
            .abs();
        if skew > MAX_SKEW {
            return Err(Refusal::ClockSkew(skew));
        }
        Ok(text.to_owned())
    }
}

/// The `Authorization` header for `request`, whose headers already carry the date, signing the named headers.
pub fn sign(
    request: &SignedRequest<'_>,
    access_key: &str,
    secret: &str,
    signed_headers: &[&str],
) -> Result<String, Refusal> {
    let mut names: Vec<String> = signed_headers.iter().map(|it| it.to_lowercase()).collect();
    names.sort_unstable();
    let names = names.join(";");
    let hash = canonical::body_hash(request, Payload::MayBeUnsigned)?;
    let canonical = canonical_request(request, &names, &hash)?;
    let date = request
        .headers
        .get(DATE_HEADER)
        .and_then(|it| it.to_str().ok())
        .ok_or(Refusal::DateUnreadable)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hmac::sign(&key, string_to_sign(date, &canonical).as_bytes());
    Ok(format!(
        "{ALGORITHM} Access={access_key}, SignedHeaders={names}, Signature={}",
        canonical::hex(signature.as_ref())
    ))
}

/// An instant in the spelling of the date header.
pub fn date_header(instant: Timestamp) -> String {
    instant.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn string_to_sign(date: &str, canonical: &[u8]) -> String {
    format!("{ALGORITHM}\n{date}\n{}", canonical::sha256(canonical))
}

fn part<'a>(part: Option<&'a str>, name: &str) -> Option<&'a str> {
    part?.strip_prefix(name).filter(|value| !value.is_empty())
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (nibble(pair[0])? << 4) | nibble(pair[1])?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn parse_date(text: &str) -> Option<Timestamp> {
    let shape = text.bytes().enumerate().all(|(place, byte)| match place {
        8 => byte == b'T',
        15 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    });
    if !shape || text.len() != 16 {
        return None;
    }
    let civil = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
}
