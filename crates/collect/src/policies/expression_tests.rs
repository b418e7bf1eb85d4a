use serde_json::json;

use super::*;

fn successor() -> Successor {
    let write =
        json!({ "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:containers": {}}} });
    let metadata = json!({
        "creationTimestamp": "2026-01-01T00:00:00Z", "namespace": "shop", "name": "web-1", "uid": "u",
        "labels": {"app": "web"}, "managedFields": [write],
    });
    let spec = json!({ "nodeName": "n1", "hostNetwork": true, "containers": [{"name": "a", "image": "example.com/a:1"}, {"name": "b", "image": "example.com/b"}] });
    let namespace = json!({ "metadata": {"name": "shop", "labels": {"team": "blue"}} });
    Successor::of(&json!({ "metadata": metadata, "spec": spec }), &namespace).unwrap()
}

fn run(text: &str) -> Answer {
    let expression = Expression::read(text, &Variables::new());
    expression.map_or(Answer::Unclear, |one| one.run(&successor()))
}

#[test]
fn what_is_certain_is_said() {
    for (text, result) in [
        (
            "object.kind == 'Pod' && request.operation == 'CREATE'",
            Answer::Holds,
        ),
        ("object.spec.hostNetwork == false", Answer::Fails),
        ("object.metadata.labels['app'] == 'web'", Answer::Holds),
        ("object.metadata.labels['tier'] == 'web'", Answer::Breaks),
        ("object.spec.securityContext.runAsNonRoot", Answer::Breaks),
        (
            "!has(object.spec.securityContext) || object.spec.securityContext.runAsNonRoot",
            Answer::Holds,
        ),
        (
            "object.spec.containers.all(c, c.image.contains(':'))",
            Answer::Fails,
        ),
        (
            "object.spec.containers.exists(c, c.image.matches('^example[.]com/[a-z]+$'))",
            Answer::Holds,
        ),
        ("oldObject == null", Answer::Holds),
        (
            "namespaceObject.metadata.labels.team == 'blue'",
            Answer::Holds,
        ),
        (
            "(object.kind == 'Pod' ? object.spec : object.spec.template.spec).hostNetwork",
            Answer::Holds,
        ),
    ] {
        assert_eq!(run(text), result, "{text}");
    }
}

#[test]
fn what_is_not_certain_is_not_said() {
    for text in [
        "object.metadata.name == 'web-1'",
        "has(object.metadata.uid)",
        "object.metadata == object.metadata",
        "object == object",
        "has(object.spec.nodeName)",
        "has((true ? object.spec : object.spec).nodeName)",
        "object['spec']['nodeName'] == 'n1'",
        "(true ? object.spec : object.spec)['nodeName'] == 'n1'",
        "object.status.phase == 'Pending'",
        "request.userInfo.username == 'me'",
        "authorizer.group('').resource('pods').check('create').allowed()",
        "params.replicas > 3",
        "variables.gone",
        "quantity('1').isLessThan(quantity('2'))",
        "object.spec.containers.map(request, request).size() == 2",
        "object.spec.containers[0].image.matches('\\\\d')",
        "object.spec.containers[0].image.matches('[a[b]]')",
        "object.spec.containers[0].image.matches(object.kind)",
        "object.spec.containers[7].name == 'a'",
        "object.spec.hostNetwork",
        "object.kind",
        "1 +",
        "",
    ] {
        let clear = text == "object.spec.hostNetwork";
        let result = run(text);
        assert_eq!(result == Answer::Unclear, !clear, "{text}: {result:?}");
    }
}

#[test]
fn beyond_the_bounds_nothing_is_run() {
    let deep = format!("{}true{} == 1", "[".repeat(60), "]".repeat(60));
    let deeper = format!("{}true{}", "(".repeat(1_990), ")".repeat(1_990));
    let not = format!("{}true", "!(".repeat(1_300));
    let long = format!("true{}", " || true".repeat(500));
    let wide = format!("[{}].size() == 1", "1,".repeat(2_000));
    let each = "object.spec.containers.all(a, object.spec.containers.all(b, object.spec.containers.all(c, object.spec.containers.all(d, true))))";
    for text in [&deep, &not, &long, &wide, each] {
        assert_eq!(run(text), Answer::Unclear, "{}", &text[..20]);
    }
    // Brackets alone are no parts.
    assert!(matches!(run(&deeper), Answer::Unclear | Answer::Holds));
}

#[test]
fn variables_that_grow_are_bounded() {
    let mut variables = Variables::new();
    for step in 0..40 {
        let before = format!("variables.v{} + variables.v{}", step - 1, step - 1);
        let text = if step == 0 { "'ab'" } else { &before };
        let Some(read) = read(text, &variables) else {
            assert!(step > 4 && step < 12, "{step}");
            return;
        };
        variables.insert(format!("v{step}"), read);
    }
    panic!("a variable of 2^40 parts");
}

#[test]
fn what_was_written_later_is_not_looked_at() {
    let mut later = successor();
    later.changed = vec!["labels"];
    let on = |text: &str| {
        Expression::read(text, &Variables::new())
            .unwrap()
            .run(&later)
    };
    assert_eq!(on("object.metadata.labels.app == 'web'"), Answer::Unclear);
    assert_eq!(on("object.spec.hostNetwork"), Answer::Holds);
}
