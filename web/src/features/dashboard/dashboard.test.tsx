import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { setLanguage } from "@/lib/text";
import { everything, graphOf, show, viewerOf } from "@/testing/render";
import { comes, streams } from "@/testing/streams";
import { DashboardPage } from "./dashboard";

vi.mock("@/gql/socket", async () => (await import("@/testing/streams")).socket);
beforeEach(() => setLanguage("en"));

const count = (totalCount: number) => ({ nodes: [], totalCount });
const failures = (n: number, hasNextPage = false) => ({ nodes: Array.from({ length: n }, (_, i) => ({ id: `job_f${i}` })), pageInfo: { hasNextPage } });
const entry = (n: number, patch: object = {}) => ({ id: `e${n}`, at: "2026-11-01T10:00:00Z", action: `database.create${n}`, allowed: true, actor: { id: "u1", name: "Ada" }, object: null, ...patch });
const quota = (used: string, max: string | null) => [{ name: "DATABASES", used, max }];
const filled = (patch: object = {}) => ({
  data: {
    running: { nodes: [{ id: "job_1", kind: "database.create", state: "RUNNING", waitingFor: null, createdAt: "2026-11-01T10:00:00Z", customer: { id: "c1", name: "Acme" } }, { id: "job_2", kind: "host.check", state: "RUNNING", waitingFor: "SERVER_AWAY", createdAt: "2026-11-01T10:00:00Z", customer: null }], totalCount: 2 },
    failed: failures(3), full: count(0), near: count(0), stuck: count(0), findings: count(1234), databases: count(1), anyDatabase: { nodes: [{ id: "db_1" }] }, customers: { nodes: [{ id: "c1", name: "Acme", quotas: quota("7", "10") }], totalCount: 1 }, invitations: count(0), users: { nodes: [{ id: "u1" }] }, databaseServers: { nodes: [{ id: "s1" }] }, troubled: count(0), servers: { nodes: [] },
    auditEvents: { nodes: [entry(1, { action: "database.rotate", object: { __typename: "Database", id: "db_1", name: "shop" } }), entry(3, { allowed: false, actor: null })] }, ...patch,
  },
});
const open = (data: ReturnType<typeof filled> | object = filled(), viewer = viewerOf(everything)) => {
  const graph = graphOf({ Dashboard: data as ReturnType<typeof filled> });
  return { graph, ...show(<DashboardPage />, graph, { viewer }) };
};
const tile = (name: RegExp) => screen.findByRole("link", { name });

it.each([
  [/Customers 1/, "/customers"], [/Databases 1/, "/databases"], [/Jobs at work 2/, "/jobs?state=RUNNING"], [/Stuck jobs 0/, "/jobs?state=STUCK"], [/Open findings 1,234/, "/drift"], [/Servers that need attention 0/, "/servers?attention=true"],
])("U17: the tile %s leads to %s", async (name, to) => {
  open();
  expect(await tile(name)).toHaveAttribute("href", to);
});

it("U17: counts as failed what failed in the last days, up to a page, in another colour than none", async () => {
  const { graph, unmount } = open(filled({ failed: failures(20, true) }));
  const some = await tile(/Failed jobs, last 7 days 20\+$/);
  const since = String(graph.sent[0]?.variables.since);
  expect(Math.round((Date.now() - Date.parse(since)) / 86_400_000)).toBe(7);
  expect(since).toMatch(/:00\.000Z$/); // what the field of the list shows
  expect(some).toHaveAttribute("href", `/jobs?state=FAILED&from=${encodeURIComponent(since)}`);
  const color = (of: HTMLElement) => (of.lastElementChild as HTMLElement).style.color;
  const attention = color(some);
  unmount();
  open(filled({ failed: failures(0) }));
  expect(color(await tile(/Failed jobs, last 7 days 0$/))).not.toBe(attention);
});

it("U17: a server that is away is in another colour than none", async () => {
  open(filled({ troubled: count(1) }));
  const color = async (name: RegExp) => ((await tile(name)).lastElementChild as HTMLElement).style.color;
  expect(await color(/Servers that need attention 1$/)).not.toBe(await color(/Stuck jobs 0/));
});

