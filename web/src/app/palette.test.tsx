import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { Refusal } from "@/gql/problem";
import { sessions } from "@/gql/session";
import { type Answer, everything, graphOf, show, viewerOf } from "@/testing/render";
import { places } from "./navigation";
import { CommandPalette } from "./palette";
import { openPalette, palette } from "./palette-opener";

const answers = {
  Find: { data: { customers: { nodes: [{ id: "c1", name: "Shop Ltd", email: "shop@acme.test" }] }, databases: { nodes: [{ id: "d1", name: "shop", externalName: "c7_shop" }] } } },
  FindServers: { data: { databaseServers: { nodes: [{ id: "s1", name: "pg-shop", host: "10.0.0.1" }, { id: "s2", name: "other", host: "10.0.0.2" }] } } },
};
afterEach(() => act(() => palette.setState({ ...palette.getState(), opened: false })));
const onHelp = vi.fn();
const open = async (viewer = viewerOf(everything), graph = graphOf(answers)) => {
  const shown = show(<><button type="button">opener</button><CommandPalette places={places} onHelp={onHelp} /></>, graph, { viewer });
  const opener = await screen.findByRole("button", { name: "opener" });
  opener.focus();
  act(openPalette);
  const box = await screen.findByRole("combobox", { name: "Search" });
  return { ...shown, graph, box, opener, user: userEvent.setup() };
};
const found = () => screen.queryAllByRole("option").map(({ textContent }) => textContent);
/** A graph that finds something once it is told what. */
const late = () => {
  let answer = (_: Answer) => {};
  const answered = new Promise<Answer>((go) => { answer = go; });
  return { graph: graphOf({ ...answers, Find: () => answered }), answer: (data: unknown) => act(async () => answer({ data })) };
};
/** The entry that is told to be chosen, and to whom the keys go. */
const chosen = (box: HTMLElement) => {
  const all = screen.queryAllByRole("option", { selected: true });
  expect(all.map(({ id }) => id)).toEqual([box.getAttribute("aria-activedescendant")].filter(Boolean));
  return all[0]?.textContent;
};

it("U4: has the pages and what can be done, before anything is written, and asks for nothing", async () => {
  const { graph } = await open();
  expect(screen.getByText("Databases")).toBeVisible();
  expect(screen.getByText("Sign out")).toBeVisible();
  expect(graph.sent).toHaveLength(0);
});

it("U4: finds customers, databases and servers by what is written, and goes there", async () => {
  const { graph, router, box, user } = await open();
  await user.type(box, "shop");
  expect(await screen.findByText("Shop Ltd")).toBeVisible();
  expect(screen.getByText("c7_shop")).toBeVisible();
  expect(await screen.findByText("pg-shop")).toBeVisible();
  expect(screen.queryByText("other")).not.toBeInTheDocument();
  expect(graph.sent.findLast(({ operationName }) => operationName === "Find")?.variables).toEqual({ text: "shop", customers: true, databases: true });
  await user.click(screen.getByText("c7_shop"));
  await waitFor(() => expect(router.state.location.pathname).toBe("/databases/d1"));
});

it.each([["Shop Ltd", "/customers/c1"], ["pg-shop", "/servers/s1"]])("U4: %s leads to %s", async (name, to) => {
  const { router, box, user } = await open();
  await user.type(box, "shop");
  await user.click(await screen.findByText(name));
  await waitFor(() => expect(router.state.location.pathname).toBe(to));
});

it("U4: is used by the keyboard alone: a page is chosen with Enter", async () => {
  const { router, box, user } = await open();
  await user.type(box, "audit");
  expect(screen.queryByText("Databases")).not.toBeInTheDocument();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(router.state.location.pathname).toBe("/audit"));
});

it("U4: what is found is opened with Enter, also where no page and nothing to do is called so", async () => {
  const { graph, answer } = late();
  const { router, box, user } = await open(viewerOf(["CUSTOMERS_READ", "DATABASES_READ"]), graph);
  await user.type(box, "shop");
  expect(found()).toEqual([]);
  await answer(answers.Find.data);
  await screen.findByText("Shop Ltd");
  expect(chosen(box)).toBe("Shop Ltdshop@acme.test");
  await user.keyboard("{Enter}");
  await waitFor(() => expect(router.state.location.pathname).toBe("/customers/c1"));
});

