import assert from "node:assert/strict";
import { countTo, letterTo, linkTo } from "../mailbox.mjs";
import { totp } from "../totp.mjs";
import { graphAs, secondFactor, user } from "../users.mjs";

const names = (page) => page.getByRole("navigation", { name: "Main" });
const digits = (page) => page.locator("input[inputmode=numeric]");

/** Goes as far as the question for a code. */
async function asked(page, url, email, password) {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await digits(page).first().waitFor();
}

/** Pastes a code into the first digit, by the clipboard. */
async function paste(page, code) {
  await page.evaluate((text) => navigator.clipboard.writeText(text), code);
  await digits(page).first().focus();
  await page.keyboard.press("Control+v");
}

/** Signs up, and gives the page that says that a link is on its way. */
async function signUp(page, url, email, password) {
  await page.goto(`${url}/sign-in`);
  await page.getByRole("link", { name: "Create an account" }).click();
  await page.getByLabel("Full name").fill("Ada Lovelace");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Company").fill("Engines");
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("heading", { level: 1, name: "Check your inbox" }).waitFor();
}

/** Asks for a link to set a new password, and gives what the page and the panel say, without the address. */
async function forgot(page, url, email) {
  await page.goto(`${url}/forgot-password`);
  await page.getByLabel("E-mail address").fill(email);
  const answered = page.waitForResponse(async (answer) => answer.url().endsWith("/graphql") && (await answer.text()).includes("requestPasswordReset"));
  await page.getByRole("button", { name: "Send link" }).click();
  await page.getByRole("heading", { level: 1, name: "Check your inbox" }).waitFor();
  const answer = await answered;
  return { page: (await page.getByRole("status").first().innerText()).replace(email, "…"), status: answer.status(), data: (await answer.json()).data };
}

