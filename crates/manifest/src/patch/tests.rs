use airworthy_knowledge::Knowledge;
use airworthy_model::Minor;

use super::*;

fn fixed(text: &str, target: u16) -> Fixed {
    fix(
        text.as_bytes(),
        Knowledge::embedded(),
        Minor::v1(target),
        Reach::Removed,
    )
}

/// A text afterwards; nothing may be left.
fn after(text: &str, target: u16) -> String {
    let fixed = fixed(text, target);
    assert_eq!(fixed.left, []);
    String::from_utf8(fixed.text).expect("text stays text")
}

#[test]
fn an_ingress_keeps_its_comments_and_its_order() {
    let text = "\
# the front door
apiVersion: networking.k8s.io/v1beta1 # old
kind: Ingress
metadata:
  name: web
spec:
  backend:
    serviceName: fallback
    servicePort: http
  rules:
  - host: example.com # ours
    http:
      paths:
      - backend:
          serviceName: web # the shop
          servicePort: 80
        path: /
      - {path: /x, backend: {serviceName: x, servicePort: \"81\"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: untouched}
";
    let expected = "\
# the front door
apiVersion: networking.k8s.io/v1 # old
kind: Ingress
metadata:
  name: web
spec:
  defaultBackend:
    service:
      name: fallback
      port:
        name: http
  rules:
  - host: example.com # ours
    http:
      paths:
      - backend:
          service:
            name: web # the shop
            port:
              number: 80
        path: /
        pathType: ImplementationSpecific
      - {path: /x, backend: {service: {name: x, port: {number: 81}}}, \"pathType\": \"ImplementationSpecific\"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: untouched}
";
    assert_eq!(after(text, 22), expected);
    assert_eq!(after(expected, 37), expected);
}

#[test]
fn an_autoscaler_of_v2beta1_gets_targets() {
    let text = "\
apiVersion: autoscaling/v2beta1
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  maxReplicas: 3
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  metrics:
  - type: Resource
    resource:
      name: cpu
      targetAverageUtilization: 60
  - type: Object
    object:
      target: {kind: Service, name: web}
      metricName: hits
      targetValue: 10k
  - type: External
    external:
      metricName: queue
      metricSelector:
        matchLabels: {q: a}
      targetAverageValue: 5
";
    let expected = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  maxReplicas: 3
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  metrics:
  - type: Resource
    resource:
      name: cpu
      target:
        averageUtilization: 60
        type: Utilization
  - type: Object
    object:
      describedObject: {kind: Service, name: web}
      metric:
        name: hits
      target:
        value: 10k
        type: Value
  - type: External
    external:
      metric:
        name: queue
        selector:
          matchLabels: {q: a}
      target:
        averageValue: 5
        type: AverageValue
";
    assert_eq!(after(text, 25), expected);
}

#[test]
fn a_definition_takes_what_stood_above_its_versions_into_them() {
    let text = "\
apiVersion: apiextensions.k8s.io/v1beta1
kind: CustomResourceDefinition
metadata: {name: gauges.example.com}
spec:
  group: example.com
  version: v1
  names: {kind: Gauge, plural: gauges}
  scope: Namespaced
  validation:
    openAPIV3Schema:
      # a gauge
      properties:
        spec: {type: object}
  additionalPrinterColumns:
  - name: Size
    type: string
    JSONPath: .spec.size
  conversion:
    strategy: None
";
    let expected = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gauges.example.com}
spec:
  group: example.com
  names: {kind: Gauge, plural: gauges}
  scope: Namespaced
  conversion:
    strategy: None
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        # a gauge
        properties:
          spec: {type: object}
        type: object
        x-kubernetes-preserve-unknown-fields: true
    additionalPrinterColumns:
    - name: Size
      type: string
      jsonPath: .spec.size
";
    assert_eq!(after(text, 22), expected);
}

#[test]
fn items_of_lists_change_one_by_one_and_json_stays_json() {
    let text = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "a"}, "spec": {"selector": {}, "minAvailable": 1}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "b"}}
]}"#;
    let expected = text
        .replace("policy/v1beta1", "policy/v1")
        .replace("\"selector\": {}, ", "");
    assert_eq!(after(text, 25), expected);
    let typed = "apiVersion: batch/v1beta1\nkind: CronJobList\nitems:\n- metadata: {name: a}\n";
    assert!(
        after(typed, 25)
            .ends_with("- metadata: {name: a}\n  apiVersion: batch/v1\n  kind: CronJob\n")
    );
}