it("U4: what is found comes first, and takes away nothing that the arrow keys had come to", async () => {
  const { graph, answer } = late();
  const { router, box, user } = await open(viewerOf([...everything, "SERVERS_WRITE"]), graph);
  await user.type(box, "server");
  const own = ["Database servers", "Register a server"];
  expect(found()).toEqual(own);
  expect(chosen(box)).toBe(own[0]);
  await user.keyboard("{ArrowDown}");
  expect(chosen(box)).toBe(own[1]);
  await answer({ customers: { nodes: [{ id: "c2", name: "Servers GmbH", email: "s@x.test" }] }, databases: { nodes: [] } });
  await screen.findByText("Servers GmbH");
  expect(found()).toHaveLength(3);
  expect(chosen(box)).toBe(own[1]);
  await user.keyboard("{ArrowUp}");
  expect(chosen(box)).toBe("Servers GmbHs@x.test");
  await user.keyboard("{Enter}");
  await waitFor(() => expect(router.state.location.pathname).toBe("/customers/c2"));
});

it("U4: tells who does not see it what there is and which is chosen", async () => {
  const { box, user } = await open();
  expect(box).toHaveFocus();
  expect(chosen(box)).toBeUndefined();
  expect(box).toHaveAttribute("aria-expanded", "true");
  expect(box).toHaveAttribute("aria-controls", screen.getByRole("listbox", { name: "Results" }).id);
  await user.keyboard("{ArrowDown}{ArrowDown}");
  expect(chosen(box)).toBe("Customers");
  await user.keyboard("{ArrowUp}{ArrowUp}");
  expect(chosen(box)).toBe("Sign out");
  await user.type(box, "shop");
  await screen.findByText("Shop Ltd");
  await screen.findByText("pg-shop");
  expect(screen.getAllByRole("group").map((group) => group.getAttribute("aria-label"))).toEqual(["Customers", "Databases", "Database servers"]);
  for (const group of screen.getAllByRole("group")) expect(within(group).getAllByRole("option")).toHaveLength(1);
});

it("U4: Escape gives the focus back to where it was", async () => {
  const { box, opener, user } = await open();
  await user.type(box, "x");
  await user.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("combobox", { name: "Search" })).not.toBeInTheDocument());
  await waitFor(() => expect(opener).toHaveFocus());
});

it.each([["Create a customer", "/customers"], ["Create a database", "/databases"], ["Invite a user", "/users"], ["Register a server", "/servers"], ["New API token", "/security"]])("U4: %s begins on its page", async (name, to) => {
  const { router, user } = await open(viewerOf([...everything, "SERVERS_WRITE"]));
  await user.click(screen.getByText(name));
  await waitFor(() => expect(router.state.location).toMatchObject({ pathname: to, search: { new: true } }));
});

it("U4: has what the viewer may do alone", async () => {
  await open(viewerOf(["CUSTOMERS_READ", "DATABASES_WRITE"]));
  expect(screen.getByText("Create a database")).toBeVisible();
  for (const name of ["Create a customer", "Invite a user", "Register a server"]) expect(screen.queryByText(name)).not.toBeInTheDocument();
});

it.each([{ impersonatedBy: { id: "u9", name: "Grace" } }, { secondFactorMissing: true }])("U4: begins no token for who cannot make one: %o", async (more) => {
  await open(viewerOf(everything, more));
  expect(screen.queryByText("New API token")).not.toBeInTheDocument();
});

it("U4: changes the colours and the language, and lists what the keyboard can do", async () => {
  const { user } = await open();
  expect(screen.queryByText("Language: English")).not.toBeInTheDocument();
  await user.click(screen.getByText("Colours: Dark"));
  await waitFor(() => expect(document.documentElement).toHaveAttribute("data-mantine-color-scheme", "dark"));
  act(openPalette);
  await user.click(await screen.findByText("Language: Deutsch"));
  expect(document.documentElement.lang).toBe("de");
  act(openPalette);
  await user.click(await screen.findByText("Sprache: English"));
  act(openPalette);
  await user.click(await screen.findByText("Keyboard shortcuts"));
  expect(onHelp).toHaveBeenCalledOnce();
});

it("says that nothing was found", async () => {
  const { box, user } = await open(viewerOf([]));
  expect(found()).toContain("Dashboard");
  const status = within(screen.getByRole("dialog")).getByRole("status");
  await user.type(box, "zzz");
  expect(await screen.findByText("Nothing found")).toBeVisible();
  expect(status).toHaveTextContent("Nothing found");
  expect(found()).toEqual([]);
  expect(chosen(box)).toBeUndefined();
  expect(box).toHaveAttribute("aria-expanded", "false");
  expect(box).not.toHaveAttribute("aria-controls");
});

