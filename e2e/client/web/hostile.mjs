import assert from "node:assert/strict";
import { linkTo } from "../mailbox.mjs";
import { openAll, settled } from "./examine.mjs";
import { address, hostileTexts, polyglot, polyglots, strings } from "./hostile-texts.mjs";
import { actAs, customerOf, databaseOf, palette } from "./parts.mjs";

/** Buttons that open nothing, by what is written on them or said of them. */
const acting = /^(Export as CSV|As (CSV|JSON lines)|(Check|Compare) now|Pause|Resume|Save.*|.*[Cc]opy.*|Take the deletion back|Cancel|Try again|Previous page|Next page|Hide in this browser|Send link|Clear filters|Show resolved findings, too|Also renewals of sessions|Only[^]*Remove this filter|.*: ×|×)$/;
const ofTheApp = /^\/($|[?#]|(customers|databases|jobs|users|servers|drift|audit|security|settings)([/?#]|$))/;

/** All that a page says: its text, and what stands in its fields. */
const said = (page) => page.evaluate(() => [document.body.innerText, document.title, ...[...document.querySelectorAll("input, textarea")].map(({ value }) => value)].join("\n"));

const quiet = async (page, where) => assert.equal(await page.evaluate(() => window.__ran), undefined, `something ran ${where}`);

/** A page of a browser of its own, and what ran on it: also what ran just before another page took its place. */
async function watched(person) {
  const context = await person();
  const ran = [];
  await context.exposeFunction("ranHere", (where) => ran.push(where));
  await context.addInitScript(() => Object.defineProperty(window, "__ran", { set: (where) => window.ranHere(String(where)) }));
  return { page: await context.newPage(), ran };
}

/** Where a sign-in might be sent to that is not the app. */
const elsewhere = [
  ...polyglots, "//evil.example", "https://evil.example/", "\\\\evil.example", "/\\evil.example", "/\t/evil.example", "data:text/html,<script>window.__ran='data'</script>",
];

/** Follows links of the app from page to page, each once, opens what opens over them, and gives what each said. */
async function crawl(page, url, starts, step) {
  const seen = new Map();
  const pressed = {};
  const queue = [...starts];
  while (queue.length > 0) {
    const path = queue.shift();
    const key = path.split("?")[0];
    if (seen.has(key)) continue;
    const texts = [];
    seen.set(key, texts);
    const look = async () => {
      texts.push(await said(page));
      await quiet(page, `on ${path}`);
      step(`${seen.size} ${path}`);
    };
    await page.goto(url + path);
    await page.getByRole("heading", { level: 1 }).first().waitFor().catch(() => assert.fail(`${path} has no heading: ${page.url()}`));
    await settled(page);
    const tabs = page.getByRole("tablist").first().getByRole("tab"); // the page's own
    const count = await tabs.count();
    for (let i = 0; i < Math.max(1, count); i++) {
      if (count > 0) await tabs.nth(i).click();
      await settled(page);
      await look();
      const links = await page.locator("a[href]").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
      for (const link of links) {
        assert.doesNotMatch(link, /^\s*(javascript|data|vbscript):/i, `a link of ${path}`);
        if (ofTheApp.test(link)) queue.push(link);
      }
      const strange = await openAll(page, (pressed[`${key.replace(/(?<=.\/).+/, "one")} ${i}`] ??= []), acting, look);
      assert.deepEqual(strange, [], path);
    }
  }
  return seen;
}

export const tests = {
  "S33: every string of the graph's inputs is stored somewhere, refused, a secret, or only looked for": async ({ graph }) => {
    const { __schema } = await graph("{ __schema { types { kind name inputFields { name type { name kind ofType { name kind ofType { name kind ofType { name } } } } } fields { name args { name type { name kind ofType { name } } } } } } }");
    const named = (type) => (type.ofType ? named(type.ofType) : type.name);
    const found = __schema.types.flatMap(({ name, inputFields, fields }) => [
      ...(inputFields ?? []).map((field) => [`${name}.${field.name}`, field]),
      ...(name.startsWith("__") ? [] : (fields ?? []).flatMap((field) => field.args.map((arg) => [`${name}.${field.name}(${arg.name})`, arg]))),
    ]).filter(([, { type }]) => named(type) === "String").map(([place]) => place);
    assert.deepEqual(found.filter((place) => !(place in strings)), [], "what is new has its place in hostile-texts.mjs");
    assert.deepEqual(Object.keys(strings).filter((place) => !found.includes(place)), [], "what is gone has none any more");
  },

  "S33: what cannot be meant is refused, with the field and a sentence": async ({ graph }) => {
    const customer = await customerOf(graph, "Refusing", { quotas: [{ name: "DATABASES", max: "5" }] });
    const database = await databaseOf(graph, customer, "refusing");
    const { databaseServers } = await graph("{ databaseServers(first: 1) { nodes { id } } }");
    for (const [place, how] of Object.entries(strings)) {
      if (!how.refused) continue;
      const [input, field] = place.split(".");
      for (const text of polyglots) {
        const given = how.refused({ text, customer, database: database.id, server: databaseServers.nodes[0].id });
        const mutation = input[0].toLowerCase() + input.slice(1, -"Input".length);
        const refusal = await graph(`mutation ($input: ${input}!) { ${mutation}(input: $input) { __typename } }`, { input: given }).then(() => null, (e) => JSON.parse(e.message)[0]);
        assert.ok(refusal, `${place} takes ${text}`);
        assert.equal(refusal.extensions.code, "INVALID", `${place}: ${JSON.stringify(refusal)}`);
        assert.match(refusal.extensions.field ?? "", new RegExp(`^${field}`), `${place}: ${JSON.stringify(refusal)}`);
        assert.match(refusal.message, /^[A-Z].{8,}/, place);
        assert.ok(!refusal.message.includes("__ran"), `${place} gives it back`);
      }
    }
  },

  "S33: nothing that people have written is executed on any page": async ({ person, signIn, graph, sql, step, url }) => {
    const { starts, belongs, member, entries } = await hostileTexts({ graph, sql, url, step });
    const page = await (await person({ userAgent: polyglot("agent", 1), reducedMotion: "reduce" })).newPage();
    await signIn(page);
    const seen = await crawl(page, url, ["/", "/customers", "/databases", "/jobs", "/users", "/servers", "/drift", "/audit", "/security", "/settings", ...starts], step);

    const at = async (path, text) => {
      await page.goto(url + path);
      await page.getByRole("heading", { level: 1 }).first().waitFor();
      await page.waitForFunction((text) => document.body.innerText.includes(text), text).catch(() => assert.fail(`${path} does not say ${text}`));
      await quiet(page, `on ${path}`);
    };
    // An entry of the audit with what there was and what there is then, and with the browser that it came from.
    for (const { id, text } of entries) await at(`/audit?event=${id}`, text);
    const { auditEvents } = await graph("{ auditEvents(first: 50, filter: { action: \"user.sign_in\" }) { nodes { id userAgent } } }");
    await at(`/audit?event=${auditEvents.nodes.find(({ userAgent }) => userAgent?.includes("__ran")).id}`, polyglot("agent", 1));

    // What stands around each page.
    await page.goto(url);
    await page.getByRole("button", { name: /^Notifications/ }).click();
    await page.getByRole("dialog", { name: "Notifications" }).getByRole("link").first().waitFor();
    await quiet(page, "in the notifications");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByRole("button", { name: /^Account menu/ }).click();
    await page.getByRole("menu").getByText(belongs.find(([place]) => place === "UpdateProfileInput.name")[2]).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    for (const [, , text] of belongs.filter(([place, path]) => place === "CreateCustomerInput.name" && path === "/customers")) {
      await palette(page).fill(text);
      await page.getByRole("dialog").getByText(text).first().waitFor();
      await quiet(page, "in the palette");
    }
    await page.keyboard.press("Escape");
    const switcher = page.getByRole("banner").getByRole("combobox", { name: "Customer" });
    await switcher.fill("__ran");
    await page.getByRole("option").filter({ hasText: "__ran" }).first().click();
    await page.waitForURL(/customer=/);
    await quiet(page, "in the choice of a customer");

    // A file's name goes nowhere, and is shown before.
    await page.goto(`${url}${starts.find((path) => path.startsWith("/databases/"))}?tab=dumps`);
    await page.getByRole("button", { name: "Upload a dump" }).click();
    await page.locator("input[type=file]").setInputFiles({ name: polyglot("file", 0).replaceAll("/", ""), mimeType: "text/plain", buffer: Buffer.from("x") });
    await page.getByText("window.__ran='file'").first().waitFor();
    await quiet(page, "by the name of a file");

    // Who was acted as reads why.
    const other = await (await person()).newPage();
    await signIn(other, { ...member, to: "/security" });
    await other.getByText(belongs.find(([place]) => place === "ImpersonateInput.reason")[2]).waitFor();
    await quiet(other, "for a member");

    // Each of them was really there, on the page where it belongs.
    const missing = belongs.filter(([place, path, text]) => path && !seen.get(path)?.some((all) => all.includes(text))).map(([place, path, text]) => `${place} on ${path}${seen.has(path) ? "" : ", which was not seen"}: ${text}`);
    assert.deepEqual(missing, []);
    for (const [place, how] of Object.entries(strings)) if (how.stored) assert.ok(belongs.some(([of]) => of === place), `${place} was stored nowhere`);
  },

  "S33: nothing that stands in an address is executed, and a page gets over it": async ({ person, signIn, forgive, step, url }) => {
    const page = await (await person()).newPage();
    await signIn(page);
    const words = {
      "/customers": ["q", "state", "country", "sort"], "/databases": ["q", "state", "customer", "sort", "after"], "/jobs": ["state", "customer", "resource", "before"], "/users": ["q", "customer"],
      "/servers": ["after"], "/drift": ["kind", "server", "database", "resolved"], "/audit": ["actor", "customer", "action", "object", "ip", "allowed", "from", "to"], "/security": ["x"], "/settings": ["x"],
    };
    for (const [path, names] of Object.entries(words)) {
      // Each word has another text the second time.
      for (const turn of [0, 1]) {
        const query = names.map((word, i) => `${word}=${encodeURIComponent(polyglots[(i + turn) % polyglots.length])}`).join("&");
        await page.goto(`${url}${path}?${query}#${encodeURIComponent(polyglots[turn])}`);
        await page.getByRole("heading", { level: 1 }).first().waitFor();
        await settled(page);
        await quiet(page, `at ${path}?${query}`);
        step(path);
      }
    }
    // One that can be no place in a list is overlooked: the list is there, and says that nothing is like this.
    for (const text of polyglots) {
      await page.goto(`${url}/databases?q=${encodeURIComponent(text)}&state=${encodeURIComponent(text)}&after=${encodeURIComponent(text)}`);
      await page.getByText("No database is like this").waitFor();
      assert.equal(await page.getByRole("alert").count(), 0, text);
      step(text);
    }
    for (const text of polyglots) {
      await page.goto(`${url}/customers/${encodeURIComponent(text)}`);
      await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
      await quiet(page, `at ${text}`);
      step(text);
    }
    forgive(/status of 400/); // a cursor that is none is refused
  },

  "S33: a sign-in ends on the origin, and nothing that stands behind the # of a link is executed": async ({ person, signIn, step, url }) => {
    const { page, ran } = await watched(person);
    // The watch itself tells when something runs.
    await page.goto(`${url}/sign-in`);
    await page.evaluate(() => (window.__ran = "by the test"));
    assert.deepEqual(ran.splice(0), ["by the test"]);

    for (const next of elsewhere) {
      await signIn(page, { to: next });
      assert.equal(await page.evaluate(() => location.href), `${url}/`, next);
      assert.deepEqual(ran, [], next);
      step(next);
    }
    const within = `/customers?q=${encodeURIComponent(polyglots[0])}#${encodeURIComponent(polyglots[1])}`; // what is the app's own is gone to
    await signIn(page, { to: within });
    await page.getByRole("heading", { level: 1, name: "Customers" }).waitFor();
    await page.waitForFunction((text) => [...document.querySelectorAll("#content input")].some(({ value }) => value === text), polyglots[0]);
    assert.deepEqual(ran, [], within);

    const titles = { "/verify-email": "Confirm your address", "/reset-password": "Set a new password", "/invitation": "Accept the invitation", "/setup": "Set up MPanel" };
    for (const text of polyglots) {
      for (const [path, title] of Object.entries(titles)) { // the path changes, so that each is a page of its own
        await page.goto(`${url}${path}?x=${encodeURIComponent(text)}#${text}`);
        await page.getByRole("heading", { level: 1, name: title }).waitFor();
        assert.deepEqual(ran, [], `${path}#${text}`);
        // What the panel says of such a token.
        if (text !== polyglots[0]) continue;
        for (const field of await page.getByRole("textbox").all()) await field.fill((await field.getAttribute("name")) === "email" ? "late@example.com" : polyglot("field", 1));
        await page.locator("button[type=submit]").click();
        await page.getByRole("alert").filter({ hasText: /used|taken back|not valid/ }).waitFor();
        assert.deepEqual(ran, [], `${path}#${text}, sent`);
      }
      step(text);
    }
  },

  "S33: nothing runs where people are told of something once: accounts, toasts, the banner of who acts, the audit's tail": async ({ person, signIn, graph, step, url }) => {
    const quietly = async (page, ran, text, where) => {
      await page.getByText(text).first().waitFor();
      await page.evaluate(() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go))));
      assert.deepEqual(ran, [], where);
      step(where);
    };
    // Who has no account is told of an address that they typed.
    const { page: theirs, ran: there } = await watched(person);
    await theirs.goto(`${url}/forgot-password`);
    await theirs.getByLabel("E-mail address").fill(address("forgot"));
    await theirs.getByRole("button", { name: "Send link" }).click();
    await quietly(theirs, there, `If there is an account with ${address("forgot")}`, "on the page of a forgotten password");
    await theirs.goto(`${url}/sign-up`);
    await theirs.getByLabel("Full name").fill(polyglot("signup", 0));
    await theirs.getByLabel("E-mail address").fill(address("signup"));
    await theirs.getByLabel("Company").fill(polyglot("signup.company", 1));
    await theirs.getByRole("textbox", { name: "Password" }).fill("nobody guesses this one");
    await theirs.getByRole("button", { name: "Create account" }).click();
    await quietly(theirs, there, `We sent a link to ${address("signup")}`, "on the page of a sign-up");

    const { page, ran } = await watched(person);
    await signIn(page, { to: "/customers" });
    const called = polyglot("toast", 0);
    await page.getByRole("main").getByRole("button", { name: "Create a customer" }).first().click();
    const drawer = page.getByRole("dialog", { name: "Create a customer" });
    await drawer.getByRole("textbox", { name: "Name", exact: true }).fill(called);
    await drawer.getByLabel("E-mail address").fill(address("toast"));
    await drawer.getByRole("button", { name: "Create a customer" }).click();
    await quietly(page, ran, `${called} is a customer now.`, "in a toast");
    await page.waitForURL(/\/customers\/[^?]+$/);

    const [member, email] = [polyglot("banner", 2), address("banner")];
    await graph("mutation ($input: InviteUserInput!) { inviteUser(input: $input) { invitation { id } } }", { input: { email, name: member, customerId: new URL(page.url()).pathname.split("/").pop(), customerRole: "OWNER", language: "EN" } });
    await theirs.goto(await linkTo(url, email, "Invitation"));
    await theirs.getByLabel("Full name").fill(member);
    await theirs.getByRole("textbox", { name: "Password" }).fill("nobody guesses this one");
    await theirs.getByRole("button", { name: "Accept" }).click();
    await quietly(theirs, there, `The account ${email} is made.`, "where an account is made");

    const { users } = await graph("query ($filter: UserFilter) { users(first: 1, filter: $filter) { nodes { id name } } }", { filter: { search: email } });
    assert.equal(users.nodes[0].name, member);
    await page.goto(`${url}/users/${users.nodes[0].id}`);
    await actAs(page, polyglot("reason", 1));
    const banner = page.getByRole("status").filter({ hasText: "You act as" });
    await quietly(page, ran, `You act as ${member}.`, "in the banner of who acts");
    await settled(page);
    await banner.getByRole("button", { name: "End", exact: true }).click();
    await banner.waitFor({ state: "detached" });
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Audit log" }).click(); // which nobody else sees

    const table = page.getByRole("region", { name: "Audit log" });
    await page.getByText("Live", { exact: true }).waitFor();
    await table.getByRole("row").nth(1).waitFor();
    const lately = polyglot("tail", 0);
    await customerOf(graph, lately, { email: "tail@example.com" });
    await table.getByText(lately).first().waitFor();
    await quietly(page, ran, lately, "in the audit's tail");
  },
};
