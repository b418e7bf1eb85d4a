//! What was sent is refused once anything in it has changed.

use airworthy_cce::sign::{CONTENT_HASH_HEADER, MAX_SKEW, Payload, Refusal, date_header, sign};
use http::{HeaderName, HeaderValue, Method, header::AUTHORIZATION};
use jiff::SignedDuration;

use crate::sent::{Sent, sent, sha256, vectors};

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
fn no_body_needs_no_cover() {
    let (mut sent, secret) = sent("python-create-postcheck");
    let signed = ["host", "x-sdk-date"];
    sent.body.clear();
    sent.headers.remove(CONTENT_HASH_HEADER);
    // Python's way: the header stands there, the hash of nothing is signed.
    let header = sign(&sent.parts(), "AK", &secret, &signed).unwrap();
    sent.set("authorization", &header);
    sent.set(CONTENT_HASH_HEADER, "UNSIGNED-PAYLOAD");
    assert_eq!(sent.verify(&secret), Ok(()));
    // The other way: its text is signed.
    let header = sign(&sent.parts(), "AK", &secret, &signed).unwrap();
    sent.set("authorization", &header);
    assert_eq!(sent.verify(&secret), Ok(()));
    assert_eq!(sent.verify("other"), Err(Refusal::BadSignature));
    sent.body = b"{}".to_vec();
    assert_eq!(sent.verify(&secret), Err(Refusal::UnsignedPayload));
}

#[test]
fn an_empty_header_is_no_signature() {
    let (mut sent, secret) = sent("python-create-postcheck");
    sent.set("authorization", " ");
    assert_eq!(sent.verify(&secret), Err(Refusal::MissingCredentials));
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

#[test]
fn other_algorithms_are_named_and_refused() {
    let (sent, secret) = sent("python-show-precheck");
    let signed = "SignedHeaders=content-type;host;user-agent;x-project-id;x-sdk-date";
    let first = "Access=TESTAK0123456789ABCD";
    let derived = "Credential=TESTAK0123456789ABCD/20241112/local-1/cce";
    for (algorithm, credential, signature) in [
        (
            "V11-HMAC-SHA256",
            derived,
            "a4a636ae74e5d0eb63019b55a8935fbaf5ae98ba7c2d9295bcb1bb1485a5b303",
        ),
        (
            "SDK-HMAC-SM3",
            first,
            "0b4d21e36c6bb1a710e72e37ca09b9f090e5edec2db44f909d028f738243b9bd",
        ),
        ("SDK-ECDSA-P256-SHA256", first, "3045022100"),
        ("SDK-SM2-SM3", first, "3045022100"),
        ("sdk-hmac-sha256", first, "00"),
        ("Bearer", first, "00"),
        ("", first, "00"),
    ] {
        let mut changed = sent.clone();
        let header = format!("{algorithm} {credential}, {signed}, Signature={signature}");
        changed.set("authorization", &header);
        let refusal = changed.verify(&secret).unwrap_err();
        // Without a name the next word stands in its place.
        let named = if algorithm.is_empty() {
            "Access=TESTAK0123456789ABCD,"
        } else {
            algorithm
        };
        assert_eq!(refusal, Refusal::UnknownAlgorithm(named.to_owned()));
        assert!(
            refusal.to_string().contains("use SDK-HMAC-SHA256"),
            "{refusal}"
        );
    }
}

#[test]
fn parts_of_the_header_come_once_and_in_order() {
    let (sent, secret) = sent("python-show-precheck");
    let text = sent.authorization();
    let (_, rest) = text.split_once(' ').unwrap();
    let parts: Vec<&str> = rest.split(", ").collect();
    let [access, signed, signature] = parts[..] else {
        panic!("{text}");
    };
    for broken in [
        format!("{signed}, {access}, {signature}"),
        format!("{access}, {signature}"),
        format!("{access}, {signed}, {signature}, {signature}"),
        format!("{access}, {access}, {signed}, {signature}"),
        format!("{access} {signed} {signature}"),
        format!("{access}, {signed}, {signature}0"),
        format!("{access}, {signed}, {}", signature.to_uppercase()),
        format!("{access}, {signed}, {}", signature.replace('=', "= ")),
    ] {
        let mut changed = sent.clone();
        changed.set("authorization", &format!("SDK-HMAC-SHA256 {broken}"));
        let refusal = changed.verify(&secret).unwrap_err();
        assert!(
            matches!(refusal, Refusal::Malformed(_)),
            "{broken}: {refusal}"
        );
    }
    for broken in [
        format!("{access}, {signed};x-note, {signature}"),
        format!("{access}, {}, {signature}", signed.replace("host;", "")),
        format!("{access}, {}, {signature}", signed.replace("host", "Host")),
        format!(
            "{access}, {}, {signature}",
            signed.replace("content-type;host", "host;content-type")
        ),
        format!("{access}, {signed};, {signature}"),
    ] {
        let mut changed = sent.clone();
        changed.set("authorization", &format!("SDK-HMAC-SHA256 {broken}"));
        assert_eq!(
            changed.verify(&secret),
            Err(Refusal::BadSignature),
            "{broken}"
        );
    }
}

#[test]
fn a_second_date_or_hash_is_refused_signed_or_not() {
    let (sent, secret) = sent("python-create-postcheck");
    let appended = |name: &'static str, values: &[&str]| {
        let mut changed = sent.clone();
        for value in values {
            changed
                .headers
                .append(HeaderName::from_static(name), value.parse().unwrap());
        }
        changed.verify(&secret)
    };
    let date = sent.headers["x-sdk-date"].to_str().unwrap();
    let repeated = |name: &str| Err(Refusal::RepeatedHeader(name.to_owned()));
    assert_eq!(appended("x-sdk-date", &[date]), repeated("x-sdk-date"));
    let hash = sha256(&sent.body);
    assert_eq!(
        appended(CONTENT_HASH_HEADER, &[&hash, &hash]),
        repeated(CONTENT_HASH_HEADER)
    );
    // One that nobody signed must still be that of the body.
    assert_eq!(appended(CONTENT_HASH_HEADER, &[&hash]), Ok(()));
    assert_eq!(
        appended(CONTENT_HASH_HEADER, &["UNSIGNED-PAYLOAD"]),
        Err(Refusal::UnsignedPayload)
    );
    assert_eq!(
        appended(CONTENT_HASH_HEADER, &[&sha256(b"")]),
        Err(Refusal::ContentHash)
    );
}
