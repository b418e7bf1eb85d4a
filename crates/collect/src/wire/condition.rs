//! Match conditions of webhooks: which namespaces they leave out, as far as plain forms say so. CEL is not evaluated.

/// Most names that one expression may give.
const MOST: usize = 100;

/// The namespaces that an expression leaves out: parts joined by `&&`, each `request.namespace != "x"` or
/// `!(request.namespace in ["x", "y"])`; any other part leaves out nothing that is known.
pub(super) fn excepted_namespaces(expression: &str) -> Vec<String> {
    if has_choice(expression) {
        return Vec::new();
    }
    let known = parts(expression).filter_map(excepted);
    known.flatten().take(MOST).collect()
}

/// Whether an expression does more than leave out the namespaces that are known.
pub(super) fn is_opaque(expression: &str) -> bool {
    let known: Option<Vec<_>> = parts(expression).map(excepted).collect();
    has_choice(expression) || known.is_none_or(|known| known.concat().len() > MOST)
}

/// An alternative may let in again what a part leaves out, and so may anything below a negation or a choice.
fn has_choice(expression: &str) -> bool {
    ["||", "?", "//"]
        .iter()
        .any(|sign| expression.contains(sign))
}

fn parts(expression: &str) -> impl Iterator<Item = &str> {
    expression.split("&&").map(str::trim)
}

/// Whether an expression is the word `false`, which holds for no request.
pub(super) fn is_never(expression: &str) -> bool {
    let bare = |text: &str| {
        let text = text.trim();
        let inner = text
            .strip_prefix('(')
            .and_then(|text| text.strip_suffix(')'));
        inner.unwrap_or(text).trim().to_owned()
    };
    bare(expression) == "false"
}

/// What a part leaves out, where that is known of all of it.
fn excepted(part: &str) -> Option<Vec<String>> {
    let nothing = || (part == "true").then(Vec::new);
    let one = one(part).map(|name| vec![name]);
    one.or_else(|| list(part)).or_else(nothing)
}

fn subject(part: &str) -> Option<&str> {
    let rest = ["request.namespace", "object.metadata.namespace"]
        .iter()
        .find_map(|name| part.strip_prefix(name))?;
    Some(rest.trim_start())
}

fn one(part: &str) -> Option<String> {
    literal(subject(part)?.strip_prefix("!=")?.trim())
}

fn list(part: &str) -> Option<Vec<String>> {
    let inner = part
        .strip_prefix('!')?
        .trim()
        .strip_prefix('(')?
        .strip_suffix(')')?
        .trim();
    let list = subject(inner)?
        .strip_prefix("in")?
        .trim()
        .strip_prefix('[')?
        .strip_suffix(']')?;
    list.split(',').map(|item| literal(item.trim())).collect()
}

/// A quoted name of a namespace.
fn literal(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let name = text.strip_prefix(quote)?.strip_suffix(quote)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (!name.is_empty() && name.len() <= 63 && name.chars().all(plain)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_forms_say_which_namespaces_are_left_out() {
        for (expression, names) in [
            ("request.namespace != 'kube-system'", &["kube-system"][..]),
            (
                r#"!(request.namespace in ["kube-system", 'kube-node-lease'])"#,
                &["kube-system", "kube-node-lease"],
            ),
            (
                "  request.namespace!='a' && object.metadata.namespace != \"b\" && true",
                &["a", "b"],
            ),
        ] {
            assert_eq!(excepted_namespaces(expression), names, "{expression}");
            assert!(!is_opaque(expression), "{expression}");
        }
    }

    #[test]
    fn what_does_more_than_leave_out_namespaces_is_opaque() {
        let many: Vec<_> = (0..=MOST).map(|one| format!("'n{one}'")).collect();
        for expression in [
            "request.namespace != 'a' && request.operation == 'CREATE'",
            "request.namespace != 'a' && false",
            &format!("!(request.namespace in [{}])", many.join(", ")),
        ] {
            assert!(!excepted_namespaces(expression).is_empty());
            assert!(is_opaque(expression), "{expression}");
        }
    }

    #[test]
    fn only_the_word_false_never_holds() {
        for (expression, never) in [
            ("false", true),
            (" ( false )\n", true),
            ("!false", false),
            ("false || true", false),
            ("'false'", false),
            ("(false) || (true)", false),
            ("", false),
        ] {
            assert_eq!(is_never(expression), never, "{expression}");
        }
    }

    #[test]
    fn anything_else_leaves_out_nothing_that_is_known() {
        for expression in [
            "",
            "request.namespace == 'kube-system'",
            "request.namespace != 'kube-system' || true",
            "!(request.namespace != 'kube-system')",
            "request.namespace in ['kube-system']",
            "request.operation == 'CREATE' ? request.namespace != 'a' : true",
            "request.namespace != 'kube-' + 'system'",
            "request.namespace != variables.hush",
            "!(request.namespace in ['a'] && request.name != 'x')",
            "request.namespace != 'Hush!'",
            "true // && request.namespace != 'a'",
            "(true\n&& request.namespace != 'a' == false)",
        ] {
            assert_eq!(excepted_namespaces(expression), [""; 0], "{expression}");
            assert!(is_opaque(expression), "{expression}");
        }
    }
}
