//! How Kubernetes wants IP addresses and CIDRs to be written.

use std::net::{IpAddr, Ipv4Addr};

/// What strict validation (on by default since 1.36) wants instead of an address or CIDR that older API servers took; `None` for
/// what it takes as it is, and for what is no address at all. Refused are leading zeros, IPv4 addresses written as IPv6, and bits
/// beyond the prefix of a CIDR; IPv6 addresses in a longer form than need be are not.
pub fn strict_form(text: &str) -> Option<String> {
    let Some((address, prefix)) = text.split_once('/') else {
        let strict = lenient(text)?.to_string();
        return (!is_strict(text)).then_some(strict);
    };
    let mapped = is_mapped(address);
    let address_is_strict = is_strict(address);
    let address = lenient(address)?;
    let digits =
        !prefix.is_empty() && prefix.len() <= 6 && prefix.bytes().all(|b| b.is_ascii_digit());
    let length: u32 = digits.then(|| prefix.parse().ok())??;
    let length = match length.checked_sub(96) {
        _ if !mapped => length,
        Some(length) => length,
        // What such a prefix leaves of the address is nothing.
        None => return Some(format!("::/{length}")),
    };
    let masked = masked(address, length)?;
    let strict =
        address_is_strict && masked == address && (prefix == "0" || !prefix.starts_with('0'));
    (!strict).then(|| format!("{masked}/{length}"))
}

/// An address as older API servers read it: leading zeros are passed over, and IPv4 written as IPv6 is IPv4.
fn lenient(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Some((head, tail)) = text.rsplit_once(':') {
        let tail = octets(tail)?;
        let address: IpAddr = format!("{head}:{tail}").parse().ok()?;
        return Some(address.to_canonical());
    }
    octets(text).map(IpAddr::V4)
}

fn octets(text: &str) -> Option<Ipv4Addr> {
    let octet = |part: &str| {
        let sane = !part.is_empty() && part.len() <= 16 && part.bytes().all(|b| b.is_ascii_digit());
        sane.then(|| part.trim_start_matches('0'))
            .and_then(|digits| {
                if digits.is_empty() {
                    Some(0)
                } else {
                    digits.parse::<u8>().ok()
                }
            })
    };
    let mut parts = text.split('.');
    let four = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    if parts.next().is_some() {
        return None;
    }
    let [a, b, c, d] = four.map(octet);
    Some(Ipv4Addr::new(a?, b?, c?, d?))
}

fn is_mapped(text: &str) -> bool {
    text.contains(':') && lenient(text).is_some_and(|address| address.is_ipv4())
}

fn is_strict(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() && !is_mapped(text)
}

fn masked(address: IpAddr, length: u32) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(v4) => {
            let host = 32u32.checked_sub(length)?;
            let mask = u32::MAX.checked_shl(host).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let host = 128u32.checked_sub(length)?;
            let mask = u128::MAX.checked_shl(host).unwrap_or(0);
            std::net::Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strict_validation_refuses_has_another_form() {
        for (loose, strict) in [
            ("010.000.0.1", "10.0.0.1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::ffff:10.0.0.01", "10.0.0.1"),
            ("::FFFF:a00:1", "10.0.0.1"),
            ("10.0.0.7/24", "10.0.0.0/24"),
            ("10.0.0.0/024", "10.0.0.0/24"),
            ("10.00.0.0/24", "10.0.0.0/24"),
            ("2001:db8::1/64", "2001:db8::/64"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:10.0.0.0/24", "::/24"),
            ("10.0.0.1/0", "0.0.0.0/0"),
        ] {
            assert_eq!(strict_form(loose).as_deref(), Some(strict), "{loose}");
        }
    }

    #[test]
    fn what_it_takes_and_what_is_no_address_has_none() {
        for text in [
            "10.0.0.1",
            "0.0.0.0",
            "2001:db8::1",
            "2001:DB8:0:0:0:0:0:1",
            "FE80:0abc:0:0:0:0:0:0/64",
            "10.0.0.0/24",
            "0.0.0.0/0",
            "::/0",
            "10.0.0.1/32",
            "",
            "/",
            "name.example.com",
            "10.0.0",
            "10.0.0.0.0",
            "10.0.0.256",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "1.2.3.4/99999999999",
            "é",
            "1.2.3.٤",
        ] {
            assert_eq!(strict_form(text), None, "{text}");
        }
    }
}
