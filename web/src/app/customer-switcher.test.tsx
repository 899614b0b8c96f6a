import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { everything, graphOf, show, viewerOf } from "@/testing/render";
import { CustomerSwitcher } from "./customer-switcher";

const several = (...ids: string[]) => ({
  FirstCustomers: { data: { customers: { nodes: ids.map((id) => ({ id })) } } },
  ChooseCustomer: { data: { customers: { nodes: ids.map((id) => ({ id, name: `Customer ${id}`, email: "a@a.test", state: "ACTIVE" })) } } },
  ChosenCustomer: { data: { customer: { id: ids[0], name: `Customer ${ids[0]}` } } },
});
const Switcher = () => <><p>page</p><CustomerSwitcher w={200} /></>;

it("U3: the customer that is chosen stands in the address, and the page begins anew", async () => {
  const user = userEvent.setup();
  const { router } = show(<Switcher />, graphOf(several("c1", "c2")), { path: "/databases", at: "/databases?after=c1", viewer: viewerOf(everything) });
  await user.click(await screen.findByRole("combobox", { name: "Customer" }));
  await user.click(await screen.findByRole("option", { name: "Customer c2" }));
  await waitFor(() => expect(router.state.location.search).toEqual({ customer: "c2" }));
});

it("is not there for who sees one customer alone", async () => {
  const graph = graphOf(several("c1"));
  show(<Switcher />, graph, { path: "/databases", viewer: viewerOf(everything) });
  await screen.findByText("page");
  await waitFor(() => expect(graph.sent).toHaveLength(1));
  expect(screen.queryByRole("combobox", { name: "Customer" })).not.toBeInTheDocument();
});

it("asks nothing for who may see no customers", async () => {
  const graph = graphOf({});
  show(<Switcher />, graph, { path: "/databases", viewer: viewerOf(["DATABASES_READ"]) });
  await screen.findByText("page");
  expect(graph.sent).toHaveLength(0);
});
