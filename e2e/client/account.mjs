// Opens the link of an e-mail in Chromium, as a person does, fills in the password when
// the page asks for one, and presses its button.
// In: {url, password}. Out, one line: {title, intro, error, console, violations}.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { input, print } from "./stdin.mjs";

const program = (process.env.PATH ?? "").split(":").flatMap((dir) => ["chromium", "google-chrome"].map((name) => join(dir, name))).find(existsSync);
if (!program) throw new Error("Chromium is missing; make deps installs it");
const browser = await chromium.launch({
  executablePath: program,
  args: ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  const seen = { console: [], violations: [] };
  await page.exposeFunction("violated", (text) => seen.violations.push(text));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (e) => window.violated(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}`));
  });
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && seen.console.push(`${m.type()}: ${m.text()} ${m.location().url}`));
  page.on("pageerror", (e) => seen.console.push(String(e)));
  await page.goto(input.url);
  const password = page.getByLabel(/password/i);
  if (await password.count()) await password.fill(input.password);
  const before = page.locator(".bad:not([hidden])");
  if (!(await before.count())) {
    await page.getByRole("button").click();
    await Promise.race([page.getByRole("heading", { name: "Done" }).waitFor(), before.first().waitFor()]);
  }
  print({
    title: await page.locator("#title").textContent(), intro: await page.locator("#intro").textContent(),
    error: (await before.allTextContents()).join(" "), ...seen,
  });
} finally {
  await browser.close();
}