#[test]
fn subjects_of_the_first_bindings_name_their_group() {
    let text = "\
apiVersion: rbac.authorization.k8s.io/v1alpha1
kind: RoleBinding
metadata: {name: b}
subjects:
- kind: ServiceAccount
  apiVersion: v1
  name: a
- {kind: User, apiVersion: rbac.authorization.k8s.io/v1alpha1, name: u}
- {kind: Group, name: g}
";
    let expected = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b}
subjects:
- kind: ServiceAccount
  apiGroup: \"\"
  name: a
- {kind: User, apiGroup: \"rbac.authorization.k8s.io\", name: u}
- {kind: Group, name: g}
";
    assert_eq!(after(text, 23), expected);
}

#[test]
fn what_a_program_cannot_decide_is_left_and_said() {
    for (text, target, expected) in [
        (
            "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: p}\n",
            25,
            "line 1, column 1: PodSecurityPolicy p of policy/v1beta1: no API takes its place",
        ),
        (
            "a: 1\n---\napiVersion: admissionregistration.k8s.io/v1beta1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: w}\nwebhooks:\n- name: a.b.c\n",
            22,
            "line 3, column 1: ValidatingWebhookConfiguration w of admissionregistration.k8s.io/v1beta1: webhooks[0].sideEffects must be",
        ),
        (
            "x: &v batch/v1beta1\napiVersion: *v\nkind: CronJob\nmetadata: {name: c, namespace: n}\n",
            25,
            "line 1, column 1: CronJob n/c of batch/v1beta1: apiVersion comes from an anchor",
        ),
        ("a: [\n", 25, "line"),
        (
            "apiVersion: {{ .Values.version }}\nkind: CronJob\n",
            25,
            "line 1, column 13: a template that is not rendered",
        ),
        (
            "apiVersion: batch/v1beta1\nkind: CronJob\nkind: CronJob\n",
            25,
            "line 3, column 1: ",
        ),
    ] {
        let fixed = fixed(text, target);
        assert_eq!(fixed.text, text.as_bytes(), "it stays as it is");
        let left: Vec<_> = fixed.left.iter().map(ToString::to_string).collect();
        assert!(left.len() == 1 && left[0].starts_with(expected), "{left:?}");
    }
}

#[test]
fn what_the_target_serves_stays() {
    let text = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: c}\n";
    assert_eq!(after(text, 24), text);
    let deprecated = fix(
        text.as_bytes(),
        Knowledge::embedded(),
        Minor::v1(24),
        Reach::Deprecated,
    );
    assert_eq!(deprecated.changes[0].to, "batch/v1");
    let custom = "apiVersion: example.com/v1beta1\nkind: CronJob\nmetadata: {name: c}\n";
    assert_eq!(after(custom, 37), custom);
}

#[test]
fn every_rule_names_rows_of_the_tables() {
    let knowledge = Knowledge::embedded();
    for api in knowledge.apis() {
        for rule in rules::of(&api.api_version(), &api.kind) {
            let rows = rule
                .to
                .iter()
                .filter(|to| row(knowledge, to, &api.kind).is_some());
            assert!(rows.count() > 0, "{} {}", api.api_version(), api.kind);
        }
    }
}

#[test]
fn one_object_of_several_can_be_chosen() {
    let text = "\
apiVersion: batch/v1beta1
kind: CronJob
metadata: {name: a}
---
apiVersion: batch/v1beta1
kind: CronJob
metadata: {name: b}
";
    let fixed = fix_at(
        text.as_bytes(),
        Knowledge::embedded(),
        Minor::v1(25),
        (5, 13),
    );
    let names: Vec<_> = fixed.changes.iter().map(|c| c.name.as_str()).collect();
    assert_eq!((names, fixed.left.len()), (vec!["b"], 0));
}
