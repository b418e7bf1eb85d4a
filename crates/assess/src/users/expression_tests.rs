use serde_json::json;

use super::*;

fn pod() -> Json {
    item(json!({
        "namespace": "shop", "name": "web", "ready": false, "restarts": 7,
        "labels": [["app", "web"], ["tier", "front"]],
        "containers": [{"name": "c", "image": "example.com/web:latest"}, {"name": "d", "image": "example.com/side:1"}],
    }))
}

fn way() -> Json {
    json!({"from": "1.31", "fromMinor": 31, "target": "1.32", "targetMinor": 32})
}

fn holds(text: &str) -> Result<bool, String> {
    Expression::parse(text)?.holds(&pod(), &way())
}

#[test]
fn expressions_say_yes_or_no() {
    for (text, expected) in [
        ("item.namespace == 'shop' && !item.ready", true),
        ("item.restarts > 5 && item.restarts < 8", true),
        ("item.labels.app == 'web' && 'tier' in item.labels", true),
        ("has(item.labels.gone)", false),
        (
            "item.containers.exists(c, c.image.endsWith(':latest'))",
            true,
        ),
        (
            "item.containers.all(c, c.image.startsWith('example.com/'))",
            true,
        ),
        (
            "item.containers.filter(c, c.image.contains('side')).size() == 1",
            true,
        ),
        ("item.containers.map(c, c.name) == ['c', 'd']", true),
        ("item.name.matches('^w.b$')", true),
        ("path.targetMinor >= 32 && path.fromMinor < 32", true),
        ("path.target == '1.33'", false),
        // Numbers of the facts and of the expression are of one kind.
        ("path.fromMinor + 1 == path.targetMinor", true),
        ("item.restarts % 2 == 1 && -item.restarts < 0", true),
    ] {
        assert_eq!(holds(text), Ok(expected), "{text}");
    }
}

/// What cannot be decided is never a no.
#[test]
fn a_wrong_type_is_an_error() {
    for text in [
        "item.gone",
        "item.name > 3",
        "item.name",
        "1",
        "item.containers[9].name == 'x'",
        "item.containers.exists(c, c.gone == 'x')",
        "1 / 0 == 1",
        "9223372036854775807 + 1 == 1",
        "-(-9223372036854775807 - 1) == 1",
        "(-9223372036854775807 - 1) / -1 == 1",
        "(-9223372036854775807 - 1) % -1 == 1",
        "item.name.matches('(')",
        "item.name.matches('(a{1000}){1000}')",
        "item.name.nofunction()",
        "int('x') == 1",
    ] {
        assert!(holds(text).is_err(), "{text}: {:?}", holds(text));
    }
}

#[test]
fn what_is_no_expression_is_refused() {
    for (text, said) in [
        ("", ""),
        ("item.", ""),
        ("item.name ==", ""),
        ("'", ""),
        ("itme.name == 'x'", "\"itme\""),
        ("item.containers.exists(c, d.name == 'x')", "\"d\""),
        ("[1].exists(x, true) && x == 1", ""),
    ] {
        let refused = Expression::parse(text).and_then(|it| it.holds(&pod(), &way()));
        let error = refused.expect_err(text);
        assert!(error.contains(said), "{text}: {error}");
    }
}

/// Each of these would be deep, long or wide enough to end the process or the day.
#[test]
fn what_is_beyond_the_bounds_is_read_and_never_run() {
    let within = |open: &str, inner: &str, close: &str, times| {
        open.repeat(times) + inner + &close.repeat(times)
    };
    for text in [
        format!("item.name == '{}'", "x".repeat(MOST_CHARACTERS)),
        within("[", "1", "]", 400) + " == []",
        within("{1:", "1", "}", 100) + " == {}",
        within("size(", "1", ")", 100) + " == 1",
        "[".repeat(900),
        format!("1{} == 1", "+1".repeat(40)),
        format!("1{} == 1", "+1".repeat(300)),
        format!("item{} == 1", ".a".repeat(300)),
        "true?1:".repeat(100) + "1 == 1",
        "1 in [".repeat(100) + "1",
        "item.containers.all(a, item.containers.all(b, item.containers.all(c, true)))".to_owned(),
    ] {
        let read = Expression::parse(&text).unwrap_or_else(|error| panic!("{text:.60}: {error}"));
        assert!(read.too_large().is_some(), "{text:.60}");
        assert!(read.holds(&pod(), &way()).is_err());
        assert_eq!(read.cost(&pod()), u64::MAX);
    }
}

/// At the bounds themselves it runs, on the small stack of a test's thread.
#[test]
fn what_is_within_the_bounds_fits_the_stack() {
    for text in [
        format!("1{} == 29", "+1".repeat(28)),
        "!".repeat(900) + "true",
        "-".repeat(900) + "1 == 1",
        "false".to_owned() + &"||item.ready".repeat(80) + "||true",
        "item.containers.all(a, item.containers.all(b, a.name != '' && b.name != ''))".to_owned(),
        format!("{}true{}", "(".repeat(400), ")".repeat(400)),
    ] {
        assert_eq!(holds(&text), Ok(true), "{text:.60}");
    }
}

#[test]
fn larger_items_and_loops_cost_more() {
    let cost = |text: &str, item: &Json| Expression::parse(text).unwrap().cost(item);
    let large = json!({"name": "x", "containers": vec![json!({"name": "c"}); 1000]});
    let plain = "item.name == 'x'";
    assert_eq!(cost(plain, &pod()), cost(plain, &large));
    let (once, twice) = (
        "item.containers.exists(c, c.name == 'x')",
        "item.containers.exists(c, item.containers.exists(d, c.name == d.name))",
    );
    assert!(cost(once, &large) > 1000 && cost(once, &large) > 50 * cost(once, &pod()));
    assert!(cost(twice, &large) > 1_000_000);
    assert!(cost("item.name.matches('x')", &pod()) > 10 * cost(plain, &pod()));
    let long = json!({"name": "x".repeat(1 << 20)});
    assert!(cost(plain, &long) > 1000 * cost(plain, &pod()));
}
