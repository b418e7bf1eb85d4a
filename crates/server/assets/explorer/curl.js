// The call for curl. A signature holds for 15 minutes; a token is longer of use, and stays out of what is shown.

/** A shell command that sends the request. */
export function curl(request) {
  const words = [`curl -i -X ${request.method} ${quoted(request.url)}`];
  for (const [name, value] of request.headers) {
    words.push(name === "X-Auth-Token" ? `-H "X-Auth-Token: $TOKEN"` : `-H ${quoted(`${name}: ${value}`)}`);
  }
  if (request.body) {
    words.push(`--data-raw ${quoted(request.body)}`);
  } else if (request.method !== "GET") {
    words.push("--data-raw ''");
  }
  return words.join(" \\\n  ");
}

function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
