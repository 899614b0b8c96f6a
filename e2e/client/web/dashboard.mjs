import assert from "node:assert/strict";
import { totp } from "../totp.mjs";
import { user } from "../users.mjs";
import { databaseOf, literal, name as quoted, overOf, strayRole, surveyTwice } from "./parts.mjs";

/** Makes a customer with a limit of databases. */
async function customer(graph, name, most) {
  const { createCustomer } = await graph("mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id } } }", { input: { name, email: `${name.toLowerCase()}@example.com`, quotas: [{ name: "DATABASES", max: String(most) }] } });
  return createCustomer.customer.id;
}

/** Orders databases of a customer. */
async function databases(graph, customerId, count) {
  for (let i = 0; i < count; i++) await graph("mutation ($input: CreateDatabaseInput!) { createDatabase(input: $input) { job { id } } }", { input: { customerId, name: `d${i}` } });
}

export const tests = {
  "U18: the first steps are ticked while they are done elsewhere": async ({ person, signIn, graph, url }) => {
    const [email, password] = ["beginner@example.com", "canary of first steps"];
    await user(graph, url, { email, name: "Bea", password, role: "ADMIN" });
    const context = await person();
    const page = await context.newPage();
    await signIn(page, { email, password });
    const step = (name, done) => page.locator(`li[data-step=${name}][data-done=${done}]`);
    for (const name of ["totp", "customer", "database"]) await step(name, false).waitFor();
    await step("invite", true).waitFor(); // there are two users already
    await page.evaluate(() => (globalThis.untouched = true));
    assert.equal(await step("customer", false).getByRole("link").getAttribute("href"), "/customers");

    const id = await customer(graph, "First", 1);
    await step("customer", true).waitFor();
    await databases(graph, id, 1);
    await step("database", true).waitFor();
    await step("totp", false).waitFor();

    const second = await context.newPage(); // in the same session
    await second.goto(`${url}/security`);
    await second.getByRole("button", { name: "Set up" }).click();
    const dialog = second.getByRole("dialog", { name: "Set up the authenticator app" });
    const secret = new URL(await dialog.getByRole("link", { name: "Open in an app on this device" }).getAttribute("href")).searchParams.get("secret");
    await dialog.getByLabel("Code of the app 1/6").focus();
    await second.keyboard.type(totp(secret));
    await dialog.getByRole("button", { name: "Turn on" }).click();
    await page.getByText("First steps").waitFor({ state: "detached" }); // all are done
    assert.equal(await page.evaluate(() => globalThis.untouched), true, "the page was not loaded anew");
  },

  "U17: quotas in colours and words, what is at work and what was done, and each tile leads to its list": async ({ person, signIn, graph, shot, url }) => {
    for (const [name, most, used] of [["Amber", 4, 3], ["Red", 1, 1]]) await databases(graph, await customer(graph, name, most), used);
    await graph("mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id } } }", { input: { name: "Late", email: "late@example.com" } });
    const page = await (await person()).newPage();
    await signIn(page);
    const quota = (level) => page.locator(`[data-quota=DATABASES][data-level=${level}]`);
    const bar = (level) => quota(level).locator("[role=progressbar]").first().evaluate((e) => getComputedStyle(e).backgroundColor);
    await quota("near").getByText("3 of 4 (75%) · Getting full").waitFor();
    const full = quota("over").filter({ hasText: "1 of 1 (100%) · Used up" });
    await full.first().waitFor();
    assert.notEqual(await bar("near"), await bar("over"), "another colour");

    await page.getByRole("heading", { name: "At work now" }).waitFor();
    await page.getByRole("heading", { name: "Recently done" }).waitFor();
    const done = page.getByRole("link", { name: "Create a customer" }).first();
    assert.equal(await done.getAttribute("title"), "customer.create", "its code for who points at it");
    assert.match(await done.locator("..").innerText(), /^Create a customer\s+Late · /);
    assert.match(await done.getAttribute("href"), /^\/audit\?event=./);
    await shot(page, "dashboard");
    const main = page.getByRole("main");
    for (const [name, address, filter] of [
      ["Customers", "/customers"], ["Databases", "/databases"], ["Jobs at work", "/jobs?state=RUNNING", "Running"], ["Failed jobs", /\/jobs\?state=FAILED&from=[^&]+$/, "Failed"], ["Stuck jobs", "/jobs?state=STUCK", "Stuck"], ["Open findings", "/drift"], ["Servers that need attention", "/servers?attention=true"],
      ["All: Quotas", "/customers"], ["All: At work now", "/jobs"], ["All: Recently done", "/audit"],
    ]) {
      await main.getByRole("link", { name: new RegExp(`^${name}`) }).first().click();
      await page.waitForURL(typeof address === "string" ? url + address : address);
      if (filter) assert.equal(await page.getByRole("combobox", { name: "State" }).or(page.getByRole("textbox", { name: "State" })).first().inputValue(), filter);
      await page.goBack();
      await page.getByRole("heading", { level: 1, name: "Dashboard" }).waitFor();
    }
    const { customers } = await graph("{ customers(first: 1) { totalCount } }");
    assert.match(await main.getByRole("link", { name: /^Customers/ }).first().innerText(), new RegExp(`\\b${customers.totalCount}\\b`));
  },

  "U17: the fullest quotas are shown, be it those of the newest of many customers, or those of the chosen one": async ({ person, signIn, graph, shot, url }) => {
    const fine = await customer(graph, "Fine", 10);
    for (const name of ["Another", "Third", "Fourth"]) await customer(graph, name, 10);
    const newest = await customer(graph, "Newest", 2);
    await databases(graph, newest, 2);
    await graph("mutation ($input: UpdateCustomerInput!) { updateCustomer(input: $input) { customer { id } } }", { input: { id: newest, quotas: [{ name: "DATABASES", max: "1" }] } });
    const page = await (await person()).newPage();
    await signIn(page);
    const quotas = page.getByRole("region", { name: "Quotas" });
    const holders = () => quotas.locator("a[href^='/customers/']").allInnerTexts();
    await quotas.getByText("2 of 1 (200%) · Used up").waitFor();
    const shown = await holders();
    assert.equal(shown.length, 3);
    assert.equal(shown[0], "Newest");
    await shot(page, "fullest");
    await page.goto(`${url}/?customer=${fine}`);
    await quotas.getByRole("link", { name: "Fine" }).waitFor();
    assert.deepEqual(await holders(), ["Fine"]);
  },

  "U17: each number is of the chosen customer where it can be, and leads to a list of as many": async ({ person, signIn, graph, url, sql, panelSql, shot }) => {
    const act = (name, input, answer) => graph(`mutation ($input: ${name[0].toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${answer} } }`, { input });
    const [chosen, other] = [await customer(graph, "Chosen", 10), await customer(graph, "Other", 10)];
    const [first] = [await databaseOf(graph, chosen, "first"), await databaseOf(graph, other, "theirs")];
    const { database } = await graph("query ($id: ID!) { database(id: $id) { externalName username server { id } } }", { id: first.id });

    // Two jobs fail, since the server has a database of that name that is not ours; one of them did so long ago.
    const taken = database.externalName.replace(/first$/, "taken");
    sql(`CREATE DATABASE ${quoted(taken)}`);
    for (const age of ["8 days", "1 minute"]) {
      const { createDatabase } = await act("createDatabase", { customerId: chosen, name: "taken" }, "job { id }");
      assert.equal(await overOf(graph, createDatabase.job.id), "FAILED");
      panelSql(`UPDATE jobs SET created_at = created_at - ${literal(age)}::interval WHERE id = (SELECT id FROM jobs WHERE state = 'FAILED' ORDER BY created_at DESC LIMIT 1)`);
    }
    // One finding is about its database, another is nobody's; and a server is away.
    await act("setDatabaseDriftPolicy", { id: first.id, policy: "REPORT" }, "database { id }");
    sql(`ALTER ROLE ${quoted(database.username)} NOLOGIN`, strayRole("dashboard_stray"));
    await surveyTwice(graph, database.server.id);
    await act("registerDatabaseServer", { name: "far", host: "127.0.0.1", port: 1, adminUser: "nobody", adminPassword: "canary of a server" }, "databaseServer { id }");

    const page = await (await person()).newPage();
    await signIn(page);
    const main = page.getByRole("main");
    const seen = {};
    for (const customer of [undefined, chosen]) {
      await page.goto(customer ? `${url}/?customer=${customer}` : url);
      const heading = page.getByRole("heading", { level: 1, name: "Dashboard" });
      const numbers = {};
      for (const name of ["Databases", "Jobs at work", "Failed jobs", "Stuck jobs", "Open findings", "Customers", "Servers that need attention"]) {
        await heading.waitFor();
        const tile = main.getByRole("link", { name: new RegExp(`^${name}\\b`) }).first();
        const count = Number((await tile.innerText()).split("\n").at(-1));
        numbers[name] = count;
        await tile.click();
        await heading.waitFor({ state: "detached" });
        await (count === 0 ? main.getByRole("button", { name: "Clear filters" }) : main.getByText(new RegExp(`^${count} rows?$`))).waitFor();
        const everybodys = ["Customers", "Servers that need attention"].includes(name);
        assert.equal(new URL(page.url()).searchParams.get("customer"), (!everybodys && customer) || null, `${name}: of whom its list is`);
        await page.goBack();
      }
      seen[customer ? "chosen" : "all"] = numbers;
      await heading.waitFor();
      const recent = page.getByRole("region", { name: "Recently done" });
      await recent.getByText(/first · /).first().waitFor({ state: customer ? "visible" : "attached" });
      if (customer) assert.equal(await recent.getByText(/^(Other|theirs) · /).count(), 0, "what was done to others");
    }
    await shot(page, "chosen");
    // What differs on a server is of whomever its databases are.
    await page.goto(`${url}/servers/${database.server.id}?customer=${chosen}`);
    await main.getByRole("link", { name: "See what differs" }).first().click();
    await page.waitForURL(`${url}/drift?server=${encodeURIComponent(database.server.id)}`);
    await main.getByText("dashboard_stray").waitFor();
    assert.deepEqual(seen.chosen, { ...seen.all, Databases: 3, "Jobs at work": 0, "Failed jobs": 1, "Stuck jobs": 0, "Open findings": 1 });
    assert.ok(seen.all.Databases > 3 && seen.all["Open findings"] > 1, "others have some, too");
    assert.equal(seen.all["Servers that need attention"], 1);
  },
};
