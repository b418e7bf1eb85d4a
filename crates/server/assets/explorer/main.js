// The page: a list of operations, the one that is chosen, and who calls.

import { answer } from "./answer.js";
import { code, NAMES } from "./code.js";
import { element, prose, table } from "./element.js";
import { form, values } from "./form.js";
import { list } from "./list.js";
import { operations } from "./operations.js";
import { prepared, sent } from "./request.js";
import { schema } from "./schema.js";
import { canSign } from "./sign.js";

const base = new URL("..", import.meta.url).href.replace(/\/$/, "");
const credentials = document.querySelector("#credentials");
const shown = document.querySelector("#operation");
let language = NAMES[0];

function whoCalls() {
  const of = (id) => document.querySelector(`#${id}`).value.trim();
  return { by: new FormData(credentials).get("by"), ak: of("ak"), sk: of("sk"), token: of("token") };
}

function showCredentials() {
  const { by } = whoCalls();
  for (const fields of credentials.querySelectorAll("[data-by]")) {
    fields.hidden = fields.dataset.by !== by;
  }
  document.querySelector("#unable").hidden = canSign() || by !== "key";
}

async function request(operation) {
  const made = await prepared(operation, values(shown), whoCalls(), { base, time: new Date() });
  return { ...made, base };
}

/** Shows an operation, and sends it when it is told to. */
function show(operation) {
  const about = operation.description.split(/\n\s*\n/).filter(Boolean);
  const result = element("div", { id: "result" });
  const listing = element("pre", { id: "code", tabindex: "0", "aria-label": "The call as code" });
  let typed = 0;
  const changed = async () => {
    const turn = ++typed;
    const made = await request(operation);
    // Signing takes a moment, in which more may have been typed or another operation chosen.
    if (turn === typed && listing.isConnected) {
      listing.textContent = code(language, operation, values(shown), made);
    }
  };
  const send = async () => {
    // What came back before is not the answer to this.
    result.replaceChildren();
    document.querySelector("#said").textContent = "Sending";
    const response = await request(operation).then(sent).catch((error) => error);
    result.replaceChildren(answer(response));
    document.querySelector("#said").textContent = response instanceof Error ? "Not sent" : `Answered with ${response.status}`;
  };
  shown.replaceChildren(
    element("h2", {}, operation.id),
    element("p", {}, ...prose(operation.summary)),
    element("p", { class: "route" }, `${operation.method} ${operation.path}`),
    ...about.map((line) => element("p", {}, ...prose(line))),
    ...(operation.role ? [element("p", { class: "soft" }, `Asks for the role ${operation.role}.`)] : []),
    form(operation, { changed, send }),
    element("p", { id: "said", role: "status", class: "soft" }),
    result,
    languages(changed),
    listing,
    ...answers(operation),
  );
  document.title = `${operation.id} – API explorer – airworthy`;
  credentials.oninput = () => {
    showCredentials();
    changed();
  };
  changed();
}

function languages(changed) {
  const choices = NAMES.map((name) => {
    const choose = () => {
      language = name;
      changed();
    };
    const radio = element("input", { type: "radio", name: "language", value: name, checked: name === language, change: choose });
    return element("label", {}, radio, ` ${name}`);
  });
  return element("fieldset", {}, element("legend", {}, "The same call as"), element("div", { class: "choice" }, ...choices));
}

function answers(operation) {
  const rows = operation.answers.map(([status, it]) => [status, it.description]);
  const good = operation.answers.find(([status]) => status.startsWith("2"))?.[1].content?.["application/json"];
  const parts = [element("h3", {}, "Answers"), table("What comes back", ["Status", "Meaning"], rows)];
  if (operation.body) {
    parts.push(...schema("Members of the request", operation.body.schema, operation.schemas));
  }
  if (good) {
    parts.push(...schema("Members of the answer", good.schema, operation.schemas));
    const example = JSON.stringify(good.example ?? {}, null, 2);
    const text = element("pre", { tabindex: "0", "aria-label": "An answer" }, example);
    parts.push(element("details", {}, element("summary", {}, "An answer"), text));
  }
  return parts;
}

async function start() {
  // Without this script there is nothing to be done with it.
  document.querySelector(".columns").hidden = false;
  const response = await fetch(`${base}/openapi.json`, { credentials: "omit" });
  const all = operations(await response.json());
  const chosen = () => all.find((it) => `#${it.id}` === location.hash);
  list(all);
  showCredentials();
  show(chosen() ?? all[0]);
  window.addEventListener("hashchange", () => {
    const operation = chosen();
    if (operation) {
      show(operation);
      shown.focus();
    }
  });
}

start().catch((error) => shown.replaceChildren(element("p", { class: "notice" }, `The document could not be read: ${error.message}`)));
