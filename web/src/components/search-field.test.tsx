import { MantineProvider } from "@mantine/core";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SearchField } from "./search-field";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const onSearch = vi.fn();
const Field = (p: { value?: string }) => <MantineProvider env="test"><SearchField label="Find" value={p.value} onSearch={onSearch} /></MantineProvider>;
const open = (value?: string) => {
  onSearch.mockReset();
  const { rerender } = render(<Field value={value} />);
  const field = screen.getByRole("textbox", { name: "Find" });
  return { field, type: (text: string) => fireEvent.change(field, { target: { value: text } }), comes: (now?: string) => rerender(<Field value={now} />) };
};

it("searches once nobody types any more, and at once when it is left", () => {
  const { field, type } = open();
  type("sh");
  type(" shop ");
  act(() => vi.advanceTimersByTime(249));
  expect(onSearch).not.toHaveBeenCalled();
  act(() => vi.advanceTimersByTime(1));
  expect(onSearch.mock.calls).toEqual([["shop"]]);
  type("");
  fireEvent.blur(field);
  expect(onSearch.mock.calls).toEqual([["shop"], [undefined]]);
  act(() => vi.advanceTimersByTime(1_000));
  expect(onSearch).toHaveBeenCalledTimes(2);
});

it("has what comes from elsewhere, in place of what was being typed", () => {
  const { field, type, comes } = open("one");
  type("one two");
  comes("back");
  expect(field).toHaveValue("back");
  act(() => vi.advanceTimersByTime(1_000));
  expect(onSearch).not.toHaveBeenCalled();
  comes(undefined);
  expect(field).toHaveValue("");
});
