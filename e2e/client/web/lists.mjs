import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { keyboardOf } from "../keyboard.mjs";
import { answer, choose, databaseOf, strayRole, surveyTwice } from "./parts.mjs";

const CREATE = "mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id } } }";

/** The pages of lists, and the query of each. */
const lists = { "/customers": "Customers", "/databases": "Databases", "/jobs": "JobsOf", "/users": "Users", "/servers": "DatabaseServers", "/audit": "AuditEvents", "/drift": "DriftFindings" };

/** Makes what the lists show: customers, databases of one of them, and what a survey finds. */
async function fill(graph, sql) {
  const ids = [];
  for (let i = 0; i < 30; i++) ids.push((await graph(CREATE, { input: { name: `Listed ${i}`, email: `listed${i}@example.com`, country: "DE" } })).createCustomer.customer.id);
  for (const name of ["one", "two"]) await databaseOf(graph, ids[0], name);
  sql(strayRole("listed_stray"));
  const { databaseServers } = await graph("{ databaseServers(first: 1) { nodes { id } } }");
  await surveyTwice(graph, databaseServers.nodes[0].id);
}

/** Adds up the layout shifts of a page, as it is opened. */
const shifts = () => {
  globalThis.shifted = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (!entry.hadRecentInput) globalThis.shifted.push({ by: entry.value, at: Math.round(entry.startTime), what: entry.sources.map(({ node }) => (node?.outerHTML ?? node?.nodeName ?? "gone").slice(0, 120)) });
    }
  }).observe({ type: "layout-shift", buffered: true });
};

/** A promise, and what fulfils it. */
function gateOf() {
  let open;
  const gate = new Promise((go) => (open = go));
  return { gate, open };
}

/** Waits until nothing of a page is being loaded, and it was drawn. */
async function settled(page) {
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null);
  await page.evaluate(() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go))));
}

const rows = (page) => page.locator("table tbody tr");

