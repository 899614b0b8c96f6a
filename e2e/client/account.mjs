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
  await page.getByRole("heading", { level: 1 }).waitFor();
  const password = page.getByLabel("New password");
  if (await password.count()) await password.fill(input.password);
  const wrong = page.locator(".mantine-InputWrapper-error, [role=alert]").filter({ hasText: /\S/ });
  if (!(await wrong.count())) {
    await page.getByRole("button", { name: /^(Set password|Confirm address|Accept)$/ }).click();
    await page.getByRole("heading", { name: "Done" }).or(wrong.first()).waitFor();
  }
  print({
    title: await page.getByRole("heading", { level: 1 }).textContent(), intro: (await page.getByRole("status").allTextContents()).join(" "),
    error: (await wrong.allTextContents()).join(" "), ...seen,
  });
} finally {
  await browser.close();
}
