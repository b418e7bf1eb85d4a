// The list of operations, by what they are about, and the filter above it.

import { element } from "./element.js";

/** Fills the list, and keeps it to what the filter says. */
export function list(operations) {
  const filter = document.querySelector("#filter");
  const show = () => {
    const wanted = filter.value.trim().toLowerCase();
    const fit = operations.filter((it) => `${it.id} ${it.method} ${it.path} ${it.summary}`.toLowerCase().includes(wanted));
    document.querySelector("#list").replaceChildren(...groups(fit));
    document.querySelector("#found").textContent = `${fit.length} of ${operations.length} operations`;
    mark();
  };
  filter.addEventListener("input", show);
  window.addEventListener("hashchange", mark);
  show();
}

function groups(operations) {
  const tags = [...new Set(operations.map((it) => it.tag))];
  return tags.flatMap((tag) => [
    element("h2", {}, tag),
    element("ul", {}, ...operations.filter((it) => it.tag === tag).map(entry)),
  ]);
}

function entry({ id, method }) {
  return element("li", {}, element("a", { href: `#${id}` }, element("span", { class: "method" }, method), element("span", {}, id)));
}

function mark() {
  for (const link of document.querySelectorAll("#list a")) {
    if (link.hash === location.hash) {
      link.setAttribute("aria-current", "true");
    } else {
      link.removeAttribute("aria-current");
    }
  }
}
