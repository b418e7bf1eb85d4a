//! A pod as it would come again: what was given to it since it was made is taken away, or known to be in the way.

use airworthy_expressions::{Size, Value, value};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};

/// The write that made a pod is noted by the second, like its creation.
const AS_IT_WAS_MADE: SignedDuration = SignedDuration::from_secs(2);

/// What would be created in a pod's place, with what a policy is told beside it.
#[derive(Debug)]
pub(crate) struct Successor {
    pub(super) object: Value,
    pub(super) request: Value,
    pub(super) namespace: Value,
    pub(super) size: Size,
    /// Labels and annotations, by these names, that are not what they were when the pod was made.
    pub(super) changed: Vec<&'static str>,
}

impl Successor {
    /// Of a pod as it was read whole, in a namespace with these labels; `None` where its rules were changed since it was made, or
    /// where nobody noted whether.
    pub(crate) fn of(pod: &Json, namespace: &Json) -> Option<Self> {
        let changed = changed(&pod["metadata"])?;
        let object = anew(pod)?;
        let request = request(&pod["metadata"]["namespace"]);
        Some(Self {
            size: Size::of(&object),
            object: value(&object),
            request: value(&request),
            namespace: value(namespace),
            changed,
        })
    }
}

/// The pod as the API server shows it to policies before it is stored.
fn anew(pod: &Json) -> Option<Json> {
    let mut metadata = Map::new();
    for kept in ["namespace", "labels", "annotations", "ownerReferences"] {
        if let Some(value) = pod["metadata"].get(kept) {
            metadata.insert(kept.to_owned(), value.clone());
        }
    }
    let mut spec = pod["spec"].as_object()?.clone();
    spec.remove("nodeName");
    Some(json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec }))
}

fn request(namespace: &Json) -> Json {
    let kind = json!({ "group": "", "version": "v1", "kind": "Pod" });
    let resource = json!({ "group": "", "version": "v1", "resource": "pods" });
    json!({
        "operation": "CREATE", "namespace": namespace,
        "kind": kind, "requestKind": kind, "resource": resource, "requestResource": resource,
    })
}

/// Which of labels and annotations somebody wrote after the pod was made; `None` where the rest was written too, or where it is not known.
fn changed(metadata: &Json) -> Option<Vec<&'static str>> {
    let made: Timestamp = metadata["creationTimestamp"].as_str()?.parse().ok()?;
    let writes = metadata["managedFields"].as_array()?;
    let (makers, others): (Vec<_>, Vec<_>) = writes
        .iter()
        .partition(|write| write["fieldsV1"]["f:spec"].get("f:containers").is_some());
    let [maker] = makers[..] else {
        return None;
    };
    let last: Timestamp = maker["time"].as_str()?.parse().ok()?;
    let rules_were_changed = others
        .iter()
        .any(|write| write["fieldsV1"].get("f:spec").is_some());
    if rules_were_changed || last.duration_since(made).abs() > AS_IT_WAS_MADE {
        return None;
    }
    let parts = [("f:labels", "labels"), ("f:annotations", "annotations")];
    let written = |key: &str| {
        let mut writes = others.iter();
        writes.any(|write| write["fieldsV1"]["f:metadata"].get(key).is_some())
    };
    let written = parts.into_iter().filter(|(key, _)| written(key));
    Some(written.map(|(_, name)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: &str = "2026-01-01T00:00:00Z";

    fn write(manager: &str, time: &str, fields: &Json) -> Json {
        json!({ "manager": manager, "time": time, "fieldsV1": fields })
    }

    fn of(writes: &[Json]) -> Option<Vec<&'static str>> {
        let metadata = json!({ "creationTimestamp": MADE, "namespace": "shop", "labels": {"app": "web"}, "managedFields": writes });
        let pod = json!({ "metadata": metadata, "spec": {"nodeName": "n1"} });
        Successor::of(&pod, &json!({})).map(|successor| successor.changed)
    }

    #[test]
    fn what_was_written_later_is_known() {
        let maker = write(
            "controller",
            MADE,
            &json!({"f:metadata": {"f:labels": {}}, "f:spec": {"f:containers": {}}}),
        );
        let status = write("kubelet", "2026-02-01T00:00:00Z", &json!({"f:status": {}}));
        let noted = write(
            "net",
            "2026-02-01T00:00:00Z",
            &json!({"f:metadata": {"f:annotations": {"f:a": {}}}, "f:status": {}}),
        );
        let labelled = write(
            "me",
            MADE,
            &json!({"f:metadata": {"f:labels": {"f:a": {}}}}),
        );
        let resized = write("vpa", MADE, &json!({"f:spec": {"f:tolerations": {}}}));
        let again = write(
            "controller",
            "2026-02-01T00:00:00Z",
            &json!({"f:spec": {"f:containers": {}}}),
        );
        assert_eq!(of(&[maker.clone(), status.clone()]), Some(vec![]));
        assert_eq!(
            of(&[maker.clone(), noted.clone()]),
            Some(vec!["annotations"])
        );
        assert_eq!(
            of(&[noted, maker.clone(), labelled]),
            Some(vec!["labels", "annotations"])
        );
        assert_eq!(of(&[maker.clone(), resized]), None);
        assert_eq!(of(&[maker, again.clone()]), None);
        assert_eq!(of(&[again]), None);
        assert_eq!(of(&[status]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn nothing_of_the_node_is_left() {
        let pod = json!({ "metadata": {"uid": "u", "labels": {"a": "b"}}, "spec": {"nodeName": "n1", "hostNetwork": true}, "status": {} });
        let anew = anew(&pod).unwrap();
        assert_eq!(anew["spec"], json!({"hostNetwork": true}));
        assert_eq!(anew["metadata"], json!({"labels": {"a": "b"}}));
    }
}
