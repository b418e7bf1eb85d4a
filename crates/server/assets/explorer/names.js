// How the SDKs spell the names of the wire.

/** `clusterID` as `cluster_id`. */
export function snake(name) {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}

/** `cluster_id` as `ClusterId`. */
export function pascal(name) {
  return name.replace(/(?:^|_)([a-zA-Z0-9])/g, (_, letter) => letter.toUpperCase());
}

/** The class of the SDKs for a schema. Bodies of requests and of answers are one class there. */
export function classOf(schema) {
  const others = {
    AutopilotClusterRequestBody: "AutopilotCluster",
    AutopilotClusterRequestMetadata: "AutopilotClusterMetadata",
  };
  return others[schema] ?? schema;
}

/** `ShowAutopilotCluster` as `showAutopilotCluster`. */
export function lowered(name) {
  return name[0].toLowerCase() + name.slice(1);
}
