// A schema as a table of its members, and those of the members that are objects below it.

import { element, table } from "./element.js";
import { resolved } from "./operations.js";

/** Tables of a schema and of all that it refers to, folded; nothing where it has no members. */
export function schema(title, root, schemas) {
  const tables = [];
  const seen = new Set();
  const waiting = [root];
  while (waiting.length) {
    const { name, schema: known } = resolved(waiting.shift(), schemas);
    if (!known?.properties || seen.has(name)) {
      continue;
    }
    seen.add(name);
    const rows = Object.entries(known.properties).map(([member, of]) => [
      (known.required ?? []).includes(member) ? `${member} (required)` : member,
      kind(of, schemas),
      of.description ?? "",
    ]);
    tables.push(table(name ?? title, ["Member", "Type", "What it is"], rows));
    waiting.push(...Object.values(known.properties).map((of) => of.items ?? of));
  }
  return tables.length ? [element("details", {}, element("summary", {}, title), ...tables)] : [];
}

function kind(of, schemas) {
  const { name, schema: known } = resolved(of, schemas);
  if (known?.enum) {
    return known.enum.join(", ");
  }
  if (of.items) {
    return `list of ${kind(of.items, schemas)}`;
  }
  const type = [known?.type ?? "anything"].flat().filter((it) => it !== "null");
  return name ?? type.join(" or ");
}
