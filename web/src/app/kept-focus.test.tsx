import { act, render, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useKeptFocus } from "./kept-focus";

beforeEach(() => void vi.spyOn(document, "hasFocus").mockReturnValue(true)); // jsdom's says no while nothing has it
afterEach(() => void vi.useRealTimers());

function Content(p: { row: boolean; tool: boolean; dialog?: boolean; busy?: boolean; as?: string }) {
  useKeptFocus();
  return (
    <>
      <div id="content" key={p.as} tabIndex={-1} data-testid="content">
        {p.tool && <button type="button" disabled={p.busy} data-loading={p.busy || undefined}>Tool</button>}
        <section data-testid="list">{p.row && <button type="button">Remove</button>}</section>
      </div>
      {p.dialog && <div role="dialog"><button type="button">Sure</button></div>}
    </>
  );
}

it("the focus goes to the section of what is gone, also behind a dialog", async () => {
  const page = render(<Content row tool />);
  page.getByText("Remove").focus();
  page.rerender(<Content row tool dialog />);
  page.getByText("Sure").focus();
  page.rerender(<Content row={false} tool dialog />);
  expect(page.getByText("Sure")).toHaveFocus();
  page.rerender(<Content row={false} tool />);
  await waitFor(() => expect(page.getByTestId("list")).toHaveFocus());
});

it("an item of a menu gives it to the menu's button, when the dialog that it opened is over", async () => {
  function Tools(p: { menu?: boolean; dialog?: boolean }) {
    useKeptFocus();
    return (
      <>
        <div id="content" tabIndex={-1}><section><button type="button" id="more" aria-haspopup="menu">More</button></section></div>
        {p.menu && <div role="menu" aria-labelledby="more"><button type="button" role="menuitem">Edit</button></div>}
        {p.dialog && <div role="dialog"><button type="button">Sure</button></div>}
      </>
    );
  }
  const page = render(<Tools menu />);
  page.getByText("Edit").focus();
  page.rerender(<Tools dialog />);
  page.getByText("Sure").focus();
  page.rerender(<Tools />);
  await waitFor(() => expect(page.getByText("More")).toHaveFocus());
  expect(page.getByText("More")).not.toHaveAttribute("tabindex");
});

it("what opened a dialog has the focus again, also when the dialog does not give it back", async () => {
  const page = render(<Content row tool />);
  page.getByText("Tool").focus();
  page.rerender(<Content row tool dialog />);
  page.getByText("Sure").focus();
  page.rerender(<Content row tool />);
  await waitFor(() => expect(page.getByText("Tool")).toHaveFocus());
});

it("the focus goes to the content where there is no section", async () => {
  const page = render(<Content row tool />);
  page.getByText("Tool").focus();
  page.rerender(<Content row tool={false} />);
  await waitFor(() => expect(page.getByTestId("content")).toHaveFocus());
});

it("the focus goes to the content that took the place of all", async () => {
  const page = render(<Content row tool />);
  const before = page.getByTestId("content");
  page.getByText("Tool").focus();
  page.rerender(<Content row tool as="somebody" />);
  await waitFor(() => expect(page.getByTestId("content")).toHaveFocus());
  expect(before).not.toBeInTheDocument();
});

it("a button that was disabled while it was at work has the focus again", async () => {
  const page = render(<Content row tool />);
  page.getByText("Tool").focus();
  page.rerender(<Content row tool busy />);
  page.getByText("Tool").blur(); // as browsers do by themselves
  page.rerender(<Content row tool busy dialog />);
  page.rerender(<Content row tool dialog />);
  page.rerender(<Content row tool />);
  await waitFor(() => expect(page.getByText("Tool")).toHaveFocus());
});

it.each([["who has clicked at nothing is given no place", true], ["who has not clicked is given one", false]])("%s, however long one waits", async (_, clicked) => {
  vi.useFakeTimers();
  const page = render(<Content row tool />);
  page.getByText("Tool").focus();
  page.getByText("Tool").blur();
  if (clicked) document.body.dispatchEvent(new Event("pointerdown", { bubbles: true }));
  page.rerender(<Content row={false} tool={false} />);
  await act(() => vi.advanceTimersByTimeAsync(10_000));
  expect(clicked ? document.body : page.getByTestId("content")).toHaveFocus();
});
