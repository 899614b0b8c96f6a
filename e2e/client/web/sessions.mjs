import assert from "node:assert/strict";
import { answer } from "./parts.mjs";

const names = (page) => page.getByRole("navigation", { name: "Main" });

export const tests = {
  "U13: the same words for an unknown user and a wrong password; what password managers look for": async ({ person, url, email }) => {
    const page = await (await person()).newPage();
    await page.goto(`${url}/sign-in`);
    const [address, password] = [page.getByLabel("E-mail address"), page.getByRole("textbox", { name: "Password" })];
    assert.equal(await address.getAttribute("autocomplete"), "username");
    assert.equal(await password.getAttribute("autocomplete"), "current-password");
    assert.equal(await password.getAttribute("type"), "password");
    const said = [];
    for (const who of [email, "nobody@example.com"]) {
      await address.fill(who);
      await password.fill("wrong, and long enough");
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      const alert = page.getByRole("alert").filter({ hasText: /\S/ });
      await alert.waitFor();
      said.push(await alert.innerText());
      await page.reload();
    }
    assert.equal(said[0], said[1]);
    await page.goto(`${url}/reset-password#token`);
    assert.equal(await page.getByRole("textbox", { name: "New password" }).getAttribute("autocomplete"), "new-password");
  },

  "nobody is sent to a sign-up that is closed": async ({ person, url }) => {
    const page = await (await person()).newPage();
    const told = page.waitForResponse(async (answer) => answer.url().endsWith("/graphql") && (await answer.text()).includes("signUpOpen"));
    await page.goto(`${url}/sign-in`);
    assert.equal((await (await told).json()).data.signUpOpen, false);
    await page.getByRole("link", { name: "Forgot your password?" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Create an account" }).count(), 0);
    await page.goto(`${url}/sign-up`);
    await page.getByText("Your provider makes the accounts here.").waitFor();
    assert.equal(await page.getByRole("textbox").count(), 0);
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.waitForURL(/\/sign-in$/);
    await page.goto(`${url}/verify-email#${"x".repeat(43)}`);
    await page.getByRole("button", { name: "Confirm address" }).click();
    await page.getByRole("link", { name: "Sign in to ask for a new one" }).click();
    await page.waitForURL(/\/sign-in\?next=\/settings$/);
  },

  "a page that was asked for comes after the sign-in, and a reload stays signed in": async ({ person, signIn, url }) => {
    const page = await (await person()).newPage();
    await page.goto(`${url}/jobs?state=FAILED`);
    await page.waitForURL(/\/sign-in\?next=/);
    await signIn(page, { to: "/jobs?state=FAILED" });
    assert.match(page.url(), /\/jobs\?state=FAILED$/);
    await page.reload();
    await names(page).waitFor();
    const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    assert.doesNotMatch(stored, /eyJ|refresh|Bearer/, "nothing secret is kept where scripts can read it");
  },

  "two tabs renew at once and neither is signed out": async ({ person, signIn, url }) => {
    const context = await person();
    const first = await context.newPage();
    await signIn(first);
    const tabs = [first, ...(await Promise.all([1, 2, 3].map(() => context.newPage())))];
    for (let round = 0; round < 3; round++) {
      await Promise.all(tabs.map((tab) => tab.goto(`${url}/jobs`)));
      await Promise.all(tabs.map((tab) => names(tab).waitFor()));
    }
    for (const tab of tabs) assert.match(tab.url(), /\/jobs$/);
  },

  "signing out in one tab ends it in all, once the panel has heard of it": async ({ person, signIn, forgive, url }) => {
    const context = await person();
    const [first, second] = [await context.newPage(), await context.newPage()];
    await signIn(first);
    await second.goto(`${url}/jobs`);
    await names(second).waitFor();
    const signOut = async () => {
      await first.getByRole("button", { name: /^Account menu/ }).click();
      await first.getByRole("menuitem", { name: "Sign out" }).click();
    };
    await answer(first, "SignOut", (route) => route.abort());
    await signOut();
    await first.getByRole("alert").getByText(/does not answer/).waitFor();
    assert.deepEqual([first, second].map((tab) => new URL(tab.url()).pathname), ["/", "/jobs"]);
    forgive(/ERR_FAILED/);
    await first.unrouteAll({ behavior: "wait" });
    await signOut();
    await first.waitForURL(/\/sign-in$/);
    await second.waitForURL(/\/sign-in$/);
    await second.goto(`${url}/jobs`);
    await second.waitForURL(/\/sign-in\?next=/);
  },

  "German for those who speak it": async ({ person, url }) => {
    const page = await (await person({ locale: "de-DE" })).newPage();
    await page.goto(`${url}/sign-in`);
    await page.getByRole("button", { name: "Anmelden", exact: true }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  },
};
