//! What the four SDKs sent is accepted as it was sent, and our own signatures are theirs.

use airworthy_cce::sign::{Authorization, Payload, canonical_request, sign};

use crate::sent::{Sent, hmac, sha256, vectors};

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
        if hash != "UNSIGNED-PAYLOAD" {
            assert_eq!(sha256(&sent.body), hash, "{}", sample.name);
        }
        let date = sent.headers["x-sdk-date"].to_str().unwrap();
        let to_sign = format!("SDK-HMAC-SHA256\n{date}\n{}", sample.sha256);
        let signature = format!("Signature={}", hmac(&vectors.secret, &to_sign));
        assert!(
            sent.authorization().ends_with(&signature),
            "{}",
            sample.name
        );
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
