// From a form to a request: its address, its headers, its body.

import { authorization, canSign, dateHeader, encoded } from "./sign.js";

/**
 * The request as it is sent.
 *
 * @param operation of the document
 * @param {{path: Record<string, string>, query: [string, string][], body: string}} values
 * @param {{by: string, ak: string, sk: string, token: string}} credentials
 * @param {{base: string, time: Date}} here where the server is, and when
 */
export async function prepared(operation, values, credentials, here) {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name) => encoded(values.path[name] ?? ""));
  const query = values.query.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
  const headers = [];
  if (operation.method !== "GET") {
    headers.push(["Content-Type", "application/json"]);
  }
  const request = { method: operation.method, path, query: values.query, body: values.body };
  headers.push(...(await known(operation.schemes, request, headers, credentials, here.time)));
  const url = here.base.replace(/\/$/, "") + path + (query && `?${query}`);
  return { method: operation.method, url, headers, body: values.body };
}

/** The headers that say who calls, in a way that the operation asks for. */
async function known(schemes, request, headers, credentials, time) {
  const { by, ak, sk, token } = credentials;
  if (by === "token" && token && schemes.includes("token")) {
    return [["X-Auth-Token", token]];
  }
  if (by === "token" && token && schemes.includes("audit")) {
    return [["Authorization", `Bearer ${token}`]];
  }
  if (by !== "key" || !ak || !sk || !schemes.includes("signature") || !canSign()) {
    return [];
  }
  const date = ["X-Sdk-Date", dateHeader(time)];
  const value = await authorization(request, [...headers, date], credentials);
  return [date, ["Authorization", value]];
}

/** Sends a request: its status, headers and body, and how long that took, in milliseconds. */
export async function sent(request) {
  const began = performance.now();
  const response = await fetch(request.url, {
    method: request.method,
    headers: request.headers,
    body: request.body || undefined,
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
    referrerPolicy: "no-referrer",
  });
  const body = await response.text();
  const took = Math.round(performance.now() - began);
  return { status: response.status, reason: response.statusText, headers: [...response.headers], body, took };
}