export const tests = {
  "U2: an empty list says so, and what comes next": async ({ person, signIn, url }) => {
    const page = await (await person()).newPage();
    await signIn(page);
    for (const [path, sentence, action] of [["/customers", "There is no customer yet.", "Create a customer"], ["/databases", "There is no database yet.", "Create a database"]]) {
      await page.goto(url + path);
      const empty = page.getByText(sentence).locator("..");
      await empty.waitFor();
      assert.equal(await empty.locator("img, picture, canvas").count(), 0, "no illustration");
      await empty.getByRole("button", { name: action }).click();
      await page.getByRole("dialog", { name: action }).waitFor();
    }
  },

  "U2: a list shows rows of the final height before they come, and nothing jumps": async ({ person, signIn, graph, sql, step, url }) => {
    await fill(graph, sql);
    const context = await person();
    await context.addInitScript(shifts);
    const page = await context.newPage();
    await signIn(page);
    for (const [path, operation] of Object.entries(lists)) {
      const { gate, open } = gateOf();
      await answer(page, operation, async (route) => {
        await gate;
        await route.fallback();
      });
      await page.goto(url + path);
      const shapes = page.locator("[aria-busy=true] [data-rows] > .mpanel-pulse > *");
      await shapes.first().waitFor();
      const boxes = (all) => all.map((e) => e.getBoundingClientRect()).map(({ top, height }) => ({ top, height }));
      const before = await shapes.evaluateAll(boxes);
      open();
      await settled(page);
      await page.unrouteAll({ behavior: "wait" });
      const all = await page.evaluate(() => globalThis.shifted);
      const sum = all.reduce((n, { by }) => n + by, 0);
      assert.ok(sum < 0.05, `${path} moves by ${sum}: ${JSON.stringify(all)}`);
      assert.ok((await rows(page).count()) > 0, `${path} shows nothing, so that its rows are not known`);
      const [head, first] = [await page.locator("table thead tr").evaluateAll(boxes), await rows(page).evaluateAll(boxes)];
      assert.ok(Math.abs(before[0].top - head[0].top) <= 1, `${path}: the table begins at ${head[0].top} instead of ${before[0].top}`);
      assert.ok(Math.abs(before[0].height - head[0].height) <= 2, `${path}: its head is ${head[0].height} high instead of ${before[0].height}`);
      // What differs is told in a sentence, which may have two lines.
      if (path !== "/drift") assert.ok(Math.abs(before[1].height - first[0].height) <= 1, `${path}: a row is ${first[0].height} high instead of ${before[1].height}`);
      step(`${path} ${sum.toFixed(3)}`);
    }
    await page.goto(url);
    await settled(page);
    const all = await page.evaluate(() => globalThis.shifted);
    const sum = all.reduce((n, { by }) => n + by, 0);
    assert.ok(sum < 0.05, `the dashboard moves by ${sum}: ${JSON.stringify(all)}`);
    step(`/ ${sum.toFixed(3)}`);
  },

  "U2: the rows' places are there at once, while the panel thinks": async ({ person, signIn, step }) => {
    const page = await (await person()).newPage();
    await signIn(page);
    await page.getByRole("heading", { level: 1, name: "Dashboard" }).waitFor();
    const { gate, open } = gateOf();
    await answer(page, "Databases", async (route) => {
      await gate;
      await route.fallback();
    });
    const link = page.getByRole("link", { name: "Databases", exact: true }).first();
    const preloaded = page.waitForResponse((one) => /assets\/list-.*\.js/.test(one.url())).catch(() => {});
    await link.hover(); // as people do before they click
    await preloaded;
    await page.evaluate(() => {
      addEventListener("click", ({ timeStamp }) => {
        new MutationObserver(() => {
          if (document.querySelector("[data-rows]")) globalThis.after ??= performance.now() - timeStamp;
        }).observe(document, { childList: true, subtree: true });
      }, { capture: true, once: true });
    });
    await link.click();
    await page.waitForFunction(() => globalThis.after !== undefined);
    const ms = await page.evaluate(() => globalThis.after);
    step(`a skeleton after ${Math.round(ms)} ms`); // 100 ms on a machine that is not busy
    assert.ok(ms < 5_000, `after ${ms} ms`);
    open();
    await settled(page);
    await rows(page).first().waitFor();
  },

  "U2: a list that failed tells the request, and is read again": async ({ person, signIn }) => {
    const page = await (await person()).newPage();
    await signIn(page);
    await answer(page, "Customers", (route) => route.fulfill({ json: { data: null, errors: [{ message: "Something went wrong.", path: ["customers"], extensions: { code: "INTERNAL", requestId: "0123456789abcdef01234567" } }] } }));
    await page.getByRole("link", { name: "Customers", exact: true }).first().click();
    const alert = page.getByRole("alert").filter({ hasText: "This could not be shown" });
    await alert.getByText("Request 0123456789abcdef01234567").waitFor();
    await page.unrouteAll({ behavior: "wait" });
    await alert.getByRole("button", { name: "Try again" }).click();
    await rows(page).first().waitFor();
    assert.equal(await alert.count(), 0);
  },

  "U8: a page that cannot be drawn says so by itself, and everything else goes on": async ({ person, signIn, forgive }) => {
    const page = await (await person()).newPage();
    await signIn(page);
    await answer(page, "JobsOf", async (route) => {
      const real = await route.fetch();
      const { data } = await real.json();
      for (const node of data.jobs.nodes) node.createdAt = "no time at all";
      await route.fulfill({ response: real, json: { data } });
    });
    await page.getByRole("link", { name: "Jobs", exact: true }).click();
    await page.getByRole("alert").filter({ hasText: "This could not be shown" }).waitFor();
    await page.getByRole("link", { name: "Databases", exact: true }).first().click();
    await page.getByRole("heading", { level: 1, name: "Databases" }).waitFor();
    await rows(page).first().waitFor();
    await page.unrouteAll({ behavior: "wait" });
    await choose(page, "jobs");
    await page.waitForURL(/\/jobs$/);
    await rows(page).first().waitFor(); // the panel's next answer can be drawn
    await page.getByText("This could not be shown").waitFor({ state: "detached" });
    forgive(/Invalid time value|RangeError/);
  },

  "U9: all rows of a filter are exported, as text that no spreadsheet runs": async ({ person, signIn, graph, url }) => {
    const tricky = ['=HYPERLINK("http://evil.example")', "+1+1", "-2+3", "@SUM(A1)", 'Größe "XL", 漢字 🦦', "Zeile; mit, allem"];
    const named = [...tricky, ...Array.from({ length: 110 }, (_, i) => `Row ${String(i).padStart(3, "0")}`)];
    for (const [i, name] of named.entries()) await graph(CREATE, { input: { name, company: "Exported GmbH", email: `exported${i}@example.com` } });
    const page = await (await person({ acceptDownloads: true })).newPage();
    const by = await keyboardOf(page);
    await signIn(page, { to: "/customers?q=Exported" });
    await page.getByText(`${named.length} rows`).waitFor();
    const saved = page.waitForEvent("download");
    await by.press("button", "Export as CSV");
    const download = await saved;
    assert.equal(download.suggestedFilename(), "customers.csv");
    const bytes = await readFile(await download.path());
    assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf], "it says that it is UTF-8");
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const cells = text.trimEnd().split("\r\n").map((line) => [...line.matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map(([, cell]) => cell.replaceAll('""', '"')));
    const [head, ...body] = cells;
    assert.equal(head[0], "Name");
    assert.equal(body.length, named.length, "all pages of the filter, and nothing else");
    assert.deepEqual(new Set(body.map(([name]) => name)), new Set(named.map((name) => (/^[=+\-@]/.test(name) ? `'${name}` : name))));
    for (const cell of body.flat()) assert.doesNotMatch(cell, /^[=+@]|^-(?!\d+(\.\d+)?$)/);

    const heads = () => page.getByRole("columnheader").allInnerTexts();
    assert.ok(!(await heads()).includes("Company"));
    await by.press("button", "Choose columns");
    await by.press("menuitemcheckbox", "Company", { key: "Space", by: "ArrowDown" });
    await by.press("menuitemcheckbox", "Country", { key: "Space", by: "ArrowDown" });
    await by.keys("Escape");
    await by.has("button", "Choose columns");
    await page.reload();
    await rows(page).first().waitFor();
    assert.ok((await heads()).includes("Company"), "a column that was chosen stays");
    assert.ok(!(await heads()).includes("Country"), "and one that was not is gone");
    await page.goto(`${url}/databases`);
    await settled(page);
  },
};
