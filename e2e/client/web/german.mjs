import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { memberOf } from "../users.mjs";
import { examine, openAll, over, settled } from "./examine.mjs";
import { answer, customerOf, databaseOf, name, overOf, strayRole, surveyTwice } from "./parts.mjs";

const sources = new URL("../../../web/src/", import.meta.url);

/** The parts of the app's English texts by which one would know them on a page: what no German text has. */
function english() {
  const files = readdirSync(sources, { recursive: true }).filter((name) => /\.tsx?$/.test(name) && !/test\.tsx?$/.test(name));
  const [found, german] = [new Map(), []];
  for (const name of files) {
    const source = readFileSync(new URL(name, sources), "utf8");
    for (const [, en, de] of source.matchAll(/\btexts\(\s*"[\w-]+",\s*\{\s*en: \{([^]*?)\},\s*de: \{([^]*?)\},?\s*\}\s*\)/g)) {
      const read = (text) => Object.fromEntries([...text.matchAll(/(\w+): "((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [key, JSON.parse(`"${value}"`)]));
      const [one, other] = [read(en), read(de)];
      german.push(...Object.values(other));
      for (const [key, text] of Object.entries(one)) {
        const longest = text.split(/\{\{\w+\}\}/).map((piece) => piece.trim()).sort((a, b) => b.length - a.length)[0];
        if (text !== other[key] && longest.length >= 8 && !/^[a-z]+$/.test(longest)) found.set(longest, `${name} ${key}`);
      }
    }
  }
  // What the panel itself says comes in German, too.
  for (const name of files.filter((name) => /sentences.german-/.test(name))) {
    for (const [, key, value] of readFileSync(new URL(name, sources), "utf8").matchAll(/^  ("(?:[^"\\]|\\.)*"): ("(?:[^"\\]|\\.)*"),$/gm)) {
      german.push(JSON.parse(value));
      const longest = JSON.parse(key).split(/%(?:\.\d)?[sdqvf]/).map((piece) => piece.trim()).sort((a, b) => b.length - a.length)[0];
      if (longest.length >= 12) found.set(longest, name);
    }
  }
  for (const piece of [...found.keys()]) if (german.some((text) => text.includes(piece))) found.delete(piece);
  return found;
}

/** What is wrong with a page in German: English texts, and what is cut off. */
async function faultsOf(page, pieces) {
  return page.evaluate((pieces) => {
    const faults = [];
    if (document.documentElement.lang !== "de") faults.push(`lang is ${document.documentElement.lang}`);
    const shown = [...document.querySelectorAll("[aria-label],[placeholder],[title]")].flatMap((e) => [e.getAttribute("aria-label"), e.getAttribute("placeholder"), e.getAttribute("title")]);
    let text = [document.body.innerText, document.title, ...shown].join("\n");
    for (const { innerText } of document.querySelectorAll("pre")) text = text.replace(innerText, ""); // what is code is in no language
    for (const [piece, from] of pieces) {
      for (let at = text.indexOf(piece); at >= 0; at = text.indexOf(piece, at + 1)) {
        // Within a name such as create-database it is no text.
        if (/\w-?$/.test(text.slice(Math.max(0, at - 2), at)) || /^-?\w/.test(text.slice(at + piece.length))) continue;
        faults.push(`English: ${piece} (${from})`);
        break;
      }
    }
    // An action's code stands beside what it is in words, and nowhere in their place.
    for (const { innerText } of document.querySelectorAll("h1, h2, h3, a, button, [role=option] span:first-child")) if (/^[a-z_]+\.[a-z_]+( ·|$)/.test(innerText?.trim())) faults.push(`a code: ${innerText}`);
    for (const e of document.querySelectorAll("button, button *, [role=tab] *, th *, label, legend, .mantine-Badge-label")) {
      const look = getComputedStyle(e);
      if (e.clientWidth > 4 && e.scrollWidth > e.clientWidth + 1 && look.overflowX !== "visible" && look.overflowX !== "auto") faults.push(`cut off: ${e.textContent}`);
    }
    return [...new Set(faults)];
  }, pieces);
}

const headings = {
  "/": "Übersicht", "/customers": "Kunden", "/databases": "Datenbanken", "/jobs": "Aufträge", "/users": "Benutzer", "/servers": "Datenbankserver", "/drift": "Abweichungen", "/audit": "Protokoll",
  "/security": "Sicherheit", "/settings": "Einstellungen", "/jobs/bm90aGluZw": "Hier ist nichts",
};
const account = ["/sign-in", "/sign-up", "/forgot-password", "/reset-password#token", "/verify-email#token", "/invitation#token", "/setup#token", "/invitation"];

/** Buttons that open nothing, by what is written on them or said of them. */
const acting = /^(Als CSV exportieren|Als (CSV|JSON-Zeilen)|Jetzt (prüfen|vergleichen)|Anhalten|Speichern|.*speichern|.*[Kk]opieren|Wiederherstellen|Abbrechen|Noch einmal.*|Vorige Seite|Nächste Seite|Alle auswählen|In diesem Browser ausblenden|Link senden|Löschen zurücknehmen|Filter zurücksetzen|Auch behobene zeigen|Auch Erneuerungen von Sitzungen|Nur[^]*Diesen Filter entfernen|.*: ×)$/;

let made;
/** What the pages are of: some of everything that there is. */
const filled = (graph, sql, url) => (made ??= (async () => {
  const customer = await customerOf(graph, "Müller & Söhne", { company: "Donaudampfschifffahrtsgesellschaft mbH", country: "DE", quotas: [{ name: "DATABASES", max: "3" }] });
  await customerOf(graph, "Unterkunde", { parentId: customer });
  const { id: database, job } = await databaseOf(graph, customer, "lager_und_versand");
  await memberOf(graph, url, customer, "mitglied@example.com");
  await graph("mutation ($input: InviteUserInput!) { inviteUser(input: $input) { invitation { id } } }", { input: { email: "eingeladen@example.com", name: "Eingeladen", customerId: customer, customerRole: "READ_ONLY" } });
  await graph("mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { apiToken { id } } }", { input: { name: "Sicherung bei Nacht", permissions: ["DATABASES_READ", "JOBS_READ"], customerId: customer } });
  const { createDatabaseUser } = await graph("mutation ($input: CreateDatabaseUserInput!) { createDatabaseUser(input: $input) { databaseUser { username } job { id } } }", { input: { databaseId: database, name: "auswertung", rights: "READ_ONLY" } });
  await overOf(graph, createDatabaseUser.job.id);
  const { exportDatabase } = await graph("mutation ($input: ExportDatabaseInput!) { exportDatabase(input: $input) { job { id } } }", { input: { id: database } });
  await overOf(graph, exportDatabase.job.id);
  const second = await databaseOf(graph, customer, "gesperrt");
  const { suspendDatabase } = await graph("mutation ($input: SuspendDatabaseInput!) { suspendDatabase(input: $input) { job { id } } }", { input: { id: second.id, reason: "Die Rechnung ist offen." } });
  await overOf(graph, suspendDatabase.job.id);
  const third = await databaseOf(graph, customer, "geht_bald");
  const { deleteDatabase } = await graph("mutation ($input: DeleteDatabaseInput!) { deleteDatabase(input: $input) { job { id } } }", { input: { id: third.id, graceSeconds: 86_400 } });
  const { users, databaseServers, auditEvents } = await graph("{ users(first: 10) { nodes { id role } } databaseServers(first: 1) { nodes { id } } auditEvents(first: 1, filter: { action: \"customer.create\" }) { nodes { id } } }");
  const [server] = databaseServers.nodes;
  // What bears our mark and is nobody's, and what is not as it is to be.
  await graph("mutation ($input: SetDatabaseDriftPolicyInput!) { setDatabaseDriftPolicy(input: $input) { database { id } } }", { input: { id: database, policy: "REPORT" } });
  sql(strayRole("verirrt"), `ALTER ROLE ${name(createDatabaseUser.databaseUser.username)} NOLOGIN`);
  await surveyTwice(graph, server.id);
  const member = users.nodes.find(({ role }) => role === null).id;
  return {
    customer, database, member, server: server.id,
    details: [
      `/customers/${customer}`, `/databases/${database}`, `/databases/${second.id}`, `/databases/${third.id}`, `/jobs/${job}`, `/jobs/${deleteDatabase.job.id}`,
      ...users.nodes.map(({ id }) => `/users/${id}`), `/servers/${server.id}`, `/audit?event=${auditEvents.nodes[0].id}`,
    ],
  };
})());

/** Signs in as somebody who speaks German. */
async function anmelden(page, url, email, password) {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel("E-Mail-Adresse").fill(email);
  await page.getByRole("textbox", { name: "Passwort" }).fill(password);
  await page.getByRole("button", { name: "Anmelden", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Übersicht" }).waitFor();
}

/** Looks at what a page shows, and notes what is wrong with it. */
function looker(shot, step) {
  const pieces = [...english()];
  assert.ok(pieces.length > 300, `only ${pieces.length} texts were found`);
  const faults = [];
  const look = async (page, name, width) => {
    faults.push(...(await examine(page, name, { also: (page) => faultsOf(page, pieces), shot: (page, at) => shot(page, `de-${at}`), width })));
    step(name);
  };
  return { look, faults };
}

const german = { locale: "de-DE", reducedMotion: "reduce" };

export const tests = {
  "U1, U40: every page in German, with its tabs and all that opens over it: nothing for axe, no English text, nothing too wide, nothing cut off": async ({ person, graph, sql, shot, step, url, email, password }) => {
    const { details } = await filled(graph, sql, url);
    const { look, faults } = looker(shot, step);
    const page = await (await person(german)).newPage();
    for (const path of account) {
      await page.goto("about:blank"); // another # alone is no other page
      await page.goto(url + path);
      await page.getByRole("heading", { level: 1 }).first().waitFor();
      await settled(page);
      await look(page, path);
    }
    await anmelden(page, url, email, password);
    const pressed = {};
    const everywhere = []; // what looks the same on every page
    for (const path of [...Object.keys(headings), ...details]) {
      await page.goto(url + path);
      await page.getByRole("heading", { level: 1, name: headings[path] }).first().waitFor();
      if (/^\/(customers|databases)\/./.test(path)) await page.getByRole("tab", { name: "Einstellungen" }).waitFor();
      await settled(page);
      const tabs = page.getByRole("tablist").first().getByRole("tab");
      const count = await tabs.count();
      for (let i = 0; i < Math.max(1, count); i++) {
        const place = path.replace(/(?<=\w[/=]).{20,}/, "one") + (count > 0 ? ` ${i}` : "");
        if (pressed[place] && i > 0 && i < count - 1) continue; // of another of its kind all but the first and the last is the same
        if (count > 0) await tabs.nth(i).click();
        await settled(page);
        await look(page, place + (path.length > 40 ? ` ${details.indexOf(path)}` : ""));
        if (path.includes("?")) continue; // it lies over the page already
        const kinds = (pressed[place] ??= []);
        kinds.push(...everywhere);
        for (const strange of await openAll(page, kinds, acting, (what) => look(page, `${place} ${what}`))) faults.push(`${place}: ${strange}`);
        everywhere.push(...kinds.filter((kind) => /^(tabler-icon-(columns|braces)|list)/.test(kind) && !everywhere.includes(kind)));
      }
    }
    await page.goto(url);
    await page.getByRole("heading", { level: 1, name: "Übersicht" }).waitFor();
    for (const opener of [/^Meldungen/, /^Suchen/, /^Kontomenü/]) {
      await page.getByRole("button", { name: opener }).first().click();
      await page.locator(over).filter({ visible: true }).first().waitFor();
      if (String(opener).includes("Suchen")) await page.keyboard.type("lager");
      await look(page, `/ ${opener}`);
      await page.keyboard.press("Escape");
      await page.waitForFunction((over) => ![...document.querySelectorAll(over)].some((e) => e.checkVisibility()), over);
    }
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Tastenkürzel" }).waitFor();
    await look(page, "/ ?");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.setViewportSize({ width: 390, height: 900 });
    await page.getByRole("button", { name: "Navigation öffnen" }).click();
    await look(page, "/ navigation", 390);
    assert.ok(faults.length === 0, faults.join("\n"));
  },

  "U1, U40: what the panel refuses is said in German": async ({ person, shot, step, url }) => {
    const { look, faults } = looker(shot, step);
    const visitor = await (await person(german)).newPage();
    await visitor.goto(`${url}/forgot-password`);
    await visitor.getByLabel("E-Mail-Adresse").fill("keine Adresse");
    await visitor.getByRole("button", { name: "Link senden" }).click();
    await visitor.getByText(/^Geben Sie eine E-Mail-Adresse von höchstens \d+ Byte an, etwa ada@example\.com/).waitFor();
    await look(visitor, "an address that is none");
    assert.ok(faults.length === 0, faults.join("\n"));
  },

  "U1, U40: what comes of what is sent in German: errors beside fields, questions, secrets shown once, toasts, banners": async ({ person, graph, sql, forgive, shot, step, url, email, password }) => {
    const { customer, database, member } = await filled(graph, sql, url);
    const { look, faults } = looker(shot, step);
    const page = await (await person(german)).newPage();
    await anmelden(page, url, email, password);
    const dialog = page.getByRole("dialog");
    const send = (name) => dialog.getByRole("button", { name, exact: true }).click();
    const open = async (path, name) => {
      await page.goto(url + path);
      await page.getByRole("button", { name, exact: true }).first().click();
      await dialog.waitFor();
    };

    await open("/customers", "Kunden anlegen");
    await send("Kunden anlegen");
    await dialog.locator("[aria-invalid=true]").first().waitFor();
    await look(page, "errors beside fields");

    await open(`/databases/${database}?tab=settings`, "Passwort erneuern");
    await send("Passwort erneuern");
    await dialog.getByRole("button", { name: "Ich habe es gesichert" }).waitFor();
    await dialog.locator("[data-state=DONE]").first().waitFor();
    await look(page, "credentials shown once");

    await open("/security", "Neues API-Token");
    await dialog.getByLabel("Name", { exact: true }).fill("Einmal");
    await dialog.getByRole("checkbox").first().check();
    await send("Token anlegen");
    await dialog.getByRole("button", { name: "Ich habe es gesichert" }).waitFor();
    await look(page, "a token shown once");

    await open(`/databases/${database}?tab=dumps`, "In die Datenbank laden");
    await dialog.getByRole("checkbox").check();
    await dialog.getByRole("alert").waitFor();
    await look(page, "a replacing import");
    await open(`/databases/${database}?tab=dumps`, "Herunterladen");
    await send("Link erstellen");
    await dialog.getByText("Der Dump ist fertig").waitFor();
    await look(page, "a link");

    const refuse = (code) => answer(page, "CreateCustomer", (route) => route.fulfill({ json: { data: null, errors: [{ message: "Das geht nicht.", path: ["createCustomer"], extensions: { code, requestId: "0123456789abcdef01234567" } }] } }));
    await open("/customers", "Kunden anlegen");
    await refuse("STEP_UP_REQUIRED");
    await send("Kunden anlegen");
    await page.getByRole("dialog", { name: "Sind Sie es?" }).waitFor();
    await look(page, "who is there");
    await page.unrouteAll({ behavior: "wait" });
    await open("/customers", "Kunden anlegen");
    await refuse("CONFLICT");
    await send("Kunden anlegen");
    await page.getByRole("alert").filter({ hasText: "CONFLICT" }).waitFor();
    await look(page, "a toast of what failed");
    await page.unrouteAll({ behavior: "wait" });

    await open(`/users/${member}`, "Als dieser Benutzer ansehen");
    await dialog.getByLabel("Grund").fill("Ein Auftrag hängt, Vorgang 12");
    await send("Als dieser Benutzer ansehen");
    await page.getByText(/^Sie handeln als/).waitFor();
    await page.getByRole("heading", { level: 1, name: "Übersicht" }).waitFor();
    await look(page, "as a customer");
    await page.getByRole("link", { name: "Kunden", exact: true }).first().click();
    await page.getByRole("heading", { level: 1, name: "Kunden" }).waitFor();
    await look(page, "customers as a customer");
    await page.goto(`${url}/customers/${customer}`); // acting ends with a reload
    await page.getByRole("tab").first().waitFor();

    await graph("mutation ($input: ConfirmIdentityInput!) { confirmIdentity(input: $input) { confirmedUntil } }", { input: { password } });
    await graph("mutation { revokeSession(input: { all: true }) { revoked } }");
    await page.getByRole("dialog", { name: "Ihre Sitzung ist abgelaufen" }).waitFor();
    await look(page, "a session that is over");
    forgive(/WebSocket|401/);
    assert.ok(faults.length === 0, faults.join("\n"));
  },
};
