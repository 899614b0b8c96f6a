import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { createMemoryHistory, createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Viewer } from "@/components/use-viewer";
import { Refusal } from "@/gql/problem";
import { sessions } from "@/gql/session";
import { setLanguage } from "@/lib/text";
import { everything, graphOf, show, viewerOf } from "@/testing/render";
import { comes, socket, streams } from "@/testing/streams";
import { unreachable } from "./app-state";
import { palette } from "./palette-opener";
import { Shell } from "./shell";

vi.mock("@/gql/socket", async () => (await import("@/testing/streams")).socket);

const notices = (unreadCount: number) => ({ data: { viewer: { notifications: { nodes: [], unreadCount } } } });
const customers = { data: { customers: { nodes: [{ id: "c1" }, { id: "c2" }] } } };
beforeEach(() => {
  streams.splice(0);
  act(() => {
    socket.connection.set("idle");
    unreachable.set(false);
    palette.setState({ ...palette.getState(), opened: false });
  });
});

/** The shell around two pages, as the app's own router has it. */
function open(viewer: Viewer = viewerOf(everything), answers: Parameters<typeof graphOf>[0] = {}, at = "/databases") {
  const root = createRootRoute({ component: Shell });
  const page = (path: string) => createRoute({ getParentRoute: () => root, path, component: () => <h1>page {path}</h1> });
  const history = createMemoryHistory({ initialEntries: [at] });
  const router = createRouter({ routeTree: root.addChildren([page("/"), page("/databases"), page("/databases/$id"), page("/security"), page("/jobs")]), history });
  const graph = graphOf({ Notices: notices(0), FirstCustomers: customers, ChooseCustomer: { data: { customers: { nodes: [] } } }, ...answers });
  const shown = show(<RouterProvider router={router as never} />, graph, { viewer });
  return { ...shown, graph, router, user: userEvent.setup() };
}
const navigation = () => within(screen.getByRole("navigation", { name: "Main" }));

describe("the navigation", () => {
  it("has the pages that the viewer may see, and marks the one that is open", async () => {
    open(viewerOf(["DATABASES_READ"]), {}, "/databases/db_1");
    await screen.findByRole("heading", { name: "page /databases/$id" });
    expect(navigation().getAllByRole("link").map(({ textContent }) => textContent)).toEqual(["Dashboard", "Databases"]);
    expect(navigation().getByRole("link", { name: "Databases" })).toHaveAttribute("aria-current", "page");
    expect(navigation().getByRole("link", { name: "Dashboard" })).not.toHaveAttribute("aria-current");
  });
  it("goes to a page, which begins at its top with the focus", async () => {
    const scrolled = vi.spyOn(window, "scrollTo").mockImplementation(() => {});
    const { user } = open();
    await screen.findByRole("heading", { name: "page /databases" });
    await user.click(navigation().getByRole("link", { name: "Jobs" }));
    expect(await screen.findByRole("heading", { name: "page /jobs" })).toBeVisible();
    await waitFor(() => expect(document.getElementById("content")).toHaveFocus());
    expect(scrolled).toHaveBeenCalledWith(expect.objectContaining({ top: 0 }));
  });
  it("is skipped by who comes with the keyboard", async () => {
    const { user } = open();
    await user.click(await screen.findByRole("link", { name: "Skip to the content" }));
    expect(document.getElementById("content")).toHaveFocus();
  });
  it("is opened and closed on a narrow page, and closes with the page that was chosen", async () => {
    const { user } = open();
    const burger = await screen.findByRole("button", { name: "Open the navigation" });
    expect(burger).toHaveAttribute("aria-expanded", "false");
    await user.click(burger);
    expect(await screen.findByRole("button", { name: "Close the navigation" })).toHaveAttribute("aria-expanded", "true");
    await user.click(navigation().getByRole("link", { name: "Jobs" }));
    expect(await screen.findByRole("button", { name: "Open the navigation" })).toBeInTheDocument();
  });
  it("has the focus once it is opened, and gives it back by Escape; it closes when the focus goes to the content, and when the page that is open is chosen", async () => {
    const { user } = open();
    const closed = () => screen.getByRole("navigation", { name: "Main" }).hasAttribute("data-closed");
    const burger = await screen.findByRole("button", { name: "Open the navigation" });
    expect(closed()).toBe(true); // below a width it is hidden by that, see page.css
    const again = async () => {
      burger.focus();
      await user.keyboard("{Enter}");
      await waitFor(() => expect(navigation().getByRole("link", { name: "Dashboard" })).toHaveFocus());
      expect(closed()).toBe(false);
    };
    await again();
    await user.keyboard("{Escape}");
    expect(burger).toHaveFocus();
    expect(closed()).toBe(true);
    await again();
    act(() => document.getElementById("content")!.focus());
    expect(closed()).toBe(true);
    await again();
    await user.click(navigation().getByRole("link", { name: "Databases" }));
    expect(closed()).toBe(true);
    expect(document.getElementById("content")).toHaveFocus();
  });
});

