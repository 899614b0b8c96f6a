import assert from "node:assert/strict";

// What runs if somebody's text is taken for anything else than text, in HTML, in an
// attribute, in a script, in an address.
const polyglots = [
  `"><img src=x onerror="window.__ran='img'">`,
  `<script>window.__ran='script'</script>`,
  `'"</title></textarea><svg onload=window.__ran='svg'>`,
  `javascript:window.__ran='href'//`,
  `{{constructor.constructor("window.__ran='template'")()}}`,
];

/** Follows links of the app from page to page, each once. */
async function crawl(page, url, starts, step) {
  const seen = new Set();
  const queue = [...starts];
  while (queue.length > 0) {
    const path = queue.shift();
    const key = path.split("?")[0];
    if (seen.has(key)) continue;
    seen.add(key);
    await page.goto(url + path);
    await page.getByRole("heading", { level: 1 }).first().waitFor().catch(() => assert.fail(`${path} has no heading: ${page.url()}`));
    await page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null);
    const tabs = page.getByRole("tablist").first().getByRole("tab"); // the page's own
    for (let i = 0; i < (await tabs.count()); i++) {
      await tabs.nth(i).click();
      await page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null);
    }
    assert.equal(await page.evaluate(() => window.__ran), undefined, `something ran on ${path}`);
    const links = await page.locator("a[href]").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
    for (const link of links) {
      assert.doesNotMatch(link, /^\s*(javascript|data|vbscript):/i, `a link of ${path}`);
      if (/^\/($|[?#]|(customers|databases|jobs|users|servers|drift|audit|security|settings)([/?#]|$))/.test(link)) queue.push(link);
    }
    step(`${seen.size} ${path}`);
  }
  return seen;
}

export const tests = {
  "S33: nothing that people have written is executed on any page": async ({ person, signIn, graph, forgive, step, url }) => {
    const input = "mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id } } }";
    const customers = [];
    for (const [i, text] of polyglots.entries()) {
      const { createCustomer } = await graph(input, { input: { name: text, company: text, email: `hostile${i}@example.com`, quotas: [{ name: "DATABASES", max: "5" }] } });
      customers.push(createCustomer.customer.id);
    }
    const { createDatabase } = await graph("mutation ($input: CreateDatabaseInput!) { createDatabase(input: $input) { database { id } job { id } } }", { input: { customerId: customers[0], name: "hostile" } });
    for (let i = 0; i < 100; i++) {
      const { job } = await graph("query ($id: ID!) { job(id: $id) { state } }", { id: createDatabase.job.id });
      if (job.state === "SUCCEEDED") break;
      await new Promise((go) => setTimeout(go, 200));
    }
    await graph("mutation ($input: SuspendDatabaseInput!) { suspendDatabase(input: $input) { job { id } } }", { input: { id: createDatabase.database.id, reason: polyglots[0] } });
    for (const [i, text] of polyglots.entries()) {
      await graph("mutation ($input: InviteUserInput!) { inviteUser(input: $input) { invitation { id } } }", { input: { email: `invited${i}@example.com`, name: text, customerId: customers[i], customerRole: "OWNER" } });
    }
    await graph("mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { id } } }", { input: { name: polyglots[2] } });

    const page = await (await person({ userAgent: polyglots[1] })).newPage();
    await signIn(page);
    await page.keyboard.press("Control+k");
    await page.getByRole("textbox", { name: "Search" }).fill("hostile");
    await page.getByText("hostile0@example.com").first().waitFor();
    assert.equal(await page.evaluate(() => window.__ran), undefined);
    const seen = await crawl(page, url, ["/", "/customers", "/databases", "/jobs", "/users", "/servers", "/drift", "/audit", "/security", "/settings", `/databases/${createDatabase.database.id}`, `/jobs/${createDatabase.job.id}`, ...customers.map((id) => `/customers/${id}`)], step);
    assert.ok(seen.size >= 12, `only ${seen.size} pages were seen`);
    // Addresses are written by anybody, too.
    for (const text of polyglots) {
      await page.goto(`${url}/databases?q=${encodeURIComponent(text)}&state=${encodeURIComponent(text)}&after=${encodeURIComponent(text)}`);
      await page.getByRole("heading", { level: 1 }).first().waitFor();
      assert.equal(await page.evaluate(() => window.__ran), undefined, text);
    }
    forgive(/status of 400/); // a cursor that is none is refused
  },
};
