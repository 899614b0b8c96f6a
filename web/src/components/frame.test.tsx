import { act, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { setLanguage } from "@/lib/text";

it("puts a page into the document, in the language of the browser and with the nonce that the page's policy wants of styles", async () => {
  setLanguage("en");
  const meta = Object.assign(document.createElement("meta"), { nonce: "n-1" });
  meta.setAttribute("property", "csp-nonce");
  document.head.append(meta);
  document.body.innerHTML = "<div id=root></div>";
  const { show } = await import("./frame");
  await act(async () => show(<h1>the page</h1>));
  expect(await screen.findByRole("heading", { name: "the page" })).toBeVisible();
  expect((globalThis as { __webpack_nonce__?: string }).__webpack_nonce__).toBe("n-1");
  expect(document.documentElement.lang).toBe("en");
  const styles = [...document.querySelectorAll<HTMLStyleElement>("style[data-mantine-styles]")];
  expect(styles.length).toBeGreaterThan(0);
  for (const style of styles) expect(style.nonce).toBe("n-1");
});
