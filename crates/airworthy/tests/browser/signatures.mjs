// The explorer's signatures beside those of the vendor's SDKs, where it signs such requests: those whose body is text.

import { readFileSync } from "node:fs";

const told = JSON.parse(readFileSync(0, "utf8"));
const { authorization } = await import(`${told.assets}/sign.js`);
const vectors = JSON.parse(readFileSync(told.vectors, "utf8"));
const key = { ak: vectors.access_key, sk: vectors.secret };

let same = 0;
for (const { name, method, target, headers, body } of vectors.canonical) {
  const all = new Map(headers);
  if (all.has("x-sdk-content-sha256")) {
    continue;
  }
  const expected = all.get("authorization");
  const signed = /SignedHeaders=([^,]*)/.exec(expected)[1].split(";");
  const [path, query = ""] = target.split("?");
  const pairs = query.split("&").filter(Boolean).map((pair) => {
    const [left, right = ""] = pair.split("=");
    return [decodeURIComponent(left), decodeURIComponent(right)];
  });
  const made = await authorization({ method, path, query: pairs, body }, signed.map((it) => [it, all.get(it)]), key);
  if (made !== expected) {
    throw new Error(`${name}: ${made} is not ${expected}`);
  }
  same += 1;
}
console.log(same);
