// Has a person use the web app in Chromium, by what one file of web/ says. Nothing but
// the panel's own origin can be reached from there.
// In: {file, url, email, password, setupToken?: of a panel that nobody has set up, shots?: folder for screenshots, beside?: another address
// of the panel that no browser uses, control?: what cuts the line to url, tenants?, panel?: how psql reaches the tenants' databases and the panel's own}.
// Out, a line for each test: {test, failure?, ms}, {step} within long ones, and {do: "restart"}
// to have the panel started anew.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { input, print } from "./stdin.mjs";

const program = (process.env.PATH ?? "").split(":").flatMap((dir) => ["chromium", "google-chrome"].map((name) => join(dir, name))).find(existsSync);
if (!program) throw new Error("Chromium is missing; make deps installs it");
const browser = await chromium.launch({
  executablePath: program,
  args: ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});

/** What went wrong on any page of a test: what the console said, what the policy refused, what left the origin. */
let faults = [];
const opened = [];

/** A browser of its own: with its own cookies and what it has stored. */
async function person(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-US", ...options });
  opened.push(context);
  context.setDefaultTimeout(20_000);
  await context.exposeFunction("violated", (text) => faults.push(`policy: ${text}`));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (e) => window.violated(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}`));
  });
  context.on("request", (r) => r.url().startsWith(input.url) || /^(data|blob):/.test(r.url()) || faults.push(`left the origin: ${r.url()}`));
  context.on("page", (page) => {
    page.on("console", (m) => ["error", "warning"].includes(m.type()) && faults.push(`console: ${m.text()} ${m.location().url}`));
    page.on("pageerror", (e) => faults.push(`page: ${e}`));
  });
  return context;
}

/** Signs in on a page, which then shows the app. */
async function signIn(page, { email = input.email, password = input.password, to = "/" } = {}) {
  await page.goto(`${input.url}/sign-in?next=${encodeURIComponent(to)}`);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("navigation", { name: "Main", includeHidden: true }).waitFor({ state: "attached" });
}

let token;

/** Asks the graph past the pages, as the administrator; throws what it refuses. */
async function graph(query, variables = {}) {
  const ask = async (body, authorization) => {
    const answer = await fetch(`${input.beside ?? input.url}/graphql`, {
      method: "POST", headers: { "Content-Type": "application/json", ...(authorization && { Authorization: `Bearer ${authorization}` }) }, body: JSON.stringify(body),
    });
    const { data, errors } = await answer.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };
  token ??= (await ask({ query: "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }", variables: { input: { email: input.email, password: input.password } } })).signIn.accessToken;
  return ask({ query, variables }, token);
}

/** Forgives faults that a test has provoked; everything else still counts. */
const forgive = (pattern) => void (faults = faults.filter((fault) => !pattern.test(fault)));
const shot = async (page, name) => input.shots && page.screenshot({ path: join(input.shots, `${name}.png`), fullPage: true });

/** Does something to the line between browser and panel: whole, dead, silent, or half?of=text. */
const line = async (what) => assert.equal((await fetch(`${input.control}/${what}`, { method: "POST" })).status, 200);

const psql = (where) => (...statements) => execFileSync("psql", ["-XqAt", "-v", "ON_ERROR_STOP=1", ...statements.flatMap((one) => ["-c", one]), where], { encoding: "utf8" });
/** Does something on the server of the tenants' databases, or in the panel's own database, past the panel. */
const [sql, panelSql] = [psql(input.tenants), psql(input.panel)];

/** Has the panel started anew; the new one is there when `graph` answers again. */
const restart = () => print({ do: "restart" });

/** Says that a long test goes on. */
const step = (name) => print({ step: name });

const { tests } = await import(`./web/${input.file}.mjs`);
try {
  for (const [test, run] of Object.entries(tests)) {
    const begin = Date.now();
    faults = [];
    let failure;
    try {
      await run({ person, signIn, graph, forgive, shot, step, line, restart, sql, panelSql, url: input.url, email: input.email, password: input.password, setupToken: input.setupToken });
      if (faults.length > 0) failure = faults.join("\n");
    } catch (error) {
      failure = [String(error?.stack ?? error), ...faults].join("\n");
      for (const context of opened) for (const page of context.pages()) await shot(page, `failed-${test.slice(0, 24).replaceAll(/\W+/g, "-")}`).catch(() => {});
    }
    for (const context of opened.splice(0)) await context.close();
    print({ test, failure, ms: Date.now() - begin });
  }
} finally {
  await browser.close();
}
