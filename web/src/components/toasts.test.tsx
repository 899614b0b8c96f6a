import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { setLanguage } from "@/lib/text";
import { show } from "@/testing/render";
import { toastDone, toastNotice, toastProblem, toastWarning, told } from "./toasts";

const open = async () => {
  show(<p>page</p>);
  await screen.findByText("page");
  return userEvent.setup();
};
const toast = async (text: string | RegExp) => within((await screen.findByText(text)).closest<HTMLElement>(".mantine-Notification-root")!);
beforeEach(() => {
  told.set([]);
  setLanguage("en");
});

describe("U6: a toast", () => {
  it("says what was done, as a status, and is kept", async () => {
    await open();
    act(() => toastDone("It is saved."));
    expect((await screen.findByText("It is saved.")).closest("[role=status]")).not.toBeNull();
    expect(told.get()).toMatchObject([{ what: "It is saved." }]);
  });
  it("says what was not done with its code, as an alert, and gives its details", async () => {
    const user = await open();
    act(() => toastProblem({ code: "CONFLICT", message: "The name is taken.", field: "name", requestId: "r-1" }));
    const of = await toast("The name is taken.");
    expect(of.getByText("CONFLICT")).toBeVisible();
    expect(screen.getByText("The name is taken.").closest("[role=alert]")).not.toBeNull();
    await user.click(of.getByRole("button", { name: "Copy details" }));
    const copied = await navigator.clipboard.readText();
    for (const part of ["CONFLICT: The name is taken.", "field: name", "request: r-1", "page: /"]) expect(copied).toContain(part);
  });
  it("says how long to wait, counted down, and that the wait is over", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    await open();
    act(() => toastProblem({ code: "RATE_LIMITED", message: "Too many.", retryAfterSeconds: 12, retryAt: Date.now() + 12_000 }));
    await toast("Too much at once. Try again in 12 s.");
    await act(() => vi.advanceTimersByTimeAsync(2_000));
    await toast("Too much at once. Try again in 10 s.");
    await act(() => vi.advanceTimersByTimeAsync(11_000));
    await toast("It was too much at once. You can try again now.");
    vi.useRealTimers();
  });
  it.each([["en", "Dismiss"], ["de", "Schließen"]] as const)("is dismissed by a button with a name: %s", async (language, name) => {
    const user = await open();
    setLanguage(language);
    act(() => toastProblem({ code: "CONFLICT", message: "The name is taken." }));
    await user.click((await toast("The name is taken.")).getByRole("button", { name }));
    await waitFor(() => expect(screen.queryByText("The name is taken.")).not.toBeInTheDocument());
    expect(told.get()).toHaveLength(1); // the drawer has it still
  });
  it("says what the user has to know, as a status, and is kept", async () => {
    await open();
    act(() => toastWarning("There are more."));
    expect((await screen.findByText("There are more.")).closest("[role=status]")).not.toBeNull();
    expect(told.get()).toMatchObject([{ what: "There are more." }]);
  });
  it.each([["ERROR", "alert"], ["WARNING", "status"]] as const)("tells a notice of the panel's that is %s as %s", async (level, role) => {
    await open();
    act(() => toastNotice("The disk is full.", level));
    expect((await screen.findByText("The disk is full.")).closest(`[role=${role}]`)).not.toBeNull();
    expect(told.get()).toHaveLength(0); // the panel keeps it
  });
});

describe("what a code says by itself is said in the language of the page, and the rest as the panel said it", () => {
  it.each([
    ["OFFLINE", /The panel does not answer/, /Das Panel antwortet nicht/], ["NOT_FOUND", /It is not there/, /Es ist nicht da/], ["UNAUTHENTICATED", /You are not signed in/, /Sie sind nicht angemeldet/],
    ["RATE_LIMITED", /Too much at once/, /Zu viel auf einmal/], ["INTERNAL", /a mistake of the panel's/, /ein Fehler des Panels/], ["FORBIDDEN", /^as it was said$/, /^as it was said$/], ["UNAVAILABLE", /^as it was said$/, /^as it was said$/],
  ] as const)("%s", async (code, english, german) => {
    await open();
    act(() => toastProblem({ code, message: "as it was said" }));
    expect(await screen.findByText(english)).toBeVisible();
    act(() => setLanguage("de"));
    expect(await screen.findByText(german)).toBeVisible();
  });
});
