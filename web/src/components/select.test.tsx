import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { show } from "@/testing/render";
import { Select } from "./select";

it("has options once it is entered, for the keyboard", async () => {
  const onChange = vi.fn();
  show(<Select label="State" data={["ACTIVE", "SUSPENDED"]} value="ACTIVE" onChange={onChange} />);
  const field = await screen.findByRole("combobox", { name: "State" });
  expect(screen.queryByRole("option", { hidden: true })).toBeNull();
  await userEvent.tab();
  expect(field).toHaveFocus();
  expect(screen.queryAllByRole("option")).toEqual([]);
  expect(screen.getAllByRole("option", { hidden: true })).toHaveLength(2);
  expect(field).toHaveAttribute("aria-expanded", "false");
  await userEvent.keyboard("{ArrowDown}");
  expect(field).toHaveAttribute("aria-expanded", "true");
  expect(field).toHaveAttribute("aria-controls", screen.getByRole("listbox").id);
  // The first press says which one it is, as before any option was chosen.
  expect(field).toHaveAttribute("aria-activedescendant", screen.getByRole("option", { name: "ACTIVE" }).id);
  await userEvent.keyboard("{ArrowDown}{Enter}");
  expect(onChange).toHaveBeenLastCalledWith("SUSPENDED", expect.anything());
  expect(field).toHaveAttribute("aria-expanded", "false");
});

it.each([false, true])("says that it is open after the first click, and which list is its own: searchable %s", async (searchable) => {
  show(<Select label="State" data={["ACTIVE", "SUSPENDED"]} defaultValue="ACTIVE" searchable={searchable} />);
  const field = await screen.findByRole("combobox", { name: "State" });
  expect(field).toHaveAttribute("aria-expanded", "false");
  await userEvent.click(field);
  expect(field).toHaveAttribute("aria-expanded", "true");
  expect(field).toHaveAttribute("aria-controls", screen.getByRole("listbox").id);
  await userEvent.click(screen.getByRole("option", { name: "SUSPENDED" }));
  expect(field).toHaveValue("SUSPENDED");
});
