import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { toastDone, toastProblem, told } from "@/components/toasts";
import { setLanguage } from "@/lib/text";
import { graphOf, show } from "@/testing/render";
import { comes, streams } from "@/testing/streams";
import { type Notice, useNotices } from "./notices";
import { NotificationDrawer } from "./notification-drawer";

vi.mock("@/gql/socket", async () => (await import("@/testing/streams")).socket);
beforeEach(() => {
  told.set([]);
  streams.splice(0);
});

const notice = (id: string, patch: object = {}): Notice => ({ id, at: "2026-11-01T10:00:00Z", level: "INFO", kind: "OF_TOMORROW", message: `message ${id}`, readAt: null, object: null, ...patch }) as unknown as Notice;
const drawer = async (notices: Notice[] = [], unread = 0, answers: Parameters<typeof graphOf>[0] = {}) => {
  const graph = graphOf(answers);
  const onClose = vi.fn();
  const shown = show(<NotificationDrawer opened onClose={onClose} notices={notices} unread={unread} retry={() => {}} />, graph);
  return { ...shown, graph, onClose, user: userEvent.setup(), dialog: within(await screen.findByRole("dialog", { name: "Notifications" })) };
};

describe("U6: the drawer", () => {
  it("says that nothing has happened", async () => {
    const { dialog } = await drawer();
    expect(dialog.getByText("Nothing has happened yet.")).toBeVisible();
    expect(dialog.queryByRole("button", { name: "Clear" })).not.toBeInTheDocument();
  });
  describe("says that nothing has happened once that is known, and has what was told in this tab until then", () => {
    const Drawer = () => <NotificationDrawer {...useNotices()} opened onClose={() => {}} />;
    const none = "Nothing has happened yet.";
    const list = { data: { viewer: { notifications: { nodes: [], unreadCount: 0 } } } };
    it("while it is read", async () => {
      let answer = () => {};
      const held = new Promise<void>((go) => { answer = go; });
      act(() => toastDone("done here"));
      show(<Drawer />, graphOf({ Notices: () => held.then(() => list) }));
      const dialog = within(await screen.findByRole("dialog", { name: "Notifications" }));
      expect(dialog.getByText("Loading notifications")).toBeInTheDocument();
      expect(dialog.getByText("done here")).toBeVisible();
      act(() => told.set([]));
      expect(dialog.queryByText(none)).not.toBeInTheDocument();
      await act(async () => answer());
      expect(await dialog.findByText(none)).toBeVisible();
      expect(dialog.queryByText("Loading notifications")).not.toBeInTheDocument();
    });
    it("U2: when it could not be read, until it is", async () => {
      act(() => toastDone("done here"));
      show(<Drawer />, graphOf({ Notices: [{ errors: [{ message: "It broke.", extensions: { code: "INTERNAL", requestId: "req-6" } }] }, list] }));
      const dialog = within(await screen.findByRole("dialog", { name: "Notifications" }));
      expect(await dialog.findByRole("alert")).toHaveTextContent("req-6");
      expect(dialog.getByText("done here")).toBeVisible();
      act(() => told.set([]));
      expect(dialog.queryByText(none)).not.toBeInTheDocument();
      await userEvent.click(dialog.getByRole("button", { name: "Try again" }));
      expect(await dialog.findByText(none)).toBeVisible();
      expect(dialog.queryByRole("alert")).not.toBeInTheDocument();
    });
  });
  it("has what the panel told and what was told in this tab, the newest first", async () => {
    toastDone("done here");
    const { dialog } = await drawer([notice("old"), notice("new", { at: "2099-01-01T00:00:00Z" })]);
    expect(dialog.getAllByText(/^message|^done here/).map(({ textContent }) => textContent)).toEqual(["message new", "done here", "message old"]);
  });
  it.each([[{ __typename: "Job", id: "j1", kind: "database.clone", resource: { __typename: "Database", id: "d1", name: "shop" } }, "/jobs/j1"], [{ __typename: "Database", id: "d1" }, "/databases/d1"], [{ __typename: "Customer", id: "c1" }, "/customers/c1"]])("leads to what it is about: %o", async (object, to) => {
    const { dialog, router, onClose, user } = await drawer([notice("1", { object })]);
    await user.click(dialog.getByRole("link", { name: "message 1" }));
    await waitFor(() => expect(router.state.location.pathname).toBe(to));
    expect(onClose).toHaveBeenCalledOnce();
  });
  it("says what a job does, with what, and why it failed", async () => {
    const { dialog } = await drawer([notice("1", { kind: "JOB_FAILED", object: { __typename: "Job", id: "j1", kind: "database.clone", error: { message: "It is taken." }, resource: { __typename: "Database", id: "d1", name: "shop" } } })]);
    expect(dialog.getByRole("link", { name: "Failed: Clone a database · shop" })).toBeVisible();
    expect(dialog.getByText("It is taken.")).toBeVisible();
  });
  it.each([null, { __typename: "Invitation", id: "i1" }])("leads nowhere with %o", async (object) => {
    const { dialog } = await drawer([notice("1", { object })]);
    expect(dialog.getByText("message 1")).toBeVisible();
    expect(dialog.queryByRole("link")).not.toBeInTheDocument();
  });
  it.each([["INFO", "Note"], ["SUCCESS", "Done"], ["WARNING", "Warning"], ["ERROR", "Error"]])("says %s in words", async (level, said) => {
    const { dialog } = await drawer([notice("1", { level, readAt: "2026-11-01T10:01:00Z" })]);
    expect(dialog.getByText(said)).toBeVisible();
    expect(dialog.queryByText("New")).not.toBeInTheDocument();
  });
  it("marks all as read", async () => {
    const { dialog, graph, user } = await drawer([notice("1")], 1, { MarkNotificationsRead: { data: { markNotificationsRead: { marked: 1, unreadCount: 0 } } } });
    expect(dialog.getByText("New")).toBeVisible();
    await user.click(dialog.getByRole("button", { name: "Show GraphQL" }));
    expect(await screen.findByText(/mutation MarkNotificationsRead/)).toBeVisible();
    await user.keyboard("{Escape}");
    await user.click(dialog.getByRole("button", { name: "Mark all as read" }));
    await waitFor(() => expect(graph.sent.map(({ variables }) => variables)).toEqual([{ input: { all: true } }]));
  });
  it("has nothing to mark and nothing to clear where all is read and of the panel", async () => {
    const { dialog } = await drawer([notice("1")], 0);
    expect(dialog.getByRole("button", { name: "Mark all as read" })).toBeDisabled();
    expect(dialog.getByRole("button", { name: "Clear" })).toBeDisabled();
  });
  it("forgets what was told in this tab, and has the details of what went wrong until then", async () => {
    act(() => toastProblem({ code: "CONFLICT", message: "It is taken.", requestId: "r-3" }));
    const { dialog, user } = await drawer();
    await user.click(dialog.getByRole("button", { name: "Copy details" }));
    expect(await navigator.clipboard.readText()).toContain("request: r-3");
    await user.click(dialog.getByRole("button", { name: "Clear" }));
    expect(await dialog.findByText("Nothing has happened yet.")).toBeVisible();
  });
  it("says what went wrong in the language of the page, as the toast did", async () => {
    act(() => toastProblem({ code: "OFFLINE", message: "The panel does not answer." }));
    const { dialog } = await drawer();
    expect(dialog.getByText(/Nothing that was sent is lost/)).toBeVisible();
    act(() => setLanguage("de"));
    expect(await dialog.findByText(/Nichts Gesendetes ist verloren/)).toBeVisible();
    act(() => setLanguage("en"));
  });
  it("keeps the last fifty", () => {
    for (let n = 0; n < 60; n++) act(() => toastDone(`n${n}`));
    expect(told.get()).toHaveLength(50);
    expect(told.get()[0]!.what).toBe("n59");
  });
});

