import assert from "node:assert/strict";

/** Makes a database past the pages, and waits until it is there. */
async function database(graph, name) {
  const { createCustomer } = await graph("mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id } } }", { input: { name: `Customer of ${name}`, email: `${name}@example.com` } });
  const { createDatabase: made } = await graph("mutation ($input: CreateDatabaseInput!) { createDatabase(input: $input) { database { id } job { id } } }", { input: { customerId: createCustomer.customer.id, name } });
  await over(graph, made.job.id);
  return { customer: createCustomer.customer.id, id: made.database.id, job: made.job.id };
}

/** Waits for the end of a job. */
async function over(graph, id) {
  for (let i = 0; i < 300; i++) {
    const { job } = await graph("query ($id: ID!) { job(id: $id) { state finishedAt } }", { id });
    if (job.finishedAt) return job.state;
    await new Promise((go) => setTimeout(go, 100));
  }
  throw new Error("the job is not over");
}

export const tests = {
  "U19, U24, U25: a customer, then a database with its steps live and its password once": async ({ person, signIn, shot }) => {
    const page = await (await person()).newPage();
    await signIn(page, { to: "/customers" });
    await page.getByRole("button", { name: "Create a customer" }).first().click();
    const drawer = page.getByRole("dialog", { name: "Create a customer" });
    await drawer.getByLabel("Name").fill("Otter & Sons");
    await drawer.getByLabel("E-mail address").fill("no address");
    await drawer.getByRole("button", { name: "Create a customer" }).click();
    const email = drawer.getByLabel("E-mail address");
    await page.waitForFunction(() => document.activeElement?.getAttribute("name") === "email");
    assert.equal(await email.getAttribute("aria-invalid"), "true", "U12: the field that is wrong has the focus");
    await email.fill("otter@example.com");
    await drawer.getByRole("button", { name: "Create a customer" }).dblclick();
    await page.getByRole("heading", { level: 1, name: "Otter & Sons" }).waitFor();

    await page.getByRole("link", { name: "Databases" }).first().click();
    await page.getByRole("button", { name: "Create a database" }).first().click();
    const create = page.getByRole("dialog", { name: "Create a database" });
    await create.getByLabel("Customer").fill("otter");
    await page.getByRole("option", { name: /Otter/ }).click();
    await create.getByLabel("Name").fill("shop");
    await create.getByRole("button", { name: "Create a database" }).click();
    await create.locator("[data-step]").first().waitFor();
    await create.getByText("Succeeded", { exact: true }).waitFor();
    for (const step of await create.locator("[data-step]").all()) {
      assert.equal(await step.getAttribute("data-state"), "DONE");
      assert.match(await step.innerText(), /\d+(\.\d+)? (ms|s)/, "each step says how long it took");
    }
    const text = await create.innerText();
    const password = /Password\s+(\S{16,})/.exec(text)?.[1];
    assert.ok(password, "the password is shown");
    await shot(page, "created");
    await page.keyboard.press("Escape");
    await create.getByRole("button", { name: "I have saved it" }).click();
    await page.getByRole("heading", { level: 1, name: "shop" }).waitFor();
    assert.ok(!(await page.content()).includes(password), "it is gone from the page");
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "shop" }).waitFor();
    assert.ok(!(await page.content()).includes(password));
    await shot(page, "database");
  },

  "U26: deleted with its name typed, and taken back": async ({ person, signIn, graph }) => {
    const { id } = await database(graph, "doomed");
    const page = await (await person()).newPage();
    await signIn(page, { to: `/databases/${id}?tab=settings` });
    await page.getByRole("button", { name: "Delete the database" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete doomed" });
    const send = dialog.getByRole("button", { name: "Delete the database" });
    assert.equal(await send.isDisabled(), true);
    await dialog.getByLabel("Type doomed to confirm").fill("Doomed");
    assert.equal(await send.isDisabled(), true, "its very name");
    await dialog.getByLabel("Type doomed to confirm").fill("doomed");
    await send.click();
    await page.getByText("This database is being deleted").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Take the deletion back" }).click();
    await page.getByText("This database is being deleted").waitFor({ state: "detached" });
    await page.locator("[data-state=ACTIVE]").first().waitFor();
  },

  "U10: a session that ends while somebody writes is gone on with, and nothing written is lost": async ({ person, signIn, graph, password, email }) => {
    const page = await (await person()).newPage();
    await signIn(page, { to: "/customers" });
    await page.getByRole("button", { name: "Create a customer" }).first().click();
    const drawer = page.getByRole("dialog", { name: "Create a customer" });
    await drawer.getByLabel("Name").fill("Written long");
    await drawer.getByLabel("E-mail address").fill("long@example.com");
    const { viewer } = await graph("{ viewer { sessions { id current } } }");
    for (const { id, current } of viewer.sessions) {
      if (!current) await graph("mutation ($input: RevokeSessionInput!) { revokeSession(input: $input) { revoked } }", { input: { id } });
    }
    await drawer.getByRole("button", { name: "Create a customer" }).click({ timeout: 1_000 }).catch(() => {}); // the question may be there before
    const again = page.getByRole("dialog", { name: "Your session is over" });
    await again.waitFor();
    await again.getByLabel("E-mail address").fill(email);
    await again.getByRole("textbox", { name: "Password" }).fill(password);
    await again.getByRole("button", { name: "Sign in", exact: true }).click();
    await again.waitFor({ state: "detached" });
    if (await drawer.isVisible()) {
      const send = drawer.getByRole("button", { name: "Create a customer" });
      if (await send.isVisible().catch(() => false)) await send.click().catch(() => {});
    }
    await page.getByRole("heading", { level: 1, name: "Written long" }).waitFor();
    const { customers } = await graph('{ customers(first: 10, filter: { search: "Written long" }) { totalCount } }');
    assert.equal(customers.totalCount, 1, "it was made once");
  },

  "U38: a job's page is whole after it was hidden, and offers what its state allows": async ({ person, signIn, graph }) => {
    const { job } = await database(graph, "watched");
    const context = await person();
    const page = await context.newPage();
    await signIn(page, { to: `/jobs/${job}` });
    await page.getByRole("log").getByText("job.succeeded").waitFor();
    assert.equal(await page.getByRole("button", { name: "Cancel" }).isDisabled(), true);
    assert.equal(await page.getByRole("button", { name: "Try again" }).isDisabled(), true);
    const { job: told } = await graph("query ($id: ID!) { job(id: $id) { events(first: 100) { kind } } }", { id: job });
    const lines = async () => (await page.getByRole("log").innerText()).match(/(job|step)\.[a-z]+/g) ?? [];
    assert.deepEqual(await lines(), told.events.map(({ kind }) => kind));
    const other = await context.newPage(); // the first one is hidden now
    await other.goto("about:blank");
    await other.bringToFront();
    await page.bringToFront();
    assert.deepEqual(await lines(), told.events.map(({ kind }) => kind), "each event once");
  },
};
