//! What a certificate says of itself: its days, what it is good for, how it is signed. Signatures are not verified.

use airworthy_model::facts::{CaBundle, Certificate};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// Signatures by RSA, ECDSA and DSA over SHA-1.
const SHA1: [&[u8]; 3] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05],
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01],
    &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03],
];

/// Most certificates of a bundle that are kept.
const MOST: usize = 32;

/// The certificates of a PEM text; `None` for an empty one, with which a client trusts the roots of its system.
pub(crate) fn bundle(pem: &[u8]) -> Option<CaBundle> {
    if pem.is_empty() {
        return None;
    }
    let mut bundle = CaBundle::default();
    for block in CertificateDer::pem_slice_iter(pem).take(MOST) {
        match block.ok().and_then(|der| parse(&der)) {
            Some(certificate) => bundle.certificates.push(certificate),
            None => bundle.unreadable += 1,
        }
    }
    Some(bundle)
}

/// Certificate → to-be-signed part → (version) serial, algorithm, issuer, validity, subject, key, … extensions.
pub(crate) fn parse(der: &[u8]) -> Option<Certificate> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (signed, _) = element(certificate, SEQUENCE)?;
    let after_version = element(signed, VERSION).map_or(signed, |(_, rest)| rest);
    let (_, rest) = element(after_version, INTEGER)?;
    let (algorithm, rest) = element(rest, SEQUENCE)?;
    let (algorithm, _) = element(algorithm, OBJECT_IDENTIFIER)?;
    let (_, rest) = element(rest, SEQUENCE)?;
    let (validity, rest) = element(rest, SEQUENCE)?;
    let (not_before, until) = time(validity)?;
    let (not_after, _) = time(until)?;
    let (_, rest) = element(rest, SEQUENCE)?;
    let (_, rest) = element(rest, SEQUENCE)?;
    let extensions = extensions(rest);
    Some(Certificate {
        not_before,
        not_after,
        authority: is_authority(extensions),
        alternative_names: extension(extensions, ALTERNATIVE_NAMES).is_some(),
        sha1: SHA1.contains(&algorithm),
    })
}

/// The list of extensions, empty where there is none. Unique identifiers may stand before it.
fn extensions(mut rest: &[u8]) -> &[u8] {
    while let Some((tag, content, after)) = any_element(rest) {
        if tag == EXTENSIONS {
            return element(content, SEQUENCE).map_or(&[], |(list, _)| list);
        }
        rest = after;
    }
    &[]
}

/// The value of an extension.
fn extension<'a>(mut list: &'a [u8], id: &[u8]) -> Option<&'a [u8]> {
    while let Some((one, rest)) = element(list, SEQUENCE) {
        let (found, value) = element(one, OBJECT_IDENTIFIER)?;
        let value = element(value, BOOLEAN).map_or(value, |(_, value)| value);
        if found == id {
            return element(value, OCTET_STRING).map(|(value, _)| value);
        }
        list = rest;
    }
    None
}

fn is_authority(extensions: &[u8]) -> bool {
    let constraints = extension(extensions, BASIC_CONSTRAINTS);
    let constraints = constraints.and_then(|value| element(value, SEQUENCE));
    let flag = constraints.and_then(|(content, _)| element(content, BOOLEAN));
    flag.is_some_and(|(flag, _)| flag.first().is_some_and(|byte| *byte != 0))
}

/// The content of the first element, which must have this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = any_element(der)?;
    (found == tag).then_some((content, rest))
}

fn any_element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let add = |sum: usize, byte: &u8| sum.checked_mul(256)?.checked_add(usize::from(*byte));
            (bytes.iter().try_fold(0, add)?, rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*found, content, rest))
}

fn time(der: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (text, rest) = if *der.first()? == UTC_TIME {
        let (text, rest) = element(der, UTC_TIME)?;
        // Two digits of a year: 50 and above are of the last century.
        let century = if text.first()? < &b'5' { "20" } else { "19" };
        (
            format!("{century}{}", std::str::from_utf8(text).ok()?),
            rest,
        )
    } else {
        let (text, rest) = element(der, GENERALIZED_TIME)?;
        (std::str::from_utf8(text).ok()?.to_owned(), rest)
    };
    let civil = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    Some((civil.to_zoned(TimeZone::UTC).ok()?.timestamp(), rest))
}

#[cfg(test)]
mod tests {
    use airworthy_testbed::Authority;

    use super::*;

    fn day(text: &str) -> Timestamp {
        format!("{text}T00:00:00Z").parse().unwrap()
    }

    #[test]
    fn days_in_both_forms_of_time_and_what_it_is_good_for() {
        let authority = Authority::valid("test", (1999, 12, 31), (2051, 6, 7)).unwrap();
        let leaf = authority.issue(&["web.example.com"]).unwrap();
        let pem = format!("text\n{}{}", authority.pem(), leaf.certificate);
        let bundle = bundle(pem.as_bytes()).unwrap();
        let [ca, leaf] = &bundle.certificates[..] else {
            panic!("{bundle:?}");
        };
        assert_eq!(
            (ca.not_before, ca.not_after),
            (day("1999-12-31"), day("2051-06-07"))
        );
        assert!(ca.authority && !ca.alternative_names && !ca.sha1);
        assert!(!leaf.authority && leaf.alternative_names);
    }

    /// Made with `openssl req -x509 -newkey rsa:1024 -sha1 -subj /CN=old -days 2 -addext basicConstraints=CA:FALSE`.
    #[test]
    fn signatures_over_sha1_are_told() {
        let pem = include_bytes!("certificate_sha1.pem");
        let bundle = bundle(pem).unwrap();
        let [old] = &bundle.certificates[..] else {
            panic!("{bundle:?}");
        };
        assert!(old.sha1 && !old.authority && !old.alternative_names);
    }

    #[test]
    fn what_is_no_certificate_is_counted() {
        let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(bundle(b""), None);
        assert_eq!(bundle(b"hush").unwrap(), CaBundle::default());
        assert_eq!(bundle(empty.repeat(40).as_bytes()).unwrap().unreadable, 32);
        for odd in [
            &b""[..],
            &[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[SEQUENCE, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        ] {
            assert_eq!(parse(odd), None);
        }
    }

    /// Cut anywhere or with any byte changed, it is read or not read; nothing panics.
    #[test]
    fn damaged_certificates_do_no_harm() {
        let authority = Authority::new("test").unwrap();
        let der = CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap();
        for at in 0..der.len() {
            assert_eq!(parse(&der[..at]), None);
            for byte in [0x00, 0x7f, 0x80, 0xff] {
                let mut odd = der.to_vec();
                odd[at] = byte;
                let _ = parse(&odd);
            }
        }
    }
}
