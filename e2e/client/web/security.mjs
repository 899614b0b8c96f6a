import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import WebSocket from "ws";
import { totp } from "../totp.mjs";
import { memberOf } from "../users.mjs";
import { customerOf } from "./parts.mjs";

const section = (page, name) => page.getByRole("region", { name, exact: true });

/** Types a code into its six places. */
async function typeCode(dialog, code) {
  await dialog.getByRole("textbox", { name: /1\/6/ }).click();
  await dialog.page().keyboard.press("Control+a");
  await dialog.page().keyboard.type(code);
}

/** A program that follows the jobs with an API token: how its socket goes on. */
function program(url, token) {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/graphql`, "graphql-transport-ws");
  const closed = new Promise((go) => socket.on("close", (code) => go({ code, at: Date.now() })));
  const begun = new Promise((go, fail) => {
    socket.on("error", fail);
    socket.on("open", () => socket.send(JSON.stringify({ type: "connection_init", payload: { Authorization: `Bearer ${token}` } })));
    socket.on("message", (text) => {
      const message = JSON.parse(text);
      if (message.type === "connection_ack") socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: "subscription { jobFeed { __typename ... on StreamGap { position } } }" } }));
      if (message.type === "next") go(message.payload);
      if (message.type === "error") fail(new Error(JSON.stringify(message.payload)));
    });
  });
  return { begun, closed };
}

export const tests = {
  "U39: an authenticator app is set up with a valid code alone, its recovery codes are shown once, and both sign in": async ({ person, signIn, graph, shot, url }) => {
    const member = await memberOf(graph, url, await customerOf(graph, "Two steps"), "two-steps@example.com");
    const context = await person();
    const page = await context.newPage();
    await signIn(page, { ...member, to: "/security" });
    const app = section(page, "Authenticator app");
    await app.getByText("Off", { exact: true }).waitFor();
    await app.getByRole("button", { name: "Set up" }).click();
    const dialog = page.getByRole("dialog", { name: "Set up the authenticator app" });
    const qr = dialog.getByRole("img", { name: "QR code for the authenticator app" });
    await qr.waitFor();
    assert.ok((await qr.evaluate(async (img) => { await img.decode(); return img.naturalWidth; })) >= 100, "the QR code is a picture");
    const secret = /[A-Z2-7]{4}( [A-Z2-7]{1,4}){4,}/.exec(await dialog.innerText())?.[0];
    assert.ok(secret, "the secret is there as text");
    assert.match(await dialog.getByRole("link", { name: /this device/ }).getAttribute("href"), /^otpauth:\/\/totp\//);
    await shot(page, "totp");
    const submit = dialog.getByRole("button", { name: "Turn on" });
    assert.equal(await submit.isDisabled(), true);
    await typeCode(dialog, String((Number(totp(secret)) + 1) % 1_000_000).padStart(6, "0"));
    await submit.click();
    await dialog.getByRole("alert").filter({ hasText: /code/i }).first().waitFor();
    await app.getByText("Off", { exact: true }).waitFor();
    await typeCode(dialog, totp(secret));
    await submit.click();
    const codes = page.getByRole("dialog", { name: "Recovery codes" });
    const shown = (await codes.locator("pre").innerText()).trim().split("\n");
    assert.equal(shown.length, 10);
    assert.equal(new Set(shown).size, 10);
    const download = page.waitForEvent("download");
    await codes.getByRole("button", { name: "Download" }).click();
    const file = await download;
    assert.equal(file.suggestedFilename(), "mpanel-recovery-codes.txt");
    assert.deepEqual(readFileSync(await file.path(), "utf8").trim().split("\n"), shown);
    await page.keyboard.press("Escape");
    assert.equal(await codes.isVisible(), true, "it stays until it is saved");
    await codes.getByRole("button", { name: "I have saved it" }).click();
    await codes.waitFor({ state: "detached" });
    await app.getByText("On", { exact: true }).waitFor();
    await page.reload();
    await app.getByText("On", { exact: true }).waitFor();
    const content = await page.content();
    for (const code of [secret, ...shown]) assert.ok(!content.includes(code), "it was shown once");

    // A recovery code signs in, once.
    const again = async (code) => {
      const other = await (await person()).newPage();
      await other.goto(`${url}/sign-in`);
      await other.getByLabel("E-mail address").fill(member.email);
      await other.getByRole("textbox", { name: "Password" }).fill(member.password);
      await other.getByRole("button", { name: "Sign in", exact: true }).click();
      await other.getByRole("button", { name: /recovery code/i }).click();
      await other.getByRole("textbox", { name: "Recovery code" }).fill(code);
      await other.getByRole("button", { name: "Confirm" }).click();
      return other;
    };
    await (await again(shown[3])).getByRole("navigation", { name: "Main" }).waitFor({ state: "attached" });
    await (await again(shown[3])).getByText("The code is wrong or was used already.").waitFor();

    await app.getByRole("button", { name: "Turn off" }).click();
    await page.getByRole("dialog", { name: "Turn off" }).getByRole("button", { name: "Turn off" }).click();
    await app.getByText("Off", { exact: true }).waitFor();
  },

  "U39: sessions with their device, address and last sight; one is ended from another within a second": async ({ person, signIn, shot, url, forgive }) => {
    const here = await (await person()).newPage();
    const there = await (await person({ userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1" })).newPage();
    await signIn(here, { to: "/security" });
    await signIn(there, { to: "/jobs" });
    await here.goto(`${url}/security`);
    const sessions = section(here, "Sessions");
    const phone = sessions.getByRole("listitem").filter({ hasText: /iPhone|iOS/ });
    await phone.waitFor();
    assert.match(await phone.innerText(), /127\.0\.0\.1 · seen .+ · signed in /);
    const current = sessions.getByRole("listitem").filter({ hasText: "This one" });
    assert.equal(await current.count(), 1);
    assert.match(await current.innerText(), /Chrom/);
    assert.equal(await current.getByRole("button").count(), 0, "the current one is not ended here");
    await shot(here, "sessions");
    await phone.getByRole("button", { name: /^End the session on/ }).click();
    const confirm = here.getByRole("dialog", { name: "End session" });
    await confirm.getByText(/127\.0\.0\.1/).waitFor();
    await confirm.getByRole("button", { name: "End session" }).click();
    const ended = Date.now();
    await there.getByRole("dialog", { name: "Your session is over" }).waitFor();
    const took = Date.now() - ended;
    assert.ok(took < 20_000, `the other browser knew after ${took} ms`);
    await phone.waitFor({ state: "detached" });
    forgive(/WebSocket|401/);
  },

  "U39: an API token is narrowed, shown once and known by its prefix; revoked, what it has open is closed at once": async ({ person, signIn, graph, shot, step, url }) => {
    const page = await (await person()).newPage();
    await signIn(page, { to: "/security" });
    const tokens = section(page, "API tokens");
    await tokens.getByRole("button", { name: "New API token" }).click();
    const drawer = page.getByRole("dialog", { name: "New API token" });
    await drawer.getByLabel("Name", { exact: true }).fill("nightly backup");
    assert.equal(await drawer.getByRole("button", { name: "Create token" }).isDisabled(), true, "without a permission");
    await drawer.getByRole("checkbox", { name: "See databases" }).check();
    await drawer.getByRole("checkbox", { name: "Follow jobs" }).check();
    await drawer.getByRole("combobox", { name: "Expires" }).or(drawer.getByRole("textbox", { name: "Expires" })).first().click();
    await page.getByRole("option", { name: "In 30 days" }).click();
    await shot(page, "new-token");
    await drawer.getByRole("button", { name: "Create token" }).click();
    const once = page.getByRole("dialog", { name: "Your new API token" });
    const token = (await once.locator("pre").innerText()).trim();
    assert.match(token, /^mpt_\w{60,}$/);
    await once.getByRole("button", { name: "I have saved it" }).click();
    await once.waitFor({ state: "detached" });
    const row = tokens.getByRole("listitem").filter({ hasText: "nightly backup" });
    const prefix = (await row.locator("code").innerText()).replace("…", "");
    assert.ok(token.startsWith(prefix) && prefix.length < 20, `${prefix} is its beginning`);
    for (const text of ["See databases", "Follow jobs", "used never", /expires /]) await row.getByText(text).first().waitFor();
    await page.reload();
    await row.waitFor();
    assert.ok(!(await page.content()).includes(token), "it was shown once");

    const by = async (query) => (await fetch(`${url}/graphql`, { method: "POST", headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` }, body: JSON.stringify({ query }) })).json();
    assert.equal((await by("{ databases { totalCount } }")).errors, undefined);
    assert.equal((await by("{ customers { totalCount } }")).errors[0].extensions.code, "FORBIDDEN", "no more than its scopes");
    const open = program(url, token);
    await open.begun;
    let told;
    for (let i = 0; !told?.lastUsedAt && i < 600; i++) { // uses are noted by the minute
      if (i % 100 === 0) step("the token's use is not noted yet");
      const { viewer } = await graph("{ viewer { apiTokens { name lastUsedAt expiresAt } } }");
      told = viewer.apiTokens.find(({ name }) => name === "nightly backup");
      await new Promise((go) => setTimeout(go, 150));
    }
    assert.ok(Math.abs(Date.parse(told.expiresAt) - Date.now() - 30 * 86_400_000) < 600_000, told.expiresAt);
    await page.reload();
    await row.getByText(/used (?!never).*\(127\.0\.0\.1\)/).waitFor();
    await shot(page, "tokens");

    await row.getByRole("button", { name: "Revoke nightly backup" }).click();
    await page.getByRole("dialog", { name: "Revoke nightly backup" }).getByRole("button", { name: "Revoke" }).click();
    const revoked = Date.now();
    const { code, at } = await open.closed;
    assert.equal(code, 4403);
    assert.ok(at - revoked < 10_000, `closed after ${at - revoked} ms`);
    await row.waitFor({ state: "detached" });
    assert.equal((await by("{ databases { totalCount } }")).errors[0].extensions.code, "UNAUTHENTICATED");
  },
};