describe("what people must know whatever they do", () => {
  it("U7: says that the line is lost, and no more once it is back", async () => {
    open();
    await screen.findByRole("heading", { level: 1 });
    expect(screen.queryByText(/Reconnecting/)).not.toBeInTheDocument();
    act(() => socket.connection.set("lost"));
    expect(screen.getByText("Reconnecting… What you see may be a moment old.")).toBeVisible();
    act(() => socket.connection.set("open"));
    expect(screen.queryByText(/Reconnecting/)).not.toBeInTheDocument();
  });
  it("U7: says that nothing comes by itself any more, and tries again when told so", async () => {
    const { user } = open();
    await screen.findByRole("heading", { level: 1 });
    act(() => socket.connection.set("stopped"));
    expect(screen.getByText("Live updates have stopped. What you see may be old.")).toBeVisible();
    expect(screen.queryByText(/Reconnecting/)).not.toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(socket.resume).toHaveBeenCalledOnce();
    act(() => socket.connection.set("open"));
    expect(screen.queryByText(/Live updates have stopped/)).not.toBeInTheDocument();
  });
  it("U7: says it in the dialog or drawer in front, too, and tries again from there by keyboard", async () => {
    const { user } = open();
    await screen.findByRole("heading", { level: 1 });
    await user.click(screen.getByRole("button", { name: "Notifications: 0 new" }));
    const drawer = await screen.findByRole("dialog", { name: "Notifications" });
    expect(within(drawer).queryByText(/Live updates/)).not.toBeInTheDocument();
    act(() => socket.connection.set("stopped"));
    expect(within(drawer).getByRole("status")).toHaveTextContent("Live updates have stopped. What you see may be old.");
    await user.tab();
    expect(within(drawer).getByRole("button", { name: "Try again" })).toHaveFocus();
    socket.resume.mockClear();
    await user.keyboard("{Enter}");
    expect(socket.resume).toHaveBeenCalledOnce();
    expect(drawer).toHaveFocus();
    act(() => socket.connection.set("open"));
    expect(within(drawer).getByRole("status")).toBeEmptyDOMElement();
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    act(() => socket.connection.set("lost"));
    await user.keyboard("?");
    expect(await within(await screen.findByRole("dialog", { name: "Keyboard shortcuts" })).findByText(/^Reconnecting/)).toBeVisible();
  });
  it("says that the panel does not answer", async () => {
    open();
    await screen.findByRole("heading", { level: 1 });
    act(() => (unreachable.set(true), socket.connection.set("lost")));
    expect(screen.getByText(/The panel does not answer/)).toBeVisible();
    expect(screen.queryByText(/Reconnecting/)).not.toBeInTheDocument();
  });
  it("U21: says as whom somebody acts, and ends it with one click", async () => {
    const ended = vi.spyOn(sessions, "actAsSelf").mockResolvedValue();
    const { user } = open(viewerOf(everything, { impersonatedBy: { id: "u9", name: "Grace" } }));
    expect(await screen.findByText("You act as Ada. Everything is recorded with your name.")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "End" }));
    expect(ended).toHaveBeenCalledOnce();
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  });
  it("U21: says that it could not be ended", async () => {
    vi.spyOn(sessions, "actAsSelf").mockRejectedValue(new Refusal(null));
    const { user } = open(viewerOf(everything, { impersonatedBy: { id: "u9", name: "Grace" } }));
    await user.click(await screen.findByRole("button", { name: "End" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("The panel does not answer.");
  });
  it.each([["/databases", true], ["/security", false]])("says that a second factor is missing at %s: %s", async (at, said) => {
    open(viewerOf(everything, { secondFactorMissing: true }), {}, at);
    await screen.findByRole("heading", { level: 1 });
    expect(screen.queryByText(/Your role needs an authenticator app/) !== null).toBe(said);
    if (said) expect(screen.getByRole("link", { name: "Set up now" })).toHaveAttribute("href", "/security");
  });
});

describe("the bell", () => {
  it.each([["en", 1, "Notifications: 1 new", "1"], ["en", 120, "Notifications: 120 new", "99+"], ["de", 2, "Meldungen: 2 neue", "2"]] as const)("says in %s how many are new: %s", async (language, count, name, figure) => {
    setLanguage(language);
    open(viewerOf(everything), { Notices: notices(count) });
    expect(await screen.findByRole("button", { name })).toBeVisible();
    expect(screen.getByText(figure)).toBeVisible();
    setLanguage("en");
  });
  it("opens the drawer, which gives the focus back", async () => {
    const { user } = open();
    const bell = await screen.findByRole("button", { name: "Notifications: 0 new" });
    await user.click(bell);
    expect(await screen.findByRole("dialog", { name: "Notifications" })).toBeVisible();
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    await waitFor(() => expect(bell).toHaveFocus());
  });
});

describe("the account's menu", () => {
  const menu = async (user: ReturnType<typeof userEvent.setup>) => {
    await user.click(await screen.findByRole("button", { name: "Account menu of Ada" }));
    return within(await screen.findByRole("menu"));
  };
  it("leads to what is the user's own", async () => {
    const { user, router } = open();
    await user.click((await menu(user)).getByRole("menuitem", { name: "Security" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/security"));
  });
  it("marks the colours that were chosen, and takes others", async () => {
    const { user } = open();
    await user.click((await menu(user)).getByRole("menuitem", { name: "Dark" }));
    const again = await menu(user);
    expect(again.getByRole("menuitem", { name: "Dark" })).toHaveAttribute("aria-current", "true");
    expect(again.getByRole("menuitem", { name: "Light" })).not.toHaveAttribute("aria-current");
  });
  it("lists what the keyboard can do", async () => {
    const { user } = open();
    await user.click((await menu(user)).getByRole("menuitem", { name: "Keyboard shortcuts" }));
    expect(await screen.findByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  });
  it("signs out, or says that it could not", async () => {
    const signOut = vi.spyOn(sessions, "signOut").mockResolvedValueOnce().mockRejectedValueOnce(new Refusal(null));
    const { user } = open();
    await user.click((await menu(user)).getByRole("menuitem", { name: "Sign out" }));
    expect(signOut).toHaveBeenCalledOnce();
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
    await user.click((await menu(user)).getByRole("menuitem", { name: "Sign out" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("The panel does not answer.");
  });
});

it("U4: the search in the head opens the palette", async () => {
  const { user } = open();
  await user.click((await screen.findAllByRole("button", { name: /^Search/ }))[0]!);
  expect(await screen.findByRole("combobox", { name: "Search" })).toBeVisible();
});

describe("what is live", () => {
  const event = (step: string | null) => ({ jobFeed: { position: "p", jobId: "j1", kind: "x", state: "RUNNING", step } });
  const gap = { jobFeed: { position: "p0" } };
  const asked = (graph: ReturnType<typeof graphOf>) => graph.sent.filter(({ operationName }) => operationName === "Notices").length;
  it("is read anew when a job goes on, once however much happens, and not for each step", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { graph } = open();
    await screen.findByRole("heading", { level: 1 });
    await waitFor(() => expect(asked(graph)).toBe(1));
    comes("JobFeed", gap);
    comes("JobFeed", event("make-role"));
    await act(() => vi.advanceTimersByTimeAsync(1_500));
    expect(asked(graph)).toBe(1);
    for (let n = 0; n < 5; n++) comes("JobFeed", event(null));
    await act(() => vi.advanceTimersByTimeAsync(100));
    await waitFor(() => expect(asked(graph)).toBe(2));
    comes("JobFeed", event(null));
    await act(() => vi.advanceTimersByTimeAsync(300));
    expect(asked(graph)).toBe(2); // at most once a second
    await act(() => vi.advanceTimersByTimeAsync(1_000));
    await waitFor(() => expect(asked(graph)).toBe(3));
    vi.useRealTimers();
  });
  it("is read anew after a gap, since nobody knows what was in it", async () => {
    const { graph } = open();
    await screen.findByRole("heading", { level: 1 });
    await waitFor(() => expect(asked(graph)).toBe(1));
    comes("JobFeed", gap);
    comes("JobFeed", gap);
    await waitFor(() => expect(asked(graph)).toBe(2));
  });
  it("U7: is read anew once a line that was lost is there again, also by who may see no jobs", async () => {
    const { graph } = open(viewerOf(["DATABASES_READ"]));
    await screen.findByRole("heading", { level: 1 });
    await waitFor(() => expect(asked(graph)).toBe(1));
    act(() => socket.connection.set("open"));
    act(() => socket.connection.set("lost"));
    act(() => socket.connection.set("open"));
    await waitFor(() => expect(asked(graph)).toBe(2));
  });
  it("is not listened to by who may see no jobs", async () => {
    open(viewerOf(["DATABASES_READ"]));
    await screen.findByRole("heading", { level: 1 });
    await waitFor(() => expect(streams.map(({ name }) => name)).toEqual(["NoticeFeed"]));
  });
});
