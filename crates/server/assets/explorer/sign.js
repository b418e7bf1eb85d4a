// Signatures, SDK-HMAC-SHA256: the same bytes as the vendor's SDKs make.

const ALGORITHM = "SDK-HMAC-SHA256";
const utf8 = new TextEncoder();

/** Whether this browser can sign here: pages from afar by plain HTTP have no cryptography. */
export function canSign() {
  return globalThis.crypto?.subtle !== undefined;
}

/** A time as X-Sdk-Date has it. */
export function dateHeader(time) {
  return time.toISOString().replace(/\.\d+/, "").replace(/[-:]/g, "");
}

/**
 * The value of Authorization.
 *
 * @param {{method: string, path: string, query: [string, string][], body: string}} request path as it is sent
 * @param {[string, string][]} headers those to sign; X-Sdk-Date is one of them
 * @param {{ak: string, sk: string}} key
 */
export async function authorization(request, headers, key) {
  const signed = headers
    .map(([name, value]) => [name.toLowerCase(), value.trim()])
    .sort((a, b) => compare(a[0], b[0]));
  const names = signed.map(([name]) => name).join(";");
  const date = signed.find(([name]) => name === "x-sdk-date")[1];
  const canonical = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    signed.map(([name, value]) => `${name}:${value}\n`).join(""),
    names,
    hex(await sha256(request.body)),
  ].join("\n");
  const text = [ALGORITHM, date, hex(await sha256(canonical))].join("\n");
  const signature = hex(await hmac(key.sk, text));
  return `${ALGORITHM} Access=${key.ak}, SignedHeaders=${names}, Signature=${signature}`;
}

/** Percent-encodes all but letters, digits and `-_.~`. */
export function encoded(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function canonicalPath(path) {
  const segments = decodeURIComponent(path).split("/").map(encoded).join("/");
  return segments.endsWith("/") ? segments : `${segments}/`;
}

function canonicalQuery(query) {
  return [...query]
    .sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .join("&");
}

/** By the bytes of their UTF-8, which is not the order of JavaScript's strings. */
function compare(a, b) {
  const [left, right] = [utf8.encode(a), utf8.encode(b)];
  const at = left.findIndex((byte, index) => byte !== right[index]);
  if (at === -1) {
    return left.length - right.length;
  }
  return at < right.length ? left[at] - right[at] : 1;
}

function sha256(text) {
  return crypto.subtle.digest("SHA-256", utf8.encode(text));
}

async function hmac(secret, text) {
  const use = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", utf8.encode(secret), use, false, ["sign"]);
  return crypto.subtle.sign("HMAC", key, utf8.encode(text));
}

function hex(bytes) {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
