import assert from "node:assert/strict";
import { keyboardOf } from "../keyboard.mjs";
import { countTo, letterTo, linkTo } from "../mailbox.mjs";
import { totp } from "../totp.mjs";
import { graphAs, secondFactor, user } from "../users.mjs";
import { customerOf } from "./parts.mjs";

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

/** Signs up by keyboard alone, and waits for the page that says that a link is on its way. */
async function signUp(page, by, url, email, password) {
  await page.goto(`${url}/sign-in`);
  await by.press("link", "Create an account");
  await by.write("Full name", "Ada Lovelace");
  await by.write("E-mail address", email);
  await by.write("Company", "Engines");
  await by.write("Password", password);
  await by.press("button", "Create account");
  await page.getByRole("heading", { level: 1, name: "Check your inbox" }).waitFor();
}

/** Asks for a link to set a new password, by keyboard alone, and gives what the page and the panel say, without the address. */
async function forgot(page, by, url, email) {
  await page.goto(`${url}/sign-in`);
  await by.press("link", "Forgot your password?");
  await by.write("E-mail address", email);
  const answered = page.waitForResponse(async (answer) => answer.url().endsWith("/graphql") && (await answer.text()).includes("requestPasswordReset"));
  await by.press("button", "Send link");
  await page.getByRole("heading", { level: 1, name: "Check your inbox" }).waitFor();
  const answer = await answered;
  return { page: (await page.getByRole("status").first().innerText()).replace(email, "…"), status: answer.status(), data: (await answer.json()).data };
}

