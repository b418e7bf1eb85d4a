//! When a client certificate ends: an API server only says that it does not know us.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use kube::config::AuthInfo;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use crate::certificate;

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
    let der = CertificateDer::pem_slice_iter(&pem).next()?.ok()?;
    certificate::parse(&der).map(|certificate| certificate.not_after)
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
}
