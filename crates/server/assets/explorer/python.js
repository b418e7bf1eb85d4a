// The call through the vendor's SDK for Python.

import { classOf, snake } from "./names.js";
import { resolved } from "./operations.js";

/** A program that makes the call. */
export function python(operation, { project, members, body }, base) {
  const classes = new Set(["CceClient", `${operation.id}Request`]);
  const lines = Object.entries(members).map(([name, value]) => `    ${snake(name)}=${JSON.stringify(value)},`);
  if (body !== undefined) {
    lines.push(`    body=${value(body, operation.body.schema, operation.schemas, classes, 1)},`);
  }
  const request = lines.length ? `(\n${lines.join("\n")}\n)` : "()";
  const imports = [...classes].sort().map((name) => `    ${name},`);
  return `import os

from huaweicloudsdkcce.v3 import (
${imports.join("\n")}
)
from huaweicloudsdkcore.auth.credentials import BasicCredentials

credentials = BasicCredentials(os.environ["CLOUD_SDK_AK"], os.environ["CLOUD_SDK_SK"], ${JSON.stringify(project ?? "PROJECT")})
client = CceClient.new_builder().with_credentials(credentials).with_endpoint(${JSON.stringify(base)}).build()
request = ${operation.id}Request${request}
print(client.${snake(operation.id)}(request))
`;
}

/** A value of the body, as the class that the SDK has for it. */
function value(given, schema, schemas, classes, depth) {
  const { name, schema: known } = resolved(schema, schemas);
  if (Array.isArray(given)) {
    const items = given.map((item) => value(item, known?.items, schemas, classes, depth + 1));
    return listed("[", items, "]", depth);
  }
  if (given === null || typeof given !== "object") {
    return literal(given);
  }
  if (!name) {
    const pairs = Object.entries(given).map(
      ([key, item]) =>
        `${JSON.stringify(key)}: ${value(item, known?.properties?.[key] ?? known?.additionalProperties, schemas, classes, depth + 1)}`,
    );
    return listed("{", pairs, "}", depth);
  }
  const called = classOf(name);
  classes.add(called);
  const members = Object.entries(given).map(
    ([key, item]) => `${snake(key)}=${value(item, known.properties?.[key], schemas, classes, depth + 1)}`,
  );
  return listed(`${called}(`, members, ")", depth);
}

function listed(open, items, close, depth) {
  if (items.length === 0) {
    return open + close;
  }
  const indent = "    ".repeat(depth);
  const lines = items.map((item) => `${indent}    ${item},\n`).join("");
  return `${open}\n${lines}${indent}${close}`;
}

function literal(given) {
  return { true: "True", false: "False", null: "None" }[given] ?? JSON.stringify(given);
}