export const tests = {
  "U14: six digits that are pasted whole are sent by themselves; a recovery code is taken on the same page": async ({ person, graph, url }) => {
    const [email, password] = ["pasted@example.com", "canary of six digits"];
    await user(graph, url, { email, name: "Pia", password });
    const { secret, recoveryCodes } = await secondFactor(await graphAs(url, email, password));
    const page = await (await person({ permissions: ["clipboard-read", "clipboard-write"] })).newPage();
    await asked(page, url, email, password);
    assert.equal(await digits(page).count(), 6);
    assert.equal(await digits(page).first().getAttribute("autocomplete"), "one-time-code");
    const sent = [];
    page.on("request", (request) => request.postData()?.includes("signIn") && sent.push(request.postDataJSON().variables.input.code));
    await paste(page, "000000");
    await page.getByText("The code is wrong or was used already.").waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll("input[inputmode=numeric]")].every((digit) => digit.value === ""));
    await page.locator("input[inputmode=numeric]:focus").waitFor();
    const code = totp(secret, 1);
    await paste(page, code);
    await names(page).waitFor();
    assert.deepEqual(sent, ["000000", code], "each was sent once, and whole");

    const other = await (await person()).newPage();
    await asked(other, url, email, password);
    await other.getByRole("button", { name: "Use a recovery code" }).click();
    await other.getByLabel("Recovery code").fill(recoveryCodes[0]);
    await other.getByRole("button", { name: "Confirm" }).click();
    await names(other).waitFor();
  },

  "U14: too many codes are refused, and the seconds that are left are counted down": async ({ person, graph, url }) => {
    const [email, password] = ["guessed@example.com", "canary of many tries"];
    await user(graph, url, { email, name: "Gus", password });
    await secondFactor(await graphAs(url, email, password));
    const page = await (await person({ permissions: ["clipboard-read", "clipboard-write"] })).newPage();
    await asked(page, url, email, password);
    const wrong = page.getByText("The code is wrong or was used already.");
    const limited = page.getByText(/Too many tries\. Try again in \d+ seconds\./);
    for (let tries = 0; !(await limited.isVisible()); tries++) {
      assert.ok(tries < 20, "no guesser is stopped");
      const answered = page.waitForResponse((answer) => answer.url().endsWith("/graphql"));
      await paste(page, String(100_000 + tries));
      await answered;
      await wrong.or(limited).waitFor();
    }
    const left = async () => Number(/\d+/.exec(await limited.innerText())[0]);
    const first = await left();
    assert.ok(first > 1 && first <= 900, `${first} seconds`);
    await page.getByText(`Try again in ${first - 1} seconds.`).waitFor();
  },

  "U15: whoever signs up looks into the inbox; the link works once, in whatever browser, and another can be asked for": async ({ person, url }) => {
    const [email, password] = ["ada@example.com", "canary of who signs up"];
    const page = await (await person()).newPage();
    await page.clock.install();
    await signUp(page, url, email, password);
    await page.getByRole("status").filter({ hasText: email }).waitFor();
    const resend = page.getByRole("button", { name: /^Send it again/ });
    assert.match(await resend.innerText(), /in (60|59|58) seconds/);
    assert.equal(await resend.isDisabled(), true);
    const first = await linkTo(url, email, "Confirm");
    await page.clock.fastForward(61_000);
    await page.getByRole("button", { name: "Send it again", exact: true }).click();
    await page.getByText("Sent again.").waitFor();
    assert.equal(await resend.isDisabled(), true, "and a while again");
    const second = await linkTo(url, email, "Confirm", 2);
    assert.notEqual(first, second);

    const elsewhere = await (await person()).newPage();
    await elsewhere.goto(second);
    await elsewhere.getByRole("button", { name: "Confirm address" }).click();
    await elsewhere.getByRole("heading", { level: 1, name: "Done" }).waitFor();
    assert.doesNotMatch(elsewhere.url(), /#./, "the token stands in the address no longer");
    await elsewhere.getByRole("link", { name: "Sign in" }).click();
    await elsewhere.getByLabel("E-mail address").fill(email);
    await elsewhere.getByRole("textbox", { name: "Password" }).fill(password);
    await elsewhere.getByRole("button", { name: "Sign in", exact: true }).click();
    await names(elsewhere).waitFor();

    for (const link of [second, first]) {
      await page.goto("about:blank");
      await page.goto(link);
      await page.getByRole("button", { name: "Confirm address" }).click();
      await page.getByText("This link was used already, or is too old.").waitFor();
      await page.getByRole("link", { name: "Ask for a new one" }).click();
      await page.getByRole("heading", { level: 1, name: "Create an account" }).waitFor();
      await page.getByRole("button", { name: "Create account" }).waitFor();
    }
  },

  "U16: a reset says the same whether there is an account; all sessions end by it, and who did it is told so": async ({ person, signIn, graph, forgive, url }) => {
    const [email, password, fresh] = ["forgets@example.com", "canary of what is forgotten", "canary of what is new"];
    await user(graph, url, { email, name: "Fay", password });
    const open = [];
    for (let i = 0; i < 2; i++) {
      open.push(await (await person()).newPage());
      await signIn(open[i], { email, password });
    }
    const page = await (await person()).newPage();
    const [known, unknown] = [await forgot(page, url, email), await forgot(page, url, "nobody@example.com")];
    assert.deepEqual(known, unknown);
    assert.equal(await countTo(url, "nobody@example.com"), 0);

    const link = await linkTo(url, email, "Set a new password");
    await page.goto(link);
    await page.getByRole("textbox", { name: "New password" }).fill(fresh);
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByRole("status").filter({ hasText: "all other sessions have ended" }).waitFor();
    for (const other of open) await other.getByRole("dialog", { name: "Your session is over" }).waitFor();
    await letterTo(url, email, "Your password was changed");
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByRole("textbox", { name: "New password" }).fill(fresh);
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByText("This link was used already, or is too old.").waitFor();
    await page.getByRole("link", { name: "Ask for a new one" }).click();
    await page.waitForURL(/\/forgot-password$/);
    await signIn(page, { email, password: fresh });
    forgive(/WebSocket/);
  },
};
