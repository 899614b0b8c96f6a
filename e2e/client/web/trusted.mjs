import assert from "node:assert/strict";

const refusal = "Only documents of the server's list are executed.";

/** What the panel answers the pages of a person: how much over HTTP and over sockets, and whether it has refused any of it. */
function answersOf(context) {
  const seen = { bodies: [], http: 0, frames: 0, refused: [] };
  const note = (text, of) => text.includes(refusal) && seen.refused.push(of);
  context.on("page", (page) => {
    page.on("response", (response) => {
      if (new URL(response.url()).pathname !== "/graphql") return;
      seen.http++;
      seen.bodies.push(response.text().then((text) => note(text, response.request().postData()), () => {})); // the page may be another by then
    });
    page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => {
      if (!payload.includes('"next"') && !payload.includes('"error"')) return;
      seen.frames++;
      note(payload, `socket: ${payload}`);
    }));
  });
  return seen;
}

/** Opens a page, and waits until it has all that it asks for at once. */
async function open(page, seen, url) {
  await page.goto(url);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null);
  await Promise.all(seen.bodies);
  assert.deepEqual(seen.refused, [], url);
}

export const tests = {
  "a panel that executes listed documents alone is set up in the browser": async ({ person, setupToken, email, password, url }) => {
    const context = await person();
    const seen = answersOf(context);
    const page = await context.newPage();
    await page.goto(`${url}/setup#${setupToken}`);
    await page.getByLabel("Full name").fill("Root");
    await page.getByLabel("E-mail address").fill(email);
    await page.getByRole("textbox", { name: "Password" }).fill(password);
    await page.getByRole("button", { name: "Create administrator" }).click();
    await page.getByRole("navigation", { name: "Main" }).waitFor({ state: "attached" });
    await Promise.all(seen.bodies);
    assert.deepEqual(seen.refused, []);
  },

  "it executes what its own pages send, and nothing else": async ({ person, signIn, step, url }) => {
    const context = await person();
    const seen = answersOf(context);
    const page = await context.newPage();
    await signIn(page, { to: "/customers" });
    await page.getByRole("button", { name: "Create a customer" }).first().click();
    const customer = page.getByRole("dialog", { name: "Create a customer" });
    await customer.getByLabel("Name").fill("Listed & Sons");
    await customer.getByLabel("E-mail address").fill("listed@example.com");
    await customer.getByRole("button", { name: "Create a customer" }).click();
    await page.getByRole("heading", { level: 1, name: "Listed & Sons" }).waitFor();
    const customerPath = new URL(page.url()).pathname;

    await page.goto(`${url}/databases`);
    await page.getByRole("button", { name: "Create a database" }).first().click();
    const database = page.getByRole("dialog", { name: "Create a database" });
    await database.getByLabel("Customer").fill("listed");
    await page.getByRole("option", { name: /Listed/ }).click();
    await database.getByLabel("Name").fill("listed");
    await database.getByRole("button", { name: "Create a database" }).click();
    await database.getByText("Succeeded", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await database.getByRole("button", { name: "I have saved it" }).click();
    await page.getByRole("heading", { level: 1, name: "listed" }).waitFor();
    const databasePath = new URL(page.url()).pathname;

    const tabs = (path, names) => names.map((name) => `${path}?tab=${name}`);
    const routes = [
      "/", "/security", "/settings", "/audit", "/drift", "/customers", "/databases",
      ...tabs(customerPath, ["overview", "children", "databases", "members", "jobs", "audit", "settings"]),
      ...tabs(databasePath, ["overview", "users", "dumps", "jobs", "settings"]),
    ];
    for (const list of ["/jobs", "/users", "/servers"]) {
      await open(page, seen, url + list);
      const row = page.locator(`#content a[href^="${list}/"]`).first();
      routes.push(await row.getAttribute("href"));
    }
    for (const route of routes) {
      await open(page, seen, url + route);
      step(route);
    }
    for (const route of ["/sign-in", "/sign-up", "/forgot-password", "/verify-email#token"]) await open(page, seen, url + route);
    assert.ok(seen.http > routes.length, `${seen.http} answers`);
    assert.ok(seen.frames > 0, "streams were listened to, too");

    const ask = (query) => fetch(`${url}/graphql`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ query }) }).then((r) => r.json());
    const { errors } = await ask("{ signUpOpen }");
    assert.equal(errors[0].message, refusal);
    assert.equal(errors[0].extensions.code, "FORBIDDEN");
    for (const path of ["/documents.json", "/documents.json.gz", "/assets/documents.json"]) assert.equal((await fetch(url + path)).status, 404, path);
  },
};
