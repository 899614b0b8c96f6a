// Measures what the web app costs a browser, against a panel with 10,000 customers.
// In, as JSON: {url, email, password, parts?: some of lighthouse, list, charts}. Out: Markdown. It asserts nothing.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { text } from "node:stream/consumers";
import lighthouse, { desktopConfig } from "lighthouse";
import { chromium } from "playwright-core";

const input = JSON.parse(await text(process.stdin));
const wanted = (part) => !input.parts?.length || input.parts.includes(part);
const built = new URL("./node_modules/.out/", import.meta.url);
const program = (process.env.PATH ?? "").split(":").flatMap((dir) => ["chromium", "google-chrome"].map((name) => join(dir, name))).find(existsSync);
if (!program) throw new Error("Chromium is missing; make deps installs it");

const port = await new Promise((found) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => found(port));
  });
});
const folder = mkdtempSync(join(tmpdir(), "mpanel-web-bench-"));
// Lighthouse opens pages of its own in the browser that has signed in here.
const context = await chromium.launchPersistentContext(folder, {
  executablePath: program, viewport: { width: 1350, height: 940 }, locale: "en-US",
  // The page of the charts is answered here and not by the panel, from where Chromium would not let it ask this machine.
  args: ["--no-sandbox", `--remote-debugging-port=${port}`, "--disable-features=LocalNetworkAccessChecks", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});
try {
  if (wanted("lighthouse")) await audit(["/sign-in"]);
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(`${input.url}/sign-in`);
  await page.getByLabel("E-mail address").fill(input.email);
  await page.getByRole("textbox", { name: "Password" }).fill(input.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await page.goto("about:blank");
  if (wanted("lighthouse")) await audit(["/", "/customers", "/databases", "/jobs", "/servers", "/security", "/audit", "/settings"]);
  if (wanted("list")) await list(page);
  if (wanted("charts")) await charts(page);
} finally {
  await context.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Lighthouse's scores, with its settings for a desktop; performance is the middle one of three. */
async function audit(paths) {
  if (paths.length === 1) console.log("### Lighthouse, desktop\n\n| page | performance | accessibility | best practices | LCP ms | TBT ms | CLS | not full |\n| --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const path of paths) {
    const runs = [];
    for (let i = 0; i < 3; i++) {
      const { lhr } = await lighthouse(input.url + path, { port, output: "json", logLevel: "error", disableStorageReset: true, onlyCategories: ["performance", "accessibility", "best-practices"] }, desktopConfig);
      runs.push(lhr);
    }
    const by = (lhr) => lhr.categories.performance.score ?? 0;
    const { categories, audits } = runs.sort((a, b) => by(a) - by(b))[1];
    const lost = ["accessibility", "best-practices"].flatMap((name) => categories[name].auditRefs.filter(({ id, weight }) => weight > 0 && (audits[id].score ?? 1) < 1).map(({ id }) => id));
    const figure = (id, digits = 0) => audits[id].numericValue?.toFixed(digits) ?? "-";
    console.log(`| ${path} | ${[categories.performance, categories.accessibility, categories["best-practices"]].map(({ score }) => score).join(" | ")} | ${figure("largest-contentful-paint")} | ${figure("total-blocking-time")} | ${figure("cumulative-layout-shift", 3)} | ${lost.join(", ")} |`);
  }
}

/** What takes the page's thread long while somebody goes through 10,000 rows. */
async function list(page) {
  console.log("\n### A list of 10,000 rows\n\n| what | tasks over 50 ms | longest ms |\n| --- | --- | --- |");
  await page.addInitScript(() => {
    window.tasks = [];
    new PerformanceObserver((seen) => window.tasks.push(...seen.getEntries().map(({ duration }) => duration))).observe({ type: "longtask", buffered: true });
  });
  await page.goto(`${input.url}/customers`);
  await page.getByText("10,000 rows").waitFor();
  const during = async (what, act) => {
    await page.evaluate(() => void (window.tasks.length = 0));
    await act();
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const tasks = await page.evaluate(() => window.tasks);
    console.log(`| ${what} | ${tasks.length} | ${tasks.length === 0 ? "under 50" : Math.round(Math.max(...tasks))} |`);
  };
  const field = page.getByRole("textbox", { name: /Search/ }).last();
  const first = () => page.locator("tbody tr").first().textContent();
  const changed = async (act) => {
    const before = await first();
    await act();
    await page.waitForFunction((was) => document.querySelector("tbody tr")?.textContent !== was, before);
  };
  await during("scroll down and up", async () => {
    await page.mouse.move(700, 500);
    for (let i = 0; i < 40; i++) {
      await page.mouse.wheel(0, i < 20 ? 120 : -120);
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
  });
  await during("turn ten pages", async () => {
    for (let i = 0; i < 10; i++) await changed(() => page.getByRole("button", { name: "Next page" }).click());
  });
  await during("type a search that 1,111 rows match", async () => {
    await changed(() => field.pressSequentially("Customer 7", { delay: 60 }));
    await page.getByText("1,111 rows").waitFor();
  });
  await during("order by name, and back", async () => {
    await changed(() => page.getByRole("button", { name: /Name/ }).first().click());
    await changed(() => page.getByRole("button", { name: /Name/ }).first().click());
  });
}

/** What a browser takes of a core while charts of hosts grow by a point each second. */
async function charts(page) {
  console.log("\n### Live charts, a point a second\n\n| hosts | charts | page's process | whole browser |\n| --- | --- | --- | --- |");
  await context.route(`${input.url}/bench/**`, (route) => {
    const name = new URL(route.request().url()).pathname.slice("/bench/".length);
    return route.fulfill({ body: readFileSync(new URL(name, built)), contentType: { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" }[extname(name)] });
  });
  await page.goto(`${input.url}/settings`); // an origin to ask from
  const { servers } = await page.evaluate(host, input);
  const browser = await (await chromium.connectOverCDP(`http://127.0.0.1:${port}`)).newBrowserCDPSession();
  const spent = async () => Object.fromEntries((await browser.send("SystemInfo.getProcessInfo")).processInfo.map(({ id, type, cpuTime }) => [id, { type, cpuTime }]));
  for (const hosts of [1, 20]) {
    await page.goto("about:blank");
    await page.goto(`${input.url}/bench/charts.html#${hosts},${servers}`);
    await page.locator("figure").nth(3 * hosts - 1).waitFor();
    await page.waitForTimeout(10_000); // until there is something to draw
    const [before, begin] = [await spent(), Date.now()];
    await page.waitForTimeout(30_000);
    const [after, took] = [await spent(), (Date.now() - begin) / 1000];
    const grown = Object.entries(after).map(([id, { type, cpuTime }]) => ({ type, grew: cpuTime - (before[id]?.cpuTime ?? 0) }));
    const percent = (seconds) => `${((seconds / took) * 100).toFixed(1)} %`;
    const most = (type) => Math.max(...grown.filter((p) => p.type === type).map(({ grew }) => grew));
    console.log(`| ${hosts} | ${3 * hosts} | ${percent(most("renderer"))} | ${percent(grown.reduce((all, { grew }) => all + grew, 0))} |`);
  }
}

/** The id of the panel's own host, asked by the page's session. */
async function host({ url, email, password }) {
  const ask = async (query, variables, token) => {
    const answer = await fetch(`${url}/graphql`, { method: "POST", headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) }, body: JSON.stringify({ query, variables }) });
    const { data, errors } = await answer.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };
  const { signIn } = await ask("mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }", { input: { email, password } });
  const { servers } = await ask("{ servers(first: 1) { nodes { id } } }", {}, signIn.accessToken);
  return { servers: servers.nodes[0].id };
}
