// The fields of an operation. What was typed for a variable of one path is there for the next.

import { element, prose } from "./element.js";

/** What was typed, by the name of the variable; in memory alone. */
const typed = new Map();

/**
 * The form of an operation.
 *
 * @param operation of the document
 * @param {{changed: () => void, send: () => void}} on
 */
export function form(operation, on) {
  const fields = operation.parameters.filter((it) => it.in !== "header").map((it) => field(it));
  const parts = [];
  if (fields.length) {
    parts.push(element("div", { class: "fields" }, ...fields));
  }
  if (operation.body) {
    parts.push(...body(operation.body.example));
  }
  const heading = element("legend", {}, "Request");
  const send = element("p", {}, element("button", { type: "submit" }, `Send ${operation.method}`));
  const listen = {
    input: on.changed,
    submit: (event) => {
      event.preventDefault();
      on.send();
    },
  };
  return element("form", { autocomplete: "off", ...listen }, element("fieldset", {}, heading, ...parts, send));
}

function field(parameter) {
  const id = `field-${parameter.name}`;
  const inPath = parameter.in === "path";
  const input = element("input", {
    id,
    "data-in": parameter.in,
    "data-name": parameter.name,
    required: inPath,
    placeholder: parameter.example,
    spellcheck: "false",
    autocomplete: "off",
    "aria-describedby": `${id}-about`,
    input: (event) => inPath && typed.set(parameter.name, event.target.value),
  });
  input.value = inPath ? (typed.get(parameter.name) ?? "") : "";
  const about = element("p", { id: `${id}-about`, class: "soft small" }, ...prose(parameter.description ?? ""));
  return element("div", {}, element("label", { for: id }, inPath ? parameter.name : `${parameter.name} (query)`), input, about);
}

function body(example) {
  const text = JSON.stringify(example ?? {}, null, 2);
  const area = element("textarea", { id: "body", rows: Math.min(24, text.split("\n").length + 1), spellcheck: "false" });
  area.value = text;
  return [element("label", { for: "body" }, "Body"), area];
}

/** What the form says now. */
export function values(shown) {
  const fields = [...shown.querySelectorAll("[data-in]")];
  const of = (place) => fields.filter((it) => it.dataset.in === place).map((it) => [it.dataset.name, it.value.trim()]);
  return {
    path: Object.fromEntries(of("path")),
    query: of("query").filter(([, value]) => value !== ""),
    body: shown.querySelector("#body")?.value ?? "",
  };
}