const holder = (n: number, used: string) => ({ id: `c${n}`, name: `Customer ${n}`, quotas: quota(used, "10") });
const holders = async () => within(await screen.findByRole("region", { name: "Quotas" })).getAllByRole("link", { name: /^Customer/ }).map(({ textContent }) => textContent);
it("U17: shows the quotas of who has used most of them, each customer once", async () => {
  open(filled({
    full: { nodes: [holder(48, "10"), holder(50, "11")] }, near: { nodes: [holder(20, "8"), holder(48, "10"), holder(50, "11")] },
    customers: { nodes: [holder(1, "0"), holder(2, "7"), holder(3, "1")], totalCount: 50 },
  }));
  expect(await holders()).toEqual(["Customer 50", "Customer 48", "Customer 20"]);
});
it("U17: shows the quotas of the chosen customer alone", async () => {
  const graph = graphOf({ Dashboard: filled({ full: { nodes: [holder(50, "11")] } }), ChosenQuotas: { data: { customer: holder(7, "2") } } });
  show(<DashboardPage />, graph, { viewer: viewerOf(everything), at: "/?customer=c7" });
  expect(await holders()).toEqual(["Customer 7"]);
  expect(graph.sent.find(({ operationName }) => operationName === "ChosenQuotas")?.variables).toEqual({ id: "c7" });
});
it("U17: is of the chosen customer, also when it is read anew; another is another dashboard", async () => {
  streams.splice(0);
  const of = (customer: unknown) => filled(customer === "c7" ? { databases: count(0), stuck: count(7) } : customer === "c8" ? { databases: count(0), stuck: count(8) } : {});
  const graph = graphOf({ Dashboard: ({ variables }) => of(variables.customer), ChosenQuotas: ({ variables }) => ({ data: { customer: { ...holder(7, "2"), id: variables.id } } }) });
  const { router } = show(<DashboardPage />, graph, { viewer: viewerOf(everything), at: "/?customer=c7" });
  expect(await tile(/Stuck jobs 7/)).toBeVisible();
  expect(await tile(/Databases 0/)).toBeVisible();
  expect(document.querySelector("li[data-step=database]")).toHaveAttribute("data-done", "true"); // somebody has one
  const asked = () => graph.sent.filter(({ operationName }) => operationName === "Dashboard").map(({ variables }) => variables.customer);
  comes("Done", { auditFeed: { position: "p0" } });
  comes("Done", { auditFeed: { position: "p1", event: { action: "database.create", allowed: true } } });
  await waitFor(() => expect(asked()).toEqual(["c7", "c7"]));
  await act(() => router.navigate({ to: "/", search: { customer: "c8" } as never }));
  expect(await tile(/Stuck jobs 8/)).toBeVisible();
  await act(() => router.navigate({ to: "/", search: {} as never }));
  expect(await tile(/Stuck jobs 0/)).toBeVisible();
  expect(asked()).toEqual(["c7", "c7", "c8", undefined]);
});

it.each([["6", "green", "60%", "Plenty left"], ["7", "yellow", "70%", "Getting full"], ["9", "red", "90%", "Almost full"], ["10", "red", "100%", "Used up"]])("U17: a quota of which %s of 10 are used is %s, and says so in words", async (used, _, share, words) => {
  open(filled({ customers: { nodes: [{ id: "c1", name: "Acme", quotas: quota(used, "10") }], totalCount: 1 } }));
  expect(await screen.findByRole("progressbar", { name: `Databases: ${used} of 10 (${share}), ${words}` })).toBeInTheDocument();
});

it("U17: says what is at work and what was done last", async () => {
  open();
  const now = within(await screen.findByRole("region", { name: "At work now" }));
  expect(now.getByRole("link", { name: "Create a database · Acme" })).toHaveAttribute("href", "/jobs/job_1");
  expect(now.getByRole("link", { name: "host.check" })).toHaveAttribute("href", "/jobs/job_2");
  expect(now.getByText("Waiting")).toBeVisible();
  const recent = within(screen.getByRole("region", { name: "Recently done" }));
  const done = await recent.findByRole("link", { name: "Rotate a password" });
  expect(done).toHaveAttribute("href", "/audit?event=e1");
  expect(done).toHaveAttribute("title", "database.rotate");
  expect(done.parentElement).toHaveTextContent("Rotate a passwordshop · Ada");
  expect(recent.getByRole("link", { name: /^Refused: / }).parentElement).toHaveTextContent("Refused: database.create3The panel");
  expect(recent.getByRole("link", { name: "All: Recently done" })).toHaveAttribute("href", "/audit");
});

