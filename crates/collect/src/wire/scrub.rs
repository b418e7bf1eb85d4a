//! Texts that somebody wrote for people, without what looks like a credential. Conditions and answers may quote anything that a program had at
//! hand; they are shown as evidence, so what must not be shown has to go here.

/// What stands in the place of what was taken out.
const MASK: &str = "***";

/// Parts of names behind which a secret stands.
const NAMES: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "credential",
    "authorization",
];
/// What well-known credentials begin with.
const STARTS: [&str; 9] = [
    "eyJ",
    "AKIA",
    "ASIA",
    "ghp_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk-",
];
/// Shortest credential that is known by its beginning: words are shorter.
const SHORTEST: usize = 12;
/// Most of a text that is looked at: what people are shown of it is far shorter.
const MOST_BYTES: usize = 8 << 10;
/// Words after which the next one is a credential.
const SCHEMES: [&str; 3] = ["bearer", "basic", "digest"];

/// The text with credentials taken out: values of names that say secret, user and password of addresses, what follows `Bearer`, private
/// keys, and what begins as well-known tokens do. Of a text that is too long its beginning.
pub(crate) fn scrub(text: String) -> String {
    let text = beginning(text);
    if !may_hold(&text) {
        return text;
    }
    let text = without_keys(&text);
    let mut next = false;
    let words: Vec<_> = text
        .split(' ')
        .map(|word| {
            let (clean, follows) = if next && !word.is_empty() {
                (MASK.to_owned(), is_scheme(word))
            } else {
                word_without(word)
            };
            next = follows || (next && word.is_empty());
            clean
        })
        .collect();
    words.join(" ")
}

/// Most texts hold nothing of the kind, and are not touched.
fn may_hold(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let named = || {
        NAMES
            .iter()
            .chain(&SCHEMES)
            .any(|name| lower.contains(name))
    };
    let begun = || STARTS.iter().any(|start| text.contains(start));
    lower.contains("-----begin") || text.contains("://") || begun() || named()
}

/// The beginning of a text that is too long to be looked at whole. The word that is cut in two is taken out: whether it is a credential
/// may be said by what is no longer there.
fn beginning(text: String) -> String {
    if text.len() <= MOST_BYTES {
        return text;
    }
    let kept = &text[..text.floor_char_boundary(MOST_BYTES)];
    let whole = kept.rfind([' ', '\t', '\n']).map_or(0, |at| at + 1);
    format!("{}{MASK}", &kept[..whole])
}

/// A private key from its first line to its last, or to the end of the text where that was cut off.
fn without_keys(mut text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    while let Some(begin) = text.find("-----BEGIN") {
        clean.push_str(&text[..begin]);
        clean.push_str(MASK);
        text = key_end(&text[begin..]).map_or("", |end| &text[begin + end..]);
    }
    clean.push_str(text);
    clean
}

/// Where the key ends that a text begins with.
fn key_end(text: &str) -> Option<usize> {
    let tail = text.find("-----END")? + "-----END".len();
    let dashes = text[tail..].find("-----")?;
    Some(tail + dashes + "-----".len())
}

/// One word without its credentials, and whether the next word is one.
fn word_without(word: &str) -> (String, bool) {
    if is_scheme(word) {
        return (word.to_owned(), true);
    }
    if let Some(clean) = without_user(word) {
        return word_without(&clean);
    }
    let mut clean = String::with_capacity(word.len());
    let mut name = "";
    let mut follows = false;
    for part in word.split_inclusive([
        '=', ':', '&', '?', ';', ',', '"', '\'', '{', '}', '\n', '\t',
    ]) {
        let (value, sign) = cut_sign(part);
        if names_secret(name) && !value.is_empty() || is_token(value) {
            clean.push_str(MASK);
        } else {
            clean.push_str(value);
        }
        clean.extend(sign);
        // A quote may stand between the name, its sign and its value.
        match sign {
            Some('"' | '\'') if value.is_empty() => (),
            Some('"' | '\'' | '=' | ':') if names_secret(value) => name = value,
            Some('=' | ':') if value.is_empty() => (),
            _ => name = "",
        }
        follows = names_secret(name) && matches!(sign, Some('=' | ':'));
    }
    (clean, follows)
}

fn cut_sign(part: &str) -> (&str, Option<char>) {
    match part.char_indices().next_back() {
        Some((at, sign)) if !sign.is_alphanumeric() && "=:&?;,\"'{}\n\t".contains(sign) => {
            (&part[..at], Some(sign))
        }
        _ => (part, None),
    }
}

