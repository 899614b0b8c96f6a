import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { show } from "@/testing/render";
import { Select } from "./select";

it("has options once it is entered, for the keyboard as for the mouse", async () => {
  const onChange = vi.fn();
  show(<Select label="State" data={["ACTIVE", "SUSPENDED"]} value="ACTIVE" onChange={onChange} />);
  const field = await screen.findByRole("combobox", { name: "State" });
  expect(screen.queryByRole("option", { hidden: true })).toBeNull();
  await userEvent.tab();
  expect(field).toHaveFocus();
  expect(screen.queryAllByRole("option")).toEqual([]);
  await userEvent.keyboard("{ArrowDown}");
  // The first press says which one it is, as before any option was chosen.
  expect(field).toHaveAttribute("aria-activedescendant", screen.getByRole("option", { name: "ACTIVE" }).id);
  await userEvent.keyboard("{ArrowDown}{Enter}");
  expect(onChange).toHaveBeenLastCalledWith("SUSPENDED", expect.anything());
});
