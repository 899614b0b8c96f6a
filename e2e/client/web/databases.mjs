import assert from "node:assert/strict";
import { keyboardOf } from "../keyboard.mjs";
import { customerOf, databaseOf, shownLog, toldLog } from "./parts.mjs";

/** Whether what lies between a dialog and the page lets nothing through, and where on the screen something else is. */
function seenBehind(dialog) {
  const root = dialog.closest(".mantine-Modal-root");
  const overlay = getComputedStyle(root.querySelector(".mantine-Modal-overlay"));
  const sheet = new OffscreenCanvas(1, 1).getContext("2d");
  sheet.fillStyle = overlay.backgroundColor;
  sheet.fillRect(0, 0, 1, 1);
  const [, , , alpha] = sheet.getImageData(0, 0, 1, 1).data;
  const places = [];
  for (let x = 1; x < innerWidth; x += 40) for (let y = 1; y < innerHeight; y += 40) {
    if (!root.contains(document.elementFromPoint(x, y))) places.push(`${x},${y}`);
  }
  return { opaque: alpha === 255 && overlay.opacity === "1" && overlay.visibility === "visible", places };
}

/** Orders a database for the customer that is found so, and gives the dialog. */
async function order(page, customer, name) {
  await page.getByRole("button", { name: "Create a database" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Create a database" });
  await dialog.getByLabel("Customer").fill(customer);
  await page.getByRole("option", { name: new RegExp(customer, "i") }).click();
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("button", { name: "Create a database" }).click();
  return dialog;
}

/** The password that a dialog shows, which its button copies. */
async function passwordOf(page, dialog) {
  const password = /Password\s+(\S{16,})/.exec(await dialog.innerText())?.[1];
  assert.ok(password, "the password is shown");
  await dialog.getByRole("button", { name: "Copy Password" }).click();
  await page.waitForFunction(async (text) => (await navigator.clipboard.readText()) === text, password);
  return password;
}

export const tests = {
  "U12: what is wrong stands beside its field, which has the focus, and a double click sends one order": async ({ person, signIn, graph }) => {
    const page = await (await person()).newPage();
    await signIn(page, { to: "/customers" });
    const sent = [];
    page.on("request", (request) => request.postData()?.includes("createCustomer(") && sent.push(request.headers()["idempotency-key"]));
    await page.getByRole("button", { name: "Create a customer" }).first().click();
    const drawer = page.getByRole("dialog", { name: "Create a customer" });
    const [name, email] = [drawer.getByLabel("Name"), drawer.getByLabel("E-mail address")];
    await name.fill("Otter & Sons");
    await email.fill("no address");
    await drawer.getByRole("button", { name: "Create a customer" }).click();
    await email.and(page.locator(":focus")).waitFor();
    assert.equal(await email.getAttribute("aria-invalid"), "true");
    assert.notEqual(await name.getAttribute("aria-invalid"), "true");
    const said = await email.evaluate((field) => field.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" "));
    assert.match(said, /address/i, "it is told beside the field");
    assert.equal(await name.inputValue(), "Otter & Sons", "nothing that was written is lost");
    sent.splice(0);
    await email.fill("otter@example.com");
    await drawer.getByRole("button", { name: "Create a customer" }).dblclick();
    await page.getByRole("heading", { level: 1, name: "Otter & Sons" }).waitFor();
    assert.equal(sent.length, 1);
    assert.ok(sent[0], "with a key, so that to send it again does nothing");
    const { customers } = await graph('{ customers(first: 10, filter: { search: "Otter" }) { totalCount } }');
    assert.equal(customers.totalCount, 1);
  },

  "U19: a customer is made in a drawer of four fields, is in the list at once, and changes there without a reload": async ({ person, signIn, graph }) => {
    const page = await (await person()).newPage();
    await signIn(page, { to: "/customers" });
    await page.evaluate(() => (globalThis.sameDocument = true));
    await page.getByRole("button", { name: "Create a customer" }).first().click();
    const drawer = page.getByRole("dialog", { name: "Create a customer" });
    await drawer.getByLabel("Name").fill("At once & Sons");
    assert.equal(await drawer.locator("input:visible, textarea:visible").count(), 4);
    await drawer.getByLabel("E-mail address").fill("at-once@example.com");
    await drawer.getByRole("button", { name: "Create a customer" }).click();
    await page.getByRole("heading", { level: 1, name: "At once & Sons" }).waitFor();
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Customers" }).click();
    const row = page.getByRole("row").filter({ hasText: "At once & Sons" });
    await row.locator("[data-state=ACTIVE]").waitFor();
    const { customers } = await graph('{ customers(first: 1, filter: { search: "At once" }) { nodes { id } } }');
    await graph("mutation ($input: SuspendCustomerInput!) { suspendCustomer(input: $input) { job { id } } }", { input: { id: customers.nodes[0].id, reason: "elsewhere" } });
    await row.locator("[data-state=SUSPENDED]").waitFor();
    assert.equal(await page.evaluate(() => globalThis.sameDocument), true, "without a reload");
  },

  "U24: a database is made step by step before one's eyes, and each step says how long it took": async ({ person, signIn, shot }) => {
    const page = await (await person()).newPage();
    await signIn(page, { to: "/databases" });
    const create = await order(page, "otter", "shop");
    await create.locator("[data-step]").first().waitFor();
    await create.getByText("Succeeded", { exact: true }).waitFor();
    const steps = await create.locator("[data-step]").evaluateAll((all) => all.map((step) => [step.dataset.step, step.dataset.state, step.innerText]));
    assert.deepEqual(steps.map(([name, state]) => [name, state]), ["create-login", "create-database", "grant-access", "publish-name"].map((name) => [name, "DONE"]));
    for (const [name, , text] of steps) assert.match(text, /\d+(\.\d+)? (ms|s)/, `${name} says how long it took`);
    await shot(page, "created");
  },

  "U24: a step that fails is shown in words before one's eyes, with what was rolled back and what helps": async ({ person, signIn, shot }) => {
    const page = await (await person()).newPage();
    await signIn(page, { to: "/databases" });
    const create = await order(page, "taken", "space");
    await create.getByText("Failed", { exact: true }).waitFor();
    const why = create.getByRole("alert");
    await why.getByText("CONFLICT", { exact: true }).waitFor();
    await why.getByText("The server already has a database of that name. The step create-database failed. Rolled back: create-login.").waitFor();
    const steps = await create.locator("[data-step]").evaluateAll((all) => all.map((step) => [step.dataset.step, step.dataset.state, step.innerText.includes("The server already has a database of that name.")]));
    assert.deepEqual(steps, [["create-login", "UNDONE", false], ["create-database", "UNDONE", true], ["grant-access", "PENDING", false], ["publish-name", "PENDING", false]]);
    await create.getByText(/Try its job again once the cause is gone, or delete it/).waitFor();
    assert.equal(await create.getByText("Password", { exact: true }).count(), 0, "a password of nothing");
    await shot(page, "failed");
    await create.getByRole("link", { name: "Open the job" }).click();
    await page.getByRole("main").getByRole("alert").getByText("The server already has a database of that name.").waitFor();
    assert.equal(await page.getByRole("button", { name: "Cancel", exact: true }).isDisabled(), true);
    assert.equal(await page.getByRole("button", { name: "Try again", exact: true }).isEnabled(), true);
    await page.getByRole("main").getByRole("link", { name: "space" }).click();
    await page.getByRole("status").filter({ hasText: "It could not be made, and nothing of it is left on a server." }).waitFor();
  },

  "U24: what the database server refuses is shown with its SQLSTATE, at its step and for the job": async ({ person, signIn, sql, shot }) => {
    const page = await (await person()).newPage();
    await signIn(page, { to: "/databases" });
    const refused = /The database server refused it: something there is not in the state for it \(SQLSTATE 55000\)\./;
    const template = (limit) => sql(`UPDATE pg_database SET datconnlimit = ${limit} WHERE datname = 'template0'`);
    template(-2); // as after a removal that was interrupted: nothing can be made of it
    try {
      const create = await order(page, "taken", "refused");
      await create.locator("[data-step=create-database]").getByText(refused).waitFor();
      await create.getByText("Failed", { exact: true }).waitFor({ timeout: 60_000 }); // it is tried again some times
      const why = create.getByRole("alert");
      await why.getByText("INTERNAL", { exact: true }).waitFor();
      await why.getByText(refused).waitFor();
      await why.getByText(/The step create-database failed\. Rolled back: create-login\./).waitFor();
      await shot(page, "refused");
      await create.getByRole("link", { name: "Open the job" }).click();
    } finally {
      template(-1);
    }
    await page.getByRole("main").getByRole("alert").getByText(refused).waitFor();
    await page.getByRole("button", { name: "Try again", exact: true }).click(); // the cause is gone
    await page.getByRole("main").locator("[data-state=SUCCEEDED]").first().waitFor();
  },

  "U24: what failed is changed and sent again in the same dialog, by keyboard alone": async ({ person, signIn, shot }) => {
    const page = await (await person()).newPage();
    const by = await keyboardOf(page);
    await signIn(page, { to: "/databases" });
    const keys = [];
    page.on("request", (request) => /createDatabase\(/.test(request.postData() ?? "") && !/"dryRun":true/.test(request.postData()) && keys.push(request.headers()["idempotency-key"]));
    const create = await order(page, "taken", "space");
    await create.getByText("Failed", { exact: true }).waitFor();
    const alert = page.getByRole("alert").filter({ hasText: "Failed: Create a database · space" });
    await alert.getByText("The server already has a database of that name.").waitFor();
    await shot(page, "failed-again");
    await by.press("button", "Change and try again", { within: create });
    const customer = create.getByRole("combobox", { name: "Customer" });
    await customer.and(page.locator(":focus")).waitFor();
    assert.equal(await customer.inputValue(), "Taken");
    const name = create.getByRole("textbox", { name: "Name" });
    assert.equal(await name.inputValue(), "space");
    await shot(page, "changed");
    await name.fill("room");
    await by.press("button", "Create a database", { within: create });
    await create.getByText("Succeeded", { exact: true }).waitFor();
    assert.equal(keys.length, 2);
    assert.notEqual(keys[0], keys[1]);
    await by.press("button", "I have saved it", { within: create });
    await page.getByRole("heading", { level: 1, name: "room" }).waitFor();
  },

  "U25: a password is shown once, in each client's words, and another one in its place": async ({ person, signIn, shot }) => {
    const page = await (await person({ permissions: ["clipboard-read", "clipboard-write"] })).newPage();
    await signIn(page, { to: "/databases" });
    const create = await order(page, "otter", "blog");
    await create.getByText("Succeeded", { exact: true }).waitFor();
    const first = await passwordOf(page, create);
    for (const [tab, like] of [["URI", /^postgres(ql)?:\/\//], ["psql", /psql|host=/], [".env", /PGPASSWORD|DATABASE_URL/], ["JDBC", /^jdbc:postgresql:/]]) {
      await create.getByRole("tab", { name: tab, exact: true }).click();
      assert.match((await create.getByRole("tabpanel").innerText()).trim(), like, tab);
    }
    await page.keyboard.press("Escape"); // it is not left like this
    await create.getByRole("button", { name: "I have saved it" }).click();
    await page.getByRole("heading", { level: 1, name: "blog" }).waitFor();
    assert.ok(!(await page.content()).includes(first), "it is gone from the page");
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "blog" }).waitFor();
    assert.ok(!(await page.content()).includes(first));
    await shot(page, "database");

    await page.getByRole("tab", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Rotate the password" }).click();
    const rotate = page.getByRole("dialog", { name: "Rotate the password of blog" });
    await rotate.getByRole("button", { name: "Rotate the password" }).click();
    await rotate.getByText("Succeeded", { exact: true }).waitFor();
    const second = await passwordOf(page, rotate);
    assert.notEqual(second, first);
    await rotate.getByRole("button", { name: "I have saved it" }).click();
    await rotate.waitFor({ state: "detached" });
    assert.ok(!(await page.content()).includes(second));
  },

  "U26: deleted with its name typed, and taken back, by keyboard alone": async ({ person, signIn, graph }) => {
    const { id } = await databaseOf(graph, await customerOf(graph, "Customer of doomed"), "doomed");
    const page = await (await person()).newPage();
    const by = await keyboardOf(page);
    await signIn(page, { to: `/databases/${id}?tab=settings` });
    await by.press("button", "Delete the database");
    const dialog = page.getByRole("dialog", { name: "Delete doomed" });
    const send = dialog.getByRole("button", { name: "Delete the database" });
    assert.equal(await send.isDisabled(), true);
    await by.write("Type doomed to confirm", "Doomed", { within: dialog });
    assert.equal(await send.isDisabled(), true, "its very name");
    await by.write("Type doomed to confirm", "doomed", { within: dialog });
    await by.press("button", "Delete the database", { within: dialog });
    await page.getByText("This database is being deleted").waitFor();
    await by.keys("Escape");
    await dialog.waitFor({ state: "detached" });
    await by.somewhere();
    await by.press("button", "Take the deletion back");
    await page.getByText("This database is being deleted").waitFor({ state: "detached" });
    await page.locator("[data-state=ACTIVE]").first().waitFor();
    await by.somewhere();
  },

  "U10: a session that ends while somebody writes, or sends, is gone on with, and nothing written is lost": async ({ person, signIn, graph, forgive, password, email }) => {
    const page = await (await person()).newPage();
    await signIn(page, { to: "/customers" });
    const drawer = page.getByRole("dialog", { name: "Create a customer" });
    const [name, address, send] = [drawer.getByLabel("Name"), drawer.getByLabel("E-mail address"), drawer.getByRole("button", { name: "Create a customer" })];
    const write = async (text, at) => {
      await page.getByRole("button", { name: "Create a customer" }).first().click();
      await name.fill(text);
      await address.fill(at);
    };
    const end = async () => {
      const { viewer } = await graph("{ viewer { sessions { id current } } }");
      for (const { id, current } of viewer.sessions) {
        if (!current) await graph("mutation ($input: RevokeSessionInput!) { revokeSession(input: $input) { revoked } }", { input: { id } });
      }
    };
    const again = page.getByRole("dialog", { name: "Your session is over" });
    const signInAgain = async () => {
      await again.getByLabel("E-mail address").fill(email);
      await again.getByRole("textbox", { name: "Password" }).fill(password);
      await again.getByRole("button", { name: "Sign in", exact: true }).click();
      await again.waitFor({ state: "detached" });
    };
    const made = async (text) => {
      await page.getByRole("heading", { level: 1, name: text }).waitFor();
      const { customers } = await graph("query ($search: String) { customers(first: 10, filter: { search: $search }) { totalCount } }", { search: text });
      assert.equal(customers.totalCount, 1, `${text} was made once`);
    };

    await write("Written long", "long@example.com");
    await end();
    await again.waitFor(); // before anything is sent
    // Whoever is there now may be somebody else: nothing of the page can be read behind the question.
    await again.evaluate((dialog) => Promise.all(dialog.closest(".mantine-Modal-root").getAnimations({ subtree: true }).map(({ finished }) => finished)));
    await page.waitForFunction((dialog) => getComputedStyle(dialog.closest(".mantine-Modal-root").querySelector(".mantine-Modal-overlay")).opacity === "1", await again.elementHandle());
    assert.deepEqual(await again.evaluate(seenBehind), { opaque: true, places: [] });
    await signInAgain();
    assert.deepEqual([await name.inputValue(), await address.inputValue()], ["Written long", "long@example.com"]);
    await send.click();
    await made("Written long");

    // It ends while what was written is under way, which then goes by itself.
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Customers" }).click();
    await write("Sent late", "late@example.com");
    const sent = [];
    await page.route("**/graphql", async (route) => {
      if (route.request().postDataJSON()?.operationName !== "CreateCustomer" || route.request().postDataJSON().variables.input.dryRun) return route.fallback();
      sent.push(route.request().headers()["idempotency-key"]);
      if (sent.length === 1) await end();
      await route.fallback();
    });
    await send.click();
    await again.waitFor();
    await signInAgain();
    await made("Sent late");
    assert.ok(sent.length > 1, "it was refused first");
    assert.equal(new Set(sent).size, 1, "with the same key, so that it happens once");
    await page.unrouteAll({ behavior: "wait" });
    forgive(/WebSocket/);
  },

  "U38: a job's page has its whole log, and offers what its state allows": async ({ person, signIn, graph }) => {
    const { job } = await databaseOf(graph, await customerOf(graph, "Customer of watched"), "watched");
    const page = await (await person()).newPage();
    await signIn(page, { to: `/jobs/${job}` });
    await page.getByRole("log").getByText("job.succeeded").waitFor();
    for (const name of ["Cancel", "Try again"]) assert.equal(await page.getByRole("button", { name, exact: true }).isDisabled(), true, `${name} is not for a job that has succeeded`);
    assert.deepEqual(await shownLog(page), await toldLog(graph, job), "each event once, and in order");
  },
};
