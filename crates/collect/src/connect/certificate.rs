//! When a client certificate ends: an API server only says that it does not know us.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use kube::config::AuthInfo;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The end of the certificate that a kubeconfig names; `None` when there is none or it cannot be read.
pub(super) fn ends(identity: &AuthInfo) -> Option<Timestamp> {
    let pem = match (
        &identity.client_certificate_data,
        &identity.client_certificate,
    ) {
        (Some(data), _) => STANDARD.decode(data).ok()?,
        (None, Some(path)) => std::fs::read(path).ok()?,
        (None, None) => return None,
    };
    let certificate = CertificateDer::pem_slice_iter(&pem).next()?.ok()?;
    not_after(&certificate)
}

/// Certificate → to-be-signed part → (version) serial, algorithm, issuer, validity → second time.
fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (signed, _) = element(certificate, SEQUENCE)?;
    let after_version = element(signed, VERSION).map_or(signed, |(_, rest)| rest);
    let (_, rest) = element(after_version, INTEGER)?;
    let (_, rest) = element(rest, SEQUENCE)?;
    let (_, rest) = element(rest, SEQUENCE)?;
    let (validity, _) = element(rest, SEQUENCE)?;
    let (_, rest) = time(validity)?;
    Some(time(rest)?.0)
}

/// The content of the first element, which must have this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    if *found != tag {
        return None;
    }
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let add = |sum: usize, byte: &u8| sum.checked_mul(256)?.checked_add(usize::from(*byte));
            (bytes.iter().try_fold(0, add)?, rest)
        }
    };
    rest.split_at_checked(length)
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

    fn end_of(year: i32) -> Option<Timestamp> {
        let authority = Authority::valid("test", (1999, 12, 31), (year, 6, 7)).unwrap();
        let identity = AuthInfo {
            client_certificate_data: Some(STANDARD.encode(authority.pem())),
            ..AuthInfo::default()
        };
        ends(&identity)
    }

    #[test]
    fn the_end_of_a_certificate_is_found_in_both_forms_of_time() {
        assert_eq!(end_of(2024), Some("2024-06-07T00:00:00Z".parse().unwrap()));
        assert_eq!(end_of(2051), Some("2051-06-07T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        assert_eq!(not_after(b""), None);
        assert_eq!(not_after(&[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(
            not_after(&[SEQUENCE, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
            None
        );
    }
}
