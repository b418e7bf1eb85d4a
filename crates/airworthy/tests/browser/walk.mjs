// A walk through the pages in headless Chromium: what is shown, whether axe finds fault, and whether a request that was signed
// in the browser is answered. Reads what it needs from its standard input; ends with 1 when anything is wrong.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const told = JSON.parse(readFileSync(0, "utf8"));
const require = createRequire(`${told.modules}/`);
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const problems = [];
let looked = 0;

function demand(holds, what) {
  if (!holds) {
    problems.push(what);
  }
}

const browser = await puppeteer.launch({
  executablePath: told.chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
const page = await browser.newPage();
watch(page);

/** Nothing is loaded from elsewhere, nothing is refused by the policy, and nothing breaks. */
function watch(page) {
  page.on("request", (request) => demand(request.url().startsWith(told.endpoint), `asked for ${request.url()}`));
  page.on("pageerror", (error) => problems.push(`script: ${error.message}`));
  page.on("dialog", (dialog) => problems.push(`a dialog: ${dialog.message()}`));
  page.on("console", (message) => {
    // Answers that refuse are told there too.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      problems.push(`console of ${page.url()}: ${message.text()}`);
    }
  });
}

/** Judges the page as it is now: by axe in both colour schemes, and whether it fits a narrow screen. */
async function look(name) {
  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() =>
      globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
    );
    for (const { id, help, nodes } of violations) {
      problems.push(`axe, ${name}, ${scheme}: ${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 200)).join(" | ")}`);
    }
    await shoot(`${name}-${scheme}`);
  }
  await page.setViewport({ width: 320, height: 800 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  demand(wide <= 320, `${name} is ${wide} pixels wide on a screen of 320`);
  await shoot(`${name}-narrow`);
  await page.setViewport({ width: 1200, height: 900 });
  looked += 1;
}

async function shoot(name) {
  if (told.shots) {
    // One that is too long is shown as far as the window goes.
    const whole = await page.evaluate(() => document.documentElement.scrollHeight < 8000);
    await page.screenshot({ path: `${told.shots}/${name}.png`, fullPage: whole });
  }
}

const heading = () => page.$eval("h1", (it) => it.textContent.trim());
const go = (path) => page.goto(`${told.endpoint}${path}`);
const follow = (selector) => Promise.all([page.waitForNavigation(), page.click(selector)]);

/** Signs in, wrongly first. */
async function signIn() {
  await go("/console");
  demand(new URL(page.url()).pathname === "/console/log-in", `not asked to sign in: ${page.url()}`);
  await page.keyboard.press("Tab");
  demand((await page.evaluate(() => document.activeElement.className)) === "skip", "the first stop is not the skip link");
  await look("sign-in");
  for (const password of ["wrong", told.password]) {
    await page.type("#user", told.user);
    await page.type("#password", password);
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    if (password === "wrong") {
      demand(await page.$("[role=alert]"), "a wrong password is not told");
      await look("sign-in-refused");
    }
  }
  demand((await heading()) === "Clusters", `signed in, but shown ${await heading()}`);
}

/** The pages, without script. */
async function readPages() {
  await page.setJavaScriptEnabled(false);
  const seen = {};
  for (const path of await paths()) {
    const response = await go(path);
    demand(response.status() === 200, `${path}: ${response.status()}`);
    seen[path] = await page.content();
    demand((seen[path].match(/<h1/g) ?? []).length === 1, `${path} has not one h1`);
    demand(!seen[path].includes("foreign"), `${path} tells of a foreign project`);
  }
  await page.setJavaScriptEnabled(true);
  return seen;
}

/** Every address of a page below the console, found by following links. */
async function paths() {
  const found = new Set(["/console"]);
  for (const path of found) {
    await go(path);
    const links = await page.$$eval("a[href^='/console']", (all) => all.map((it) => it.getAttribute("href")));
    links.forEach((link) => found.add(link));
  }
  return found;
}

/** One page of each sort by axe, and those with hostile names. */
async function lookAtPages() {
  const runs = `/console/projects/${told.project}/clusters/${told.cluster}`;
  await go("/console");
  demand((await page.$$("tbody tr")).length >= 7, "not all clusters are listed");
  const text = await page.$eval("main", (it) => it.textContent);
  demand(text.includes("<script>window.hurt = 1</script>"), "a hostile name is not shown as it is");
  await look("clusters");
  await go(runs);
  await look("runs");
  const addresses = await page.$$eval("tbody a", (all) => all.map((it) => it.getAttribute("href")));
  for (const [number, address] of addresses.entries()) {
    await go(address);
    await look(`run-${number}`);
  }
  const hostile = await hostileRuns();
  for (const [number, address] of hostile.entries()) {
    await go(address);
    await look(`hostile-${number}`);
  }
  await go("/console/checks");
  await look("checks");
  await follow("tbody a");
  await look("check");
  const gone = await go("/console/checks/NoSuchCheck");
  demand(gone.status() === 404, `a check that is not there: ${gone.status()}`);
  await look("not-found");
  demand((await page.evaluate(() => window.hurt)) === undefined, "a hostile name was run");
}

async function hostileRuns() {
  await go("/console");
  return page.$$eval("tbody tr td:nth-child(4) a", (all) => all.slice(2).map((it) => it.getAttribute("href")));
}

/** Fills in an operation of the explorer and sends it; the status and body of what came back. */
async function send(operation, fields = {}) {
  await page.evaluate((id) => (location.hash = `#${id}`), operation);
  await page.waitForFunction((id) => document.querySelector("#operation h2")?.textContent === id, {}, operation);
  for (const [name, value] of Object.entries(fields)) {
    await fill(`#field-${name}`, value);
  }
  await page.$eval("#result", (it) => it.replaceChildren());
  await page.focus("#operation button[type=submit]");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#answer-title");
  const title = await page.$eval("#answer-title", (it) => it.textContent);
  const body = await page.$eval("#result pre", (it) => it.textContent).catch(() => "");
  return { title, body };
}

async function fill(selector, value) {
  await page.$eval(selector, (it) => it.select());
  await page.keyboard.press("Backspace");
  await page.type(selector, value);
}

async function explore() {
  await page.setJavaScriptEnabled(false);
  await go("/explorer");
  const said = await page.$eval("body", (it) => it.textContent);
  demand(said.includes("needs JavaScript"), "without script the explorer does not say what is missing");
  await shoot("explorer-without-script");
  await page.setJavaScriptEnabled(true);
  await go("/explorer");
  await page.waitForSelector("#list a");
  const shown = await page.$$eval("#list a", (all) => all.length);
  const { paths } = await (await fetch(`${told.endpoint}/openapi.json`)).json();
  const described = Object.values(paths).flatMap((item) => Object.values(item)).filter((it) => it.tags[0] !== "Pages");
  demand(shown === described.length, `${shown} operations are shown of ${described.length}`);
  await look("explorer");
  const unsigned = await send("ListAutopilotClusters", { project_id: told.project });
  demand(unsigned.title.includes("401"), `without credentials: ${unsigned.title}`);
  await fill("#ak", told.ak);
  await fill("#sk", told.sk);
  const signed = await send("ListAutopilotClusters", { version: "v1.31" });
  demand(signed.title.includes("200") && signed.body.includes("prod-1"), `signed: ${signed.title} ${signed.body}`);
  await look("explorer-answer");
  const created = await send("CreateAutopilotPreCheck", { cluster_id: told.cluster });
  demand(created.title.includes("200") && created.body.includes("PreCheckTask"), `a body: ${created.title} ${created.body}`);
  await look("explorer-body");
  await code();
  await page.click("input[name=by][value=token]");
  await fill("#token", told.token);
  const known = await send("ShowAutopilotCluster");
  demand(known.title.includes("200"), `by token: ${known.title} ${known.body}`);
  await everyOperation();
}

/** The call as code; that for curl is run. */
async function code() {
  await send("ListAutopilotPreCheckTasks");
  for (const language of ["Python", "Go", "Java", "curl"]) {
    await page.click(`input[name=language][value=${language}]`);
    await page.waitForFunction(
      (name) => document.querySelector("#code").textContent.includes(name),
      {},
      { Python: "import os", Go: "package main", Java: "public class", curl: "curl -i" }[language],
    );
  }
  const command = await page.$eval("#code", (it) => it.textContent);
  demand(!command.includes(told.sk), "the secret key is shown");
  const answered = execFileSync("sh", ["-c", command.replace("curl -i", "curl -sS -i")], { encoding: "utf8" });
  demand(answered.startsWith("HTTP/1.1 200"), `curl: ${answered}`);
}

/** Every operation can be shown, and axe finds no fault with one of each method. */
async function everyOperation() {
  const all = await page.$$eval("#list a", (links) => links.map((it) => it.hash.slice(1)));
  for (const id of all) {
    await page.evaluate((hash) => (location.hash = hash), `#${id}`);
    await page.waitForFunction((name) => document.querySelector("#operation h2")?.textContent === name, {}, id);
    const text = await page.$eval("#operation", (it) => it.textContent);
    demand(!text.includes("undefined") && !text.includes("[object"), `${id} shows what is undefined`);
  }
  await page.type("#filter", "workflow");
  demand((await page.$$("#list a")).length < all.length, "the filter does not filter");
  await page.$$eval("details", (them) => them.forEach((it) => (it.open = true)));
  await look("explorer-filtered");
}

try {
  await page.setViewport({ width: 1200, height: 900 });
  await signIn();
  await lookAtPages();
  const read = await readPages();
  await explore();
  await go("/console");
  await follow(".top form button");
  demand(new URL(page.url()).pathname === "/console/log-in", "signed out, but not asked to sign in");
  await go("/console");
  demand((await heading()) === "Sign in", "signed out, but still let in");
  console.log(`looked at ${looked} states of pages; read ${Object.keys(read).length} pages without script`);
} catch (error) {
  problems.push(`${error.stack} at ${page.url()}`);
} finally {
  await browser.close();
}
for (const problem of problems) {
  console.log(`PROBLEM ${problem}`);
}
process.exit(problems.length ? 1 : 0);