/** Signs in where a page asks for it, by keyboard alone. */
async function signInBy(by, email, password) {
  await by.has("textbox", "E-mail address");
  await by.type(email);
  await by.write("Password", password);
  await by.keys("Enter");
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
    for (let now = first; now >= first; ) now = await left();
  },

  "U15: whoever signs up looks into the inbox; the link works once, in whatever browser, and another can be asked for": async ({ person, url }) => {
    const [email, password] = ["ada@example.com", "canary of who signs up"];
    const page = await (await person()).newPage();
    await page.clock.install();
    const by = await keyboardOf(page);
    await signUp(page, by, url, email, password);
    await page.getByRole("status").filter({ hasText: email }).waitFor();
    const resend = page.getByRole("button", { name: /^Send it again/ });
    assert.match(await resend.innerText(), /in (60|5\d) seconds/);
    assert.equal(await resend.isDisabled(), true);
    const first = await linkTo(url, email, "Confirm");
    await page.clock.fastForward(61_000);
    await by.press("button", "Send it again");
    await page.getByText("Sent again.").waitFor();
    assert.equal(await resend.isDisabled(), true, "and a while again");
    const second = await linkTo(url, email, "Confirm", 2);
    assert.notEqual(first, second);

    const elsewhere = await (await person()).newPage();
    const byElsewhere = await keyboardOf(elsewhere);
    await elsewhere.goto(second);
    await byElsewhere.press("button", "Confirm address");
    await elsewhere.getByRole("heading", { level: 1, name: "Done" }).waitFor();
    assert.doesNotMatch(elsewhere.url(), /#./, "the token stands in the address no longer");
    await byElsewhere.press("link", "Sign in");
    await signInBy(byElsewhere, email, password);
    await names(elsewhere).waitFor();

    for (const link of [second, first]) {
      await page.goto("about:blank");
      await page.goto(link);
      await by.press("button", "Confirm address");
      await page.getByText("This link was used already, or is too old.").waitFor();
      await by.press("link", "Ask for a new one");
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
    const by = await keyboardOf(page);
    const [known, unknown] = [await forgot(page, by, url, email), await forgot(page, by, url, "nobody@example.com")];
    assert.deepEqual(known, unknown);
    assert.equal(await countTo(url, "nobody@example.com"), 0);

    const link = await linkTo(url, email, "Set a new password");
    await page.goto(link);
    await by.write("New password", fresh);
    await by.press("button", "Set password");
    await page.getByRole("status").filter({ hasText: "all other sessions have ended" }).waitFor();
    for (const other of open) await other.getByRole("dialog", { name: "Your session is over" }).waitFor();
    await letterTo(url, email, "Your password was changed");
    await page.goto("about:blank");
    await page.goto(link);
    await by.write("New password", fresh);
    await by.press("button", "Set password");
    await page.getByText("This link was used already, or is too old.").waitFor();
    await by.press("link", "Ask for a new one");
    await page.waitForURL(/\/forgot-password$/);
    await signIn(page, { email, password: fresh });
    forgive(/WebSocket/);
  },

  "an invitation is accepted by who is new, and by who has an account; by which it was, and a link that works no more, is said": async ({ person, graph, url }) => {
    const [email, password] = ["invited@example.com", "canary of a new guest"];
    const invite = async (customerId, to = email) => (await graph("mutation ($input: InviteUserInput!) { inviteUser(input: $input) { invitation { id } } }", { input: { email: to, name: "Ivy", customerId, customerRole: "OWNER", language: "EN" } })).inviteUser.invitation.id;
    await invite(await customerOf(graph, "First to invite"));
    const page = await (await person()).newPage();
    const by = await keyboardOf(page);
    const open = async (link) => {
      await page.goto("about:blank"); // another # alone is no other page
      await page.goto(link);
    };
    const first = await linkTo(url, email, "Invitation");
    await open(first);
    await by.press("button", "Accept"); // as one who has an account does
    await by.has("textbox", "Password");
    assert.equal(await page.getByRole("textbox", { name: "Password" }).getAttribute("aria-invalid"), "true");
    await page.getByText("There is no account with this address yet: choose a password.").waitFor();
    await by.write("Full name", "Ivy Invited", { by: "Shift+Tab" });
    await by.write("Password", password);
    await by.press("button", "Accept");
    await page.getByRole("status").filter({ hasText: `The account ${email} is made. Sign in with it.` }).waitFor();
    assert.doesNotMatch(page.url(), /#./, "the token stands in the address no longer");
    await by.press("link", "Sign in");
    await signInBy(by, email, password);
    await page.getByRole("button", { name: "Account menu of Ivy Invited" }).waitFor();
    await page.goto(`${url}/customers`);
    const customers = page.getByRole("region", { name: "Customers" }).or(page.getByRole("table")).first();
    await customers.getByText("First to invite").waitFor();

    await invite(await customerOf(graph, "Second to invite"));
    const second = await linkTo(url, email, "Invitation", 2);
    await open(second);
    await by.press("button", "Accept");
    await page.getByRole("status").filter({ hasText: `Your account ${email} has the new role. Sign in as always.` }).waitFor();
    await page.goto(`${url}/customers`); // which is signed in still, or again
    if (/sign-in/.test(page.url())) await signInBy(by, email, password);
    for (const name of ["First to invite", "Second to invite"]) await customers.getByText(name).waitFor();

    const id = await invite(await customerOf(graph, "Third to invite"));
    const back = await linkTo(url, email, "Invitation", 3);
    await graph("mutation ($input: RevokeInvitationInput!) { revokeInvitation(input: $input) { ok } }", { input: { id } });
    for (const link of [first, second, back]) {
      await open(link);
      await by.press("button", "Accept");
      await page.getByRole("alert").filter({ hasText: "This invitation was accepted or taken back, or is older than 72 hours. Ask for a new one." }).waitFor();
    }
    const { users } = await graph('{ users(first: 10, filter: { search: "invited@example.com" }) { nodes { name memberships { customer { name } } } } }');
    assert.deepEqual(users.nodes.map(({ name, memberships }) => [name, memberships.map(({ customer }) => customer.name).sort()]), [["Ivy Invited", ["First to invite", "Second to invite"]]]);
  },
};