it("says that nothing is at work and nothing was done", async () => {
  open(filled({ running: count(0), auditEvents: { nodes: [] }, customers: count(0) }));
  expect(await screen.findByText("Nothing is at work.")).toBeVisible();
  expect(screen.getByText("Nothing was done yet.")).toBeVisible();
  expect(screen.queryByRole("region", { name: "Quotas" })).not.toBeInTheDocument();
});

it("asks for what the viewer may see alone, and shows no more", async () => {
  const { graph } = open(
    { data: { databases: count(4), anyDatabase: count(4) } },
    viewerOf(["DATABASES_READ"], { user: { id: "u-me", name: "Ada", email: "ada@example.com", role: null, totpEnabled: true } }),
  );
  expect(await tile(/Databases 4/)).toBeVisible();
  expect(graph.sent[0]?.variables).toEqual({ since: expect.any(String), jobs: false, databases: true, customers: false, servers: false, audit: false, users: false });
  expect(screen.queryByRole("link", { name: /Customers|Jobs|findings/ })).not.toBeInTheDocument();
});

describe("U18: the first steps", () => {
  const steps = () => within(screen.getByRole("heading", { name: "First steps" }).closest("div.mantine-Paper-root") as HTMLElement).getAllByRole("listitem");
  it("lead to where each is done, and those that are done are ticked", async () => {
    open(filled({ customers: count(0) }));
    await screen.findByRole("heading", { name: "First steps" });
    expect(steps().map(({ textContent }) => textContent)).toEqual([
      "Protect your account with an authenticator appto do", "Add a customerto do", "Create a databasedone", "Invite a colleague or a customerto do",
    ]);
    expect(screen.getByRole("link", { name: "Protect your account with an authenticator app" })).toHaveAttribute("href", "/security");
    expect(screen.getByRole("link", { name: "Add a customer" })).toHaveAttribute("href", "/customers");
    expect(screen.queryByRole("link", { name: "Create a database" })).not.toBeInTheDocument();
  });
  it.each([[{ invitations: count(1) }], [{ users: { nodes: [{ id: "u1" }, { id: "u2" }] } }]])("an invitation is made: %o", async (patch) => {
    open(filled(patch));
    await screen.findByRole("heading", { name: "First steps" });
    expect(steps().at(-1)).toHaveTextContent("done");
  });
  it("are gone once all are done", async () => {
    open(filled({ invitations: count(1) }), viewerOf(everything, { user: { ...viewerOf().user, totpEnabled: true } }));
    expect(await tile(/Failed jobs, last 7 days 3/)).toBeVisible();
    expect(screen.queryByRole("heading", { name: "First steps" })).not.toBeInTheDocument();
  });
  it("are hidden for good by who does not want them", async () => {
    const user = userEvent.setup();
    const { unmount } = open();
    await user.click(await screen.findByRole("button", { name: "Hide in this browser" }));
    expect(screen.queryByRole("heading", { name: "First steps" })).not.toBeInTheDocument();
    unmount();
    open();
    expect(await tile(/Failed jobs, last 7 days 3/)).toBeVisible();
    expect(screen.queryByRole("heading", { name: "First steps" })).not.toBeInTheDocument();
  });
  it("speak of a server to who registers them", async () => {
    open(filled({ databaseServers: { nodes: [] } }), viewerOf([...everything, "SERVERS_WRITE"]));
    expect(await screen.findByRole("link", { name: "Register a database server" })).toHaveAttribute("href", "/servers");
  });
  it("speak of customers to staff alone", async () => {
    open(filled(), viewerOf(everything, { user: { ...viewerOf().user, role: null } }));
    await screen.findByRole("heading", { name: "First steps" });
    expect(steps()).toHaveLength(3);
  });
});

it("U2: one that cannot be read says so, and is tried again", async () => {
  const user = userEvent.setup();
  const graph = graphOf({ Dashboard: [{ errors: [{ message: "x", extensions: { code: "INTERNAL", requestId: "r-2" } }] }, filled()] });
  show(<DashboardPage />, graph, { viewer: viewerOf(everything) });
  expect(await screen.findByText("Request r-2")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await tile(/Failed jobs, last 7 days 3/)).toBeVisible();
});

it("is German, with numbers as they are written there", async () => {
  setLanguage("de");
  open();
  expect(await tile(/Offene Abweichungen 1\.234/)).toBeVisible();
  await waitFor(() => expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("Übersicht"));
  setLanguage("en");
});
