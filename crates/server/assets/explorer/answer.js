// What came back.

import { element, table } from "./element.js";

/** An answer, or why there is none. */
export function answer(response) {
  if (response instanceof Error) {
    return element(
      "section",
      { class: "answer bad", "aria-labelledby": "answer-title" },
      element("h3", { id: "answer-title" }, "No answer"),
      element("p", {}, `The request could not be sent: ${response.message}`),
    );
  }
  const good = response.status < 400;
  const title = `${good ? "✓" : "✗"} ${response.status} ${response.reason}`.trim();
  return element(
    "section",
    { class: `answer ${good ? "good" : "bad"}`, "aria-labelledby": "answer-title" },
    element("h3", { id: "answer-title" }, title),
    element("p", { class: "soft" }, `after ${response.took} ms`),
    table("Headers of the answer", ["Header", "Value"], response.headers),
    element("pre", { class: "body", tabindex: "0", "aria-label": "Body of the answer" }, pretty(response.body)),
  );
}

function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body || "(no body)";
  }
}