/// Whether a credential follows: `Bearer`, `Basic`.
fn is_scheme(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    SCHEMES
        .iter()
        .any(|scheme| bare.eq_ignore_ascii_case(scheme))
}

/// An address without its user and password, where it has them.
fn without_user(word: &str) -> Option<String> {
    let (scheme, rest) = word.split_once("://")?;
    let end = rest.find(['/', '?', '#', '"', '\'']).unwrap_or(rest.len());
    let at = rest[..end].rfind('@')?;
    Some(format!("{scheme}://{}", &rest[at + 1..]))
}

fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // The name of a kind is no name of a secret: "secret \"web\" not found" must stay readable.
    name != "secret" && name != "secrets" && NAMES.iter().any(|part| name.ends_with(part))
}

fn is_token(value: &str) -> bool {
    let value = value.trim_start_matches(['"', '\'', '(', '[']);
    value.len() >= SHORTEST && STARTS.iter().any(|start| value.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_go_and_the_rest_stays() {
        for (text, clean) in [
            (
                "a -----BEGIN X-----a-----END X----- b -----BEGIN Y-----b-----END Y----- c",
                "a *** b *** c",
            ),
            (
                "dial postgres://jane:hush@db:5432/shop failed",
                "dial postgres://db:5432/shop failed",
            ),
            (
                "refused: password=hush user=jane",
                "refused: password=*** user=jane",
            ),
            (
                "header Authorization: Bearer hush was sent",
                "header Authorization: *** *** was sent",
            ),
            ("sent Bearer hush to it", "sent Bearer *** to it"),
            (
                r#"body {"token":"hush","name":"web"}"#,
                r#"body {"token":"***","name":"web"}"#,
            ),
            (
                "get https://h/x?access_token=hush&page=2",
                "get https://h/x?access_token=***&page=2",
            ),
            ("db-password: hush is wrong", "db-password: *** is wrong"),
            (
                "key -----BEGIN PRIVATE KEY----- hush -----END PRIVATE KEY----- read",
                "key *** read",
            ),
            ("key -----BEGIN PRIVATE KEY----- hush", "key ***"),
            ("got eyJhbGciOiJIUzI1NiJ9.hush.x back", "got *** back"),
            ("with AKIAHUSHHUSHHUSH", "with ***"),
            ("client_secret='hush'", "client_secret='***'"),
            ("", ""),
        ] {
            let scrubbed = scrub(text.to_owned());
            assert_eq!(scrubbed, clean);
        }
    }

    #[test]
    fn as_many_keys_as_one_likes_are_taken_out() {
        let keys = |key: &str| scrub(key.repeat(200_000));
        assert_eq!(keys("-----BEGIN-----END-----"), MASK);
        let apart = keys("-----BEGIN-----END----- ");
        assert!(apart.starts_with("*** *** ***"), "{apart:.80}");
        assert!(apart.len() < MOST_BYTES, "{}", apart.len());
        assert_eq!(keys("-----BEGIN "), MASK);
    }

    /// Whatever is cut in two at the bound may be a credential by what is no longer there.
    #[test]
    fn what_the_bound_cuts_in_two_is_taken_out() {
        for cut in [
            "postgres://jane:hush@db",
            "eyJhush.hush.hush",
            "hush://jane:h,\"us\"h@db",
            "password=hush\u{1f511}\u{3000}",
        ] {
            for shift in 0..=cut.len() {
                let lead = format!("{} ", "x".repeat(MOST_BYTES - shift - 1));
                let scrubbed = scrub(format!("{lead}{cut} and more"));
                assert_eq!(scrubbed, format!("{lead}{MASK}"), "{cut} at {shift}");
            }
        }
        let one_word = "x".repeat(MOST_BYTES + 1);
        assert_eq!(scrub(one_word), MASK);
    }

    #[test]
    fn what_people_must_read_stays() {
        for text in [
            "secret \"web-tls\" not found",
            "failing or missing response from https://10.0.0.7:443/apis/metrics.k8s.io/v1beta1: Get \"https://10.0.0.7:443\": dial tcp: i/o timeout",
            "the server could not find the metric cpu for pods",
            "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}",
            "kubelet is posting ready status",
        ] {
            assert_eq!(scrub(text.to_owned()), text);
        }
    }
}
