import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";
import { setTimeZone, timeZone } from "@/lib/format";
import { setLanguage } from "@/lib/text";
import { graphOf, show } from "@/testing/render";
import { SettingsPage } from "./settings";

const profile = (more: object = {}) => ({ data: { viewer: { user: { id: "u-me", name: "Ada", email: "ada@example.com", emailVerifiedAt: null, language: null, ...more } } } });
const zone = timeZone.get();
afterEach(() => {
  setTimeZone(zone);
  setLanguage("en");
});

describe("U40: settings", () => {
  it("U40: saves the name, with what is wrong beside it", async () => {
    const user = userEvent.setup();
    const graph = graphOf({
      Profile: profile(),
      UpdateProfile: [{ errors: [{ message: "A name is needed.", extensions: { code: "INVALID", field: "name" } }] }, { data: { updateProfile: { user: { id: "u-me", name: "Ada L", language: null } } } }],
    });
    show(<SettingsPage />, graph);
    const name = await screen.findByLabelText("Full name");
    await user.clear(name);
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("A name is needed.")).toBeVisible();
    await waitFor(() => expect(name).toHaveFocus());
    await user.type(name, "Ada L");
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("Your profile is saved.")).toBeVisible();
    expect(graph.sent.filter(({ operationName }) => operationName === "UpdateProfile").at(-1)?.variables).toEqual({ input: { name: "Ada L", language: null } });
  });

  it("U40: sends a link for an address that was never shown to be theirs, and says when that fails", async () => {
    const user = userEvent.setup();
    show(<SettingsPage />, graphOf({ Profile: profile(), RequestEmailVerification: [{ errors: [{ message: "x", extensions: { code: "RATE_LIMITED" } }] }, { data: { requestEmailVerification: { ok: true } } }] }));
    await user.click((await screen.findAllByRole("button", { name: "Show GraphQL" }))[0]!);
    expect(await screen.findByText(/mutation RequestEmailVerification/)).toBeVisible();
    await user.keyboard("{Escape}");
    await user.click(await screen.findByRole("button", { name: "Send link" }));
    expect(await screen.findByText("Too much at once. Try again in a moment.")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Send link" }));
    expect(await screen.findByText("A link is on its way to ada@example.com.")).toBeVisible();
  });

  it("U40: changes language and time zone at once, and remembers them", async () => {
    const user = userEvent.setup();
    show(<SettingsPage />, graphOf({ Profile: profile({ emailVerifiedAt: "2026-01-01T00:00:00Z" }) }));
    await user.click(await screen.findByRole("combobox", { name: "Time zone" }));
    await user.clear(screen.getByRole("combobox", { name: "Time zone" }));
    await user.type(screen.getByRole("combobox", { name: "Time zone" }), "Asia/Tokyo");
    await user.click(await screen.findByRole("option", { name: "Asia/Tokyo" }));
    expect(timeZone.get()).toBe("Asia/Tokyo");
    expect(localStorage.getItem("mpanel-time-zone")).toBe("Asia/Tokyo");
    await user.click(screen.getByRole("combobox", { name: "Language of the pages" }));
    await user.click(await screen.findByRole("option", { name: "Deutsch" }));
    expect(await screen.findByRole("heading", { name: "Einstellungen" })).toBeVisible();
    expect(document.documentElement.lang).toBe("de");
  });
});