describe("what the panel tells", () => {
  function Bell() {
    const { notices, unread } = useNotices();
    return <p>{unread} of {notices?.length}</p>;
  }
  const list = (unreadCount: number, ...nodes: Notice[]) => ({ data: { viewer: { notifications: { nodes, unreadCount } } } });
  const entry = (level: string) => ({ notifications: { position: "p1", notification: { id: "n1", level, kind: "OF_TOMORROW", message: "The disk is full." } } });
  it("is nothing until it is read, and then what there is", async () => {
    show(<Bell />, graphOf({ Notices: list(1, notice("1"), notice("2")) }));
    expect(await screen.findByText("1 of 2")).toBeVisible();
  });
  it.each([["ERROR", "alert"], ["WARNING", "status"]])("appears at once when it is %s, as %s, and is counted", async (level, role) => {
    const { unmount } = show(<Bell />, graphOf({ Notices: [list(0), list(1, notice("n1"))] }));
    await screen.findByText("0 of 0");
    comes("NoticeFeed", entry(level));
    expect(await screen.findByText("The disk is full.")).toBeVisible();
    expect(screen.getByText("The disk is full.").closest(`[role=${role}]`)).not.toBeNull();
    expect(await screen.findByText("1 of 1")).toBeVisible();
    unmount();
    expect(streams).toHaveLength(0);
  });
  it("is said in the language of the page", async () => {
    setLanguage("de");
    show(<Bell />, graphOf({ Notices: list(0) }));
    await screen.findByText("0 of 0");
    const object = { __typename: "Job", id: "j1", kind: "database.create", error: { message: "The name is taken." }, resource: { __typename: "Database", id: "d1", name: "shop" } };
    comes("NoticeFeed", { notifications: { position: "p1", notification: { id: "n1", level: "ERROR", kind: "JOB_FAILED", message: "The job has failed.", object } } });
    expect((await screen.findByText("Fehlgeschlagen: Datenbank anlegen · shop")).closest("[role=alert]")).toHaveTextContent("The name is taken.");
    expect(screen.queryByText("The job has failed.")).not.toBeInTheDocument();
    setLanguage("en");
  });
  it("is counted and no more when it is no trouble", async () => {
    show(<Bell />, graphOf({ Notices: [list(0), list(1, notice("n1"))] }));
    await screen.findByText("0 of 0");
    comes("NoticeFeed", entry("SUCCESS"));
    expect(await screen.findByText("1 of 1")).toBeVisible();
    expect(screen.queryByText("The disk is full.")).not.toBeInTheDocument();
  });
  it("is read anew once for many that come at once", async () => {
    const graph = graphOf({ Notices: [list(0), list(3, notice("n1"), notice("n2"), notice("n3"))] });
    show(<Bell />, graph);
    await screen.findByText("0 of 0");
    for (let n = 0; n < 3; n++) comes("NoticeFeed", entry("SUCCESS"));
    expect(await screen.findByText("3 of 3")).toBeVisible();
    expect(graph.sent).toHaveLength(2);
  });
  it("is not read anew where the stream only says where it stands", async () => {
    const graph = graphOf({ Notices: list(0) });
    show(<Bell />, graph);
    await screen.findByText("0 of 0");
    comes("NoticeFeed", { notifications: { position: "p0" } });
    expect(graph.sent).toHaveLength(1);
  });
});

it("is German for who wants it", async () => {
  setLanguage("de");
  show(<NotificationDrawer opened onClose={() => {}} notices={[notice("1", { level: "WARNING" })]} unread={1} retry={() => {}} />);
  const dialog = within(await screen.findByRole("dialog", { name: "Meldungen" }));
  expect(dialog.getByText("Warnung")).toBeVisible();
  expect(dialog.getByText("Neu")).toBeVisible();
  setLanguage("en");
});
