import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";
import { type Answer, everything, graphOf, show, viewerOf } from "@/testing/render";
import { CustomerSelect } from "./customer-select";

function Field({ first }: { first?: string }) {
  const [id, setId] = useState<string | null>(first ?? null);
  return <><CustomerSelect label="Customer" value={id} onChange={setId} /><output>{id}</output></>;
}
const of = (...names: string[]): Answer => ({ data: { customers: { nodes: names.map((name) => ({ id: name.toLowerCase(), name, email: `${name.toLowerCase()}@x.test`, state: "ACTIVE" })) } } });
const failed: Answer = { errors: [{ message: "It broke.", extensions: { code: "INTERNAL" } }] };
const none = "No customer is called that";
const options = () => screen.queryAllByRole("option").map(({ textContent }) => textContent);

/** A field whose answers by a text are held back until they are given. */
async function open(first?: string) {
  const held = new Map<string, (answer: Answer) => void>();
  const graph = graphOf({
    ChooseCustomer: ({ variables }) => new Promise((go) => held.set(String(variables.text ?? ""), go)),
    ChosenCustomer: ({ variables }) => ({ data: { customer: { id: variables.id, name: "Acme", email: "acme@x.test" } } }),
  });
  show(<Field first={first} />, graph, { viewer: viewerOf(everything) });
  const user = userEvent.setup();
  const field = await screen.findByRole("combobox", { name: "Customer" });
  const give = async (text: string, answer: Answer) => {
    await waitFor(() => expect([...held.keys()]).toContain(text));
    await act(async () => held.get(text)!(answer));
  };
  return { user, field, give };
}

it("says that none is called so once that is known", async () => {
  const { user, field, give } = await open();
  await user.click(field);
  expect(await screen.findByText("Searching…")).toBeVisible();
  expect(screen.queryByText(none)).not.toBeInTheDocument();
  await give("", of());
  expect(await screen.findByText(none)).toBeVisible();
});

it("U2: says why the customers could not be read, and reads them again when it is opened again", async () => {
  const { user, field, give } = await open();
  await user.click(field);
  await give("", failed);
  expect(await screen.findByText(/mistake of the panel/)).toBeVisible();
  expect(screen.queryByText(none)).not.toBeInTheDocument();
  await user.keyboard("{Escape}");
  await user.click(field);
  await screen.findByText("Searching…");
  await give("", of("Acme"));
  await user.click(await screen.findByRole("option", { name: "Acme" }));
  expect(screen.getByText("acme")).toBeInTheDocument();
});

it("offers nothing that was found by another text", async () => {
  const { user, field, give } = await open();
  await user.click(field);
  await give("", of("Acme", "Other"));
  await waitFor(() => expect(options()).toEqual(["Acme", "Other"]));
  await user.type(field, "beta");
  expect(options()).toEqual([]);
  expect(screen.getByText("Searching…")).toBeVisible();
  await user.keyboard("{ArrowDown}{Enter}");
  expect(screen.queryByText("acme")).not.toBeInTheDocument();
  await give("beta", of("Beta"));
  await user.click(await screen.findByRole("option", { name: "Beta" }));
  expect(screen.getByText("beta")).toBeInTheDocument();
});

it("offers the one that is chosen among all, and under another text no longer", async () => {
  const { user, field, give } = await open("acme");
  await waitFor(() => expect(field).toHaveValue("Acme"));
  await user.click(field);
  await give("", of("Other"));
  await waitFor(() => expect(options()).toEqual(["Acme", "Other"]));
  await user.clear(field);
  await user.type(field, "beta");
  await give("beta", of());
  expect(await screen.findByText(none)).toBeVisible();
  expect(options()).toEqual([]);
});