it("says that nothing was found once it was looked for", async () => {
  const { graph, answer } = late();
  const { box, user } = await open(viewerOf(["CUSTOMERS_READ"]), graph);
  await user.type(box, "zzz");
  await waitFor(() => expect(graph.sent.at(-1)?.variables.text).toBe("zzz"));
  expect(screen.queryByText("Nothing found")).not.toBeInTheDocument();
  await answer({ customers: { nodes: [] } });
  expect(await screen.findByText("Nothing found")).toBeVisible();
});

it("U4: what was found by another text is not opened, nor offered, while the next is looked for", async () => {
  let answer = () => {};
  const held = new Promise<void>((go) => { answer = go; });
  const of = (id: string, name: string) => ({ data: { customers: { nodes: [{ id, name, email: `${id}@x.test` }] } } });
  const graph = graphOf({ Find: ({ variables }) => (variables.text === "acme" ? of("c1", "Acme") : held.then(() => of("c2", "Beta"))) });
  const { router, box, user } = await open(viewerOf(["CUSTOMERS_READ"]), graph);
  const nothing = async () => {
    expect(found()).toEqual([]);
    expect(screen.getByText("Searching…")).toBeVisible();
    expect(screen.queryByText("Nothing found")).not.toBeInTheDocument();
    await user.keyboard("{Enter}");
    expect(router.state.location.pathname).toBe("/");
  };
  await user.type(box, "acme");
  await screen.findByText("Acme");
  await user.clear(box);
  await user.paste("beta");
  await nothing(); // before it is asked for
  await waitFor(() => expect(graph.sent.at(-1)?.variables.text).toBe("beta"));
  await nothing();
  await act(async () => answer());
  await screen.findByText("Beta");
  expect(chosen(box)).toBe("Betac2@x.test");
  await user.keyboard("{Enter}");
  await waitFor(() => expect(router.state.location.pathname).toBe("/customers/c2"));
});

it.each([["Find", "Shop Ltd", "pg-shop"], ["FindServers", "pg-shop", "Shop Ltd"]] as const)("U2: says that %s failed, has what else there is, and looks for it once more", async (operation, missing, there) => {
  const broken = { errors: [{ message: "It broke.", extensions: { code: "INTERNAL", requestId: "req-4" } }] };
  const { box, user } = await open(viewerOf(everything), graphOf({ ...answers, [operation]: [broken, answers[operation]] }));
  await user.type(box, "shop");
  expect(await screen.findByRole("alert")).toHaveTextContent("req-4");
  expect(screen.getByText(there)).toBeVisible();
  expect(screen.queryByText(missing)).not.toBeInTheDocument();
  await user.tab();
  await user.keyboard("{Enter}");
  expect(await screen.findByText(missing)).toBeVisible();
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  expect(box).toHaveFocus();
});

it("U2: does not say that nothing was found where it could not be looked for", async () => {
  const { box, user } = await open(viewerOf(["CUSTOMERS_READ"]), graphOf({ Find: { errors: [{ message: "Too many.", extensions: { code: "RATE_LIMITED" } }] } }));
  await user.type(box, "zzz");
  expect(await screen.findByRole("alert")).toBeVisible();
  expect(screen.queryByText("Nothing found")).not.toBeInTheDocument();
  expect(screen.queryByText("Searching…")).not.toBeInTheDocument();
  await user.clear(box);
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  expect(found()).toContain("Dashboard");
});

it("asks for what the viewer may see alone", async () => {
  const { graph, box, user } = await open(viewerOf(["DATABASES_READ"]));
  await user.type(box, "shop");
  await waitFor(() => expect(graph.sent.at(-1)?.variables).toEqual({ text: "shop", customers: false, databases: true }));
});

it("signs out, or says that it could not", async () => {
  const signOut = vi.spyOn(sessions, "signOut").mockRejectedValue(new Refusal(null));
  const { box, user } = await open();
  await user.type(box, "sign");
  await user.click(await screen.findByText("Sign out"));
  expect(signOut).toHaveBeenCalledOnce();
  expect(await screen.findByRole("alert")).toHaveTextContent("The panel does not answer.");
});
