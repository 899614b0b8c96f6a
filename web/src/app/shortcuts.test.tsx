import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { setLanguage } from "@/lib/text";
import { show } from "@/testing/render";
import { places } from "./navigation";
import { palette } from "./palette-opener";
import { ShortcutHelp } from "./shortcut-help";
import { useShortcuts } from "./shortcuts";

const onHelp = vi.fn();
function Page() {
  useShortcuts(places, onHelp);
  return <><p>page</p><input aria-label="Text" /><textarea aria-label="More text" /><div contentEditable suppressContentEditableWarning role="textbox" aria-label="Rich text" /></>;
}
const open = async () => {
  const shown = show(<Page />);
  await screen.findByText("page");
  return shown;
};
const press = (key: string, more: object = {}, target: Element | Window = document.body) => fireEvent.keyDown(target, { key, ...more });
beforeEach(() => {
  onHelp.mockReset();
  palette.setState({ ...palette.getState(), opened: false });
});
afterEach(() => act(() => palette.setState({ ...palette.getState(), opened: false })));

it.each(places.map(({ key, to, name }) => [key, to, name] as const))("U5: g and %s go to %s", async (key, to) => {
  const { router } = await open();
  press("g");
  press(key);
  await waitFor(() => expect(router.state.location.pathname).toBe(to));
});

it("U5: no two pages have the same key", () => {
  expect(new Set(places.map(({ key }) => key)).size).toBe(places.length);
});

it.each(["Text", "More text"])("U5: none fires while somebody writes: %s", async (label) => {
  const { router } = await open();
  const field = screen.getByRole("textbox", { name: label });
  for (const key of ["?", "g", "d"]) press(key, {}, field);
  expect(onHelp).not.toHaveBeenCalled();
  expect(router.state.location.pathname).toBe("/");
});

it("U5: ? lists what the keyboard can do", async () => {
  await open();
  press("?");
  expect(onHelp).toHaveBeenCalledOnce();
});

it.each([{ ctrlKey: true }, { metaKey: true }, { altKey: true }])("leaves alone what the browser has: %o", async (more) => {
  await open();
  press("?", more);
  expect(onHelp).not.toHaveBeenCalled();
});

it("does nothing behind a dialog", async () => {
  const { container } = await open();
  container.insertAdjacentHTML("beforeend", "<div role=dialog></div>");
  press("?");
  expect(onHelp).not.toHaveBeenCalled();
});

it("goes nowhere with a key that is none, or that comes late", async () => {
  const { router } = await open();
  press("d");
  press("g");
  press("z");
  press("d");
  const late = (key: string, timeStamp: number) => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true });
    Object.defineProperty(event, "timeStamp", { value: timeStamp });
    act(() => void document.body.dispatchEvent(event));
  };
  late("g", 1_000);
  late("d", 2_600);
  expect(router.state.location.pathname).toBe("/");
});

it.each([[{ ctrlKey: true }, "k"], [{ metaKey: true }, "K"]])("U4: %o and %s open the palette, also while somebody writes, and the browser's own does not", async (more, key) => {
  await open();
  const field = screen.getByRole("textbox", { name: "Text" });
  expect(press(key, more, field)).toBe(false);
  expect(palette.getState().opened).toBe(true);
});

it("listens no more once it is left", async () => {
  const { unmount } = await open();
  unmount();
  press("?");
  expect(onHelp).not.toHaveBeenCalled();
});

it.each([["en", "Go to: Databases"], ["de", "Gehe zu: Datenbanken"]] as const)("U5: the list has each page with its keys: %s", async (language, said) => {
  setLanguage(language);
  show(<ShortcutHelp opened onClose={() => {}} places={places} />);
  const row = (await screen.findByText(said)).parentElement!;
  expect([...row.querySelectorAll("kbd")].map(({ textContent }) => textContent)).toEqual(["g", "d"]);
  setLanguage("en");
});
