import { MantineProvider } from "@mantine/core";
import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactElement } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { told } from "@/components/toasts";
import { sessions } from "@/gql/session";
import { placeAt } from "@/testing/place";
import { type Answer, everything, graphOf, type Sent, viewerOf } from "@/testing/render";
import { streams } from "@/testing/streams";
import { App } from "./app";
import { router } from "./router";

vi.mock("@/gql/socket", async () => (await import("@/testing/streams")).socket);

const later = () => new Date(Date.now() + 900_000).toISOString();
const renewed = { data: { refreshSession: { accessToken: "a1", expiresAt: later(), viewer: { user: { id: "u-me" } } } } };
const over = { errors: [{ message: "Sign in.", extensions: { code: "UNAUTHENTICATED" } }] };
const pageInfo = { __typename: "PageInfo", hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
const rows = (typename: string) => ({ __typename: typename, nodes: [], totalCount: 0, pageInfo });
const answers: Record<string, Answer | ((sent: Sent) => Answer | Promise<Answer>)> = {
  RefreshSession: renewed,
  Viewer: { data: { viewer: { __typename: "Viewer", ...viewerOf(everything), user: { __typename: "User", ...viewerOf().user } } } },
  Notices: { data: { viewer: { __typename: "Viewer", notifications: { __typename: "NotificationConnection", nodes: [], unreadCount: 0 } } } },
  FirstCustomers: { data: { customers: rows("CustomerConnection") } }, Databases: { data: { databases: rows("DatabaseConnection") } }, JobsOf: { data: { jobs: rows("JobConnection") } },
};

beforeEach(() => {
  streams.splice(0);
  (sessions as unknown as { end: (state: string) => void }).end("unknown");
  router.history.replace("/databases");
});
afterEach(() => vi.unstubAllGlobals());

function open(more: typeof answers = {}) {
  const graph = graphOf({ ...answers, ...more });
  vi.stubGlobal("fetch", graph.fetch);
  return { graph, ...render(<MantineProvider env="test"><App /></MantineProvider>) };
}

describe("the app", () => {
  it("shows the pages to who has a session, and asks for all with its token", async () => {
    const { graph } = open();
    expect(screen.getByLabelText("Loading the panel")).toBeInTheDocument();
    expect(await screen.findByRole("heading", { level: 1, name: "Databases" })).toBeVisible();
    expect(graph.sent.find(({ operationName }) => operationName === "Databases")?.headers.authorization).toBe("Bearer a1");
  });
  it("leads who has none to the sign-in, and back to this page", async () => {
    const gone = placeAt("/databases?state=FAILED#x");
    open({ RefreshSession: over });
    await waitFor(() => expect(gone.replaced).toEqual(["/sign-in?next=%2Fdatabases%3Fstate%3DFAILED%23x"]));
    expect(screen.queryByRole("heading")).not.toBeInTheDocument();
  });
  it("says that the panel does not answer, and begins when it does", async () => {
    const user = userEvent.setup();
    let away = true;
    const { graph } = open({ RefreshSession: () => { if (away) throw new TypeError("away"); return renewed; } });
    expect(await screen.findByText(/The panel does not answer/)).toBeVisible();
    away = false;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("heading", { level: 1, name: "Databases" })).toBeVisible();
    expect(graph.sent.filter(({ operationName }) => operationName === "RefreshSession")).toHaveLength(2);
  });
  it("shows nothing of the object before under another's address", async () => {
    const user = (id: string, name: string) => ({ data: { node: { __typename: "User", id, name, email: `${name}@example.com`, emailVerifiedAt: null, language: null, role: "SUPPORT", totpEnabled: false, disabledAt: null, createdAt: "2026-11-01T10:00:00Z", memberships: [] } } });
    let answer = (_: Answer) => {};
    const held = new Promise<Answer>((go) => (answer = go));
    open({ User: ({ variables }) => (variables.id === "u1" ? user("u1", "Ada") : held) });
    await screen.findByRole("heading", { level: 1, name: "Databases" });
    await act(() => router.navigate({ to: "/users/$id", params: { id: "u1" } }));
    expect(await screen.findByRole("heading", { level: 1, name: "Ada" })).toBeVisible();
    await act(() => router.navigate({ to: "/users/$id", params: { id: "u2" } }));
    expect(await screen.findByText("Loading the user")).toBeInTheDocument();
    expect(screen.queryByText("Ada")).not.toBeInTheDocument();
    answer(user("u2", "Grace"));
    expect(await screen.findByRole("heading", { level: 1, name: "Grace" })).toBeVisible();
    await act(() => router.navigate({ to: "/databases" })); // where the others begin: it is one router for all
  });
  it("leads to the sign-in when the user ends the session", async () => {
    open({ SignOut: { data: { signOut: { ok: true } } } });
    await screen.findByRole("heading", { level: 1, name: "Databases" });
    const gone = placeAt("/databases");
    await act(() => sessions.signOut());
    await waitFor(() => expect(gone.replaced).toEqual(["/sign-in"]));
    expect(screen.queryByRole("heading", { level: 1 })).not.toBeInTheDocument();
  });
  it("U21: reads everything as the one whom somebody acts as, and as oneself again, out of no cache of the other", async () => {
    const { graph } = open({ EndImpersonation: { data: { endImpersonation: { impersonation: { endedAt: null } } } } });
    await screen.findByRole("heading", { level: 1, name: "Databases" });
    const tokens = () => graph.sent.filter(({ operationName }) => operationName === "Viewer").map(({ headers }) => headers.authorization);
    act(() => sessions.actAs({ accessToken: "theirs", expiresAt: Date.now() + 900_000 }));
    await waitFor(() => expect(tokens()).toEqual(["Bearer a1", "Bearer theirs"]));
    await act(() => sessions.actAsSelf());
    await waitFor(() => expect(tokens()).toEqual(["Bearer a1", "Bearer theirs", "Bearer a1"]));
  });
  it("U21: says that the panel has ended an impersonation", async () => {
    open();
    await screen.findByRole("heading", { level: 1, name: "Databases" });
    act(() => sessions.actAs({ accessToken: "theirs", expiresAt: Date.now() + 900_000 }));
    act(() => sessions.distrust("theirs"));
    expect(await screen.findByText(/You act as yourself again/)).toBeVisible();
    expect(told.get()[0]).toMatchObject({ what: expect.stringMatching(/What was sent last has not happened/) }); // U6: it goes from the screen, and not from the drawer
  });
  it("U11: says of an address that is none that there is nothing, and the navigation stays", async () => {
    open();
    await screen.findByRole("heading", { level: 1, name: "Databases" });
    act(() => router.history.push("/no-such-page"));
    expect(await screen.findByRole("heading", { name: "There is nothing here" })).toBeVisible();
    await userEvent.click(within(screen.getByRole("navigation", { name: "Main" })).getByRole("link", { name: "Databases" }));
    expect(await screen.findByRole("heading", { level: 1, name: "Databases" })).toBeVisible();
  });
  it("U8: a mistake of one page is that page's, and the others go on", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const user = userEvent.setup();
    open({ JobsOf: { data: { jobs: { ...rows("JobConnection"), nodes: [{ __typename: "Job", id: "j1", kind: "x", state: "NEVER_HEARD_OF", percent: 0, waitingFor: null, createdAt: "never", startedAt: null, finishedAt: null, customer: null, actor: null, resource: null }] } } } });
    await screen.findByRole("heading", { level: 1, name: "Databases" });
    await user.click(screen.getByRole("link", { name: "Jobs" }));
    expect(await screen.findByText("This could not be shown")).toBeVisible();
    await user.click(screen.getByRole("link", { name: "Databases" }));
    expect(await screen.findByRole("heading", { level: 1, name: "Databases" })).toBeVisible();
  });
  it("U3: the customer that was chosen goes along from page to page", async () => {
    const user = userEvent.setup();
    open();
    await screen.findByRole("heading", { level: 1, name: "Databases" });
    act(() => router.history.push("/databases?customer=c1"));
    await user.click(screen.getByRole("link", { name: "Jobs" }));
    await waitFor(() => expect(router.state.location.search).toEqual({ customer: "c1" }));
  });
});

