// Writes every call of the explorer in every language, by the explorer's own modules.

import { readFileSync } from "node:fs";

const told = JSON.parse(readFileSync(0, "utf8"));
const { operations, isInSdk } = await import(`${told.assets}/operations.js`);
const { code } = await import(`${told.assets}/code.js`);
const { prepared } = await import(`${told.assets}/request.js`);

/** What to ask for, where the document has no example. */
const QUERY = { status: "Available", type: "VirtualMachine", version: "v1.31", detail: "true" };

async function written(operation) {
  const of = (place) => operation.parameters.filter((it) => it.in === place);
  const values = {
    path: Object.fromEntries(of("path").map((it) => [it.name, it.example])),
    query: of("query").filter((it) => QUERY[it.name]).map((it) => [it.name, QUERY[it.name]]),
    body: operation.body ? JSON.stringify(operation.body.example) : "",
  };
  const credentials = { by: "key", ak: "AK", sk: "SK", token: "" };
  const request = await prepared(operation, values, credentials, { base: told.base, time: new Date() });
  const all = ["Python", "Go", "Java"].map((name) => [name, code(name, operation, values, { ...request, base: told.base })]);
  return { id: operation.id, ...Object.fromEntries(all) };
}

const description = JSON.parse(readFileSync(told.document, "utf8"));
const calls = operations(description).filter(isInSdk).map(written);
console.log(JSON.stringify(await Promise.all(calls)));
