// The operations of the document, as the page needs them.

/** @returns all operations but the pages for people, in the order of the document's tags. */
export function operations(description) {
  const all = [];
  for (const [path, item] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      all.push(described(path, method.toUpperCase(), operation, description));
    }
  }
  const order = description.tags.map((tag) => tag.name);
  return all.filter((it) => it.tag !== "Pages").sort((a, b) => order.indexOf(a.tag) - order.indexOf(b.tag));
}

function described(path, method, operation, description) {
  const body = operation.requestBody?.content?.["application/json"];
  return {
    id: operation.operationId,
    method,
    path,
    tag: operation.tags[0],
    summary: operation.summary,
    description: operation.description ?? "",
    role: operation["x-role"],
    parameters: operation.parameters ?? [],
    body: body && { schema: body.schema, example: body.example },
    schemes: (operation.security ?? description.security).flatMap((one) => Object.keys(one)),
    answers: Object.entries(operation.responses),
    schemas: description.components.schemas,
  };
}

/** The schema that a schema refers to, with its name; the schema itself where it refers to none. */
export function resolved(schema, schemas) {
  const name = referred(schema);
  return name ? { name, schema: schemas[name] } : { name: undefined, schema };
}

function referred(schema) {
  const place = schema?.$ref ?? schema?.oneOf?.find((one) => one.$ref)?.$ref ?? schema?.allOf?.find((one) => one.$ref)?.$ref;
  return place?.split("/").pop();
}

/** Whether the vendor's SDKs for clusters have the operation. */
export function isInSdk(operation) {
  return operation.path.startsWith("/autopilot/");
}
