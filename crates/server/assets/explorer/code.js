// The same call in other languages.

import { curl } from "./curl.js";
import { go } from "./go.js";
import { java } from "./java.js";
import { isInSdk } from "./operations.js";
import { python } from "./python.js";

/** Languages, each with what writes it: from an operation, its values, and the prepared request with its base. */
const LANGUAGES = {
  curl: (_, __, request) => curl(request),
  Python: sdk(python),
  Go: sdk(go),
  Java: sdk(java),
};

export const NAMES = Object.keys(LANGUAGES);

/** The call as code. */
export function code(language, operation, values, request) {
  return LANGUAGES[language](operation, values, request);
}

function sdk(written) {
  return (operation, values, request) => {
    if (!isInSdk(operation)) {
      return "The SDK for clusters has no such operation.";
    }
    const { project_id: project, ...path } = values.path;
    const members = { ...path, ...Object.fromEntries(values.query) };
    return written(operation, { project, members, body: read(values.body) }, request.base);
  };
}

/** What a body says; nothing where there is none or it is no JSON. */
function read(body) {
  try {
    return body ? JSON.parse(body) : undefined;
  } catch {
    return undefined;
  }
}
