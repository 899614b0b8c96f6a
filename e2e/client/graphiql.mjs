// Uses GraphiQL as a person does, in Chromium. Nothing but the panel's own
// origin can be reached from there.
// In: {url, email, password, follow?, noticeBefore?, noticeAfter?, scheme, width, height, shots?: folder for screenshots}.
// Out, a line each: {saw: ...} as it goes, at last {requests, sockets, console, violations, inits, events}.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { input, print } from "./stdin.mjs";

const program = (process.env.PATH ?? "").split(":").flatMap((dir) => ["chromium", "google-chrome"].map((name) => join(dir, name))).find(existsSync);
if (!program) throw new Error("Chromium is missing; make deps installs it");
const browser = await chromium.launch({
  executablePath: program,
  // Root has no sandbox. Names are not resolved at all.
  args: ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});
const context = await browser.newContext({ colorScheme: input.scheme, viewport: { width: input.width, height: input.height } });
const page = await context.newPage();
page.setDefaultTimeout(30_000);

const seen = { requests: [], sockets: [], console: [], violations: [], inits: [], events: [] };
await page.exposeFunction("violated", (text) => seen.violations.push(text));
await page.addInitScript(() => {
  document.addEventListener("securitypolicyviolation", (e) => window.violated(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}`));
});
context.on("request", (r) => seen.requests.push(r.url()));
page.on("console", (m) => ["error", "warning"].includes(m.type()) && seen.console.push(`${m.type()}: ${m.text()} ${m.location().url}`));
page.on("pageerror", (e) => seen.console.push(String(e)));
page.on("websocket", (socket) => {
  seen.sockets.push(socket.url());
  socket.on("framesent", ({ payload }) => {
    const m = JSON.parse(payload);
    if (m.type === "connection_init") seen.inits.push(m.payload);
  });
  socket.on("framereceived", ({ payload }) => {
    const m = JSON.parse(payload);
    if (m.type === "next") seen.events.push(m.payload);
  });
});

const notice = page.locator(".mpanel-notice");
const shot = async (name) => input.shots && page.screenshot({ path: join(input.shots, `${input.scheme}-${input.width}-${name}.png`) });

/** Puts an operation into the editor, which would close brackets by itself when it is typed. */
const write = (text) => page.evaluate((value) => {
  window.__MONACO.editor.getModels().find((m) => m.uri.path.endsWith("operation.graphql")).setValue(value);
}, text);

/** Waits until the answer has all of these. */
const answered = async (...parts) => {
  await page.waitForFunction((list) => {
    const model = window.__MONACO?.editor.getModels().find((m) => m.uri.path.includes("response"));
    const text = model?.getValue() ?? "";
    return list.every((part) => text.includes(part));
  }, parts);
};

const headers = () => page.evaluate(() => window.__MONACO.editor.getModels().find((m) => m.uri.path.includes("header")).getValue());

try {
  await page.goto(`${input.url}/graphiql`);
  await page.locator(".graphiql-query-editor .view-lines").first().waitFor();
  if (input.noticeBefore) {
    await notice.filter({ hasText: input.noticeBefore }).waitFor();
    print({ saw: "notice before" });
  }
  await shot("start");
  await page.getByLabel("E-mail address").fill(input.email);
  await page.getByLabel("Password").fill("wrong, and long enough for one");
  await page.getByRole("button", { name: "Sign in", exact: true }).last().click();
  await page.getByRole("alert").filter({ hasText: /\S/ }).waitFor();
  print({ saw: "wrong password refused" });
  await page.getByLabel("Password").fill(input.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).last().click();
  await page.getByText("Signed in as").waitFor();
  if (input.noticeAfter) await notice.filter({ hasText: input.noticeAfter }).waitFor();
  else await notice.waitFor({ state: "hidden" });
  print({ saw: "signed in", authorization: JSON.parse(await headers()).Authorization });
  await shot("signed-in");

  await write("{ viewer { user { email } } }");
  await page.locator(".graphiql-execute-button").click();
  await answered(`"email": "${input.email}"`);
  print({ saw: "query" });
  await shot("query");

  if (input.follow) {
    await write("subscription { jobFeed { ... on StreamGap { position } ... on JobEvent { position kind percent } } }");
    await page.locator(".graphiql-execute-button").click();
    await answered('"jobFeed"', '"position"');
    print({ saw: "stream" }); // now something is to happen
    await answered('"kind": "job.succeeded"');
    await shot("stream");
    await page.locator(".graphiql-execute-button").click(); // ends it
    print({ saw: "events" });
  }
  if (!input.noticeAfter) {
    await page.getByRole("button", { name: /Documentation Explorer/ }).first().click();
    await page.getByText("Everything that can be followed live.").or(page.getByText("subscription")).first().waitFor();
    print({ saw: "documentation" });
    await shot("documentation");
  }
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  const readable = await page.evaluate(() => document.querySelector(".graphiql-response .monaco-editor").clientWidth);
  print({ ...seen, stored, overflow, readable });
} catch (e) {
  await shot("failed");
  throw new Error(`${e.message}\n${JSON.stringify(seen.console)} ${JSON.stringify(seen.violations)}`);
} finally {
  await browser.close();
}