describe("U3: the address of each page", () => {
  it.each([
    ["/databases?state=FAILED&q=shop&evil=1", { state: "FAILED", q: "shop" }], ["/databases?state=DROP", {}], ["/databases/db_1?tab=dumps", { tab: "dumps" }], ["/databases/db_1?tab=evil", {}],
    ["/customers?state=ARCHIVED&country=DE", { state: "ARCHIVED", country: "DE" }], ["/customers/c?tab=members", { tab: "members" }], ["/jobs?state=STUCK&resource=db_1", { state: "STUCK", resource: "db_1" }],
    ["/users?q=ada", { q: "ada" }], ["/audit?allowed=no&paused=true&event=e1", { allowed: "no", paused: true, event: "e1" }], ["/servers?sort=NAME&desc=true", { desc: true }], ["/servers?attention=true", { attention: true }], ["/jobs?state=FAILED&from=2026-07-01T10:00:00Z", { state: "FAILED", from: "2026-07-01T10:00:00Z" }], ["/drift?customer=c1", { customer: "c1" }], ["/customers?sort=EMAIL&desc=true", { sort: "EMAIL", desc: true }], ["/customers?sort=FOO&country=Germany&after=a%20b", {}], ["/users?new=true", { new: true }], ["/drift?kind=ORPHAN&resolved=all", { kind: "ORPHAN", resolved: "all" }],
  ])("%s", (address, search) => {
    const location = router.parseLocation({ ...router.history.location, ...router.history.location, href: address, pathname: address.split("?")[0]!, search: `?${address.split("?")[1]}`, hash: "" } as never);
    const matches = router.matchRoutes(location as never) as unknown as { _strictSearch: object; routeId: string }[]; // what a page reads
    expect(matches.at(-1)!._strictSearch).toEqual(search);
    expect(matches.at(-1)!.routeId).not.toBe("__root__");
  });
  it.each(["/", "/databases", "/databases/x", "/customers", "/customers/x", "/jobs", "/jobs/x", "/users", "/users/x", "/audit", "/servers", "/servers/x", "/drift", "/security", "/settings"])("%s has the code of its page", async (path) => {
    const route = router.matchRoutes(path, {}).at(-1)!;
    const Page = (router.routesById as Record<string, { options: { component: unknown } }>)[route.routeId]!.options.component as ((props: object) => ReactElement) & { preload?: () => Promise<void> };
    await Page.preload?.(); // gone once it is there
    expect(Page({}).type).toEqual(expect.any(Function)); // it suspends for ever where the code has no such page
  });
});
