import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { show } from "@/testing/render";
import { CountrySelect } from "./country";

it("has all countries once it is entered, and finds one by its name", async () => {
  const onChange = vi.fn();
  const user = userEvent.setup();
  show(<CountrySelect label="Country" value="DE" onChange={onChange} />);
  const field = await screen.findByRole("combobox", { name: "Country" });
  expect(field).toHaveValue("Germany");
  expect(screen.queryByRole("option", { hidden: true })).toBeNull();
  await user.click(field);
  expect(screen.getAllByRole("option", { hidden: true })).toHaveLength(249);
  await user.clear(field);
  await user.type(field, "zeal");
  await user.click(screen.getByRole("option", { name: "New Zealand" }));
  expect(onChange).toHaveBeenCalledWith("NZ", expect.anything());
});
