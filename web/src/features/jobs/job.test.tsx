import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Refusal } from "@/gql/problem";
import { everything, graphOf, permissionsIn, show, viewerOf } from "@/testing/render";
import { breaks, comes, streamOf, streams } from "@/testing/streams";
import { JobPage } from "./job";

vi.mock("@/gql/socket", async () => (await import("@/testing/streams")).socket);
beforeEach(() => void streams.splice(0));

const step = (name: string, state: string, more: object = {}) => ({ name, state, attempt: 1, durationMs: null, error: null, ...more });
const job = (patch: object = {}) => ({
  data: {
    job: {
      id: "job_1", kind: "database.create", state: "RUNNING", percent: 40, waitingFor: null, nextAttemptAt: null, attempts: 1, cancelRequestedAt: null, createdAt: "2026-11-01T10:00:00Z", startedAt: "2026-11-01T10:00:00Z", finishedAt: null,
      customer: { id: "cust_1", name: "Acme" }, actor: { id: "u1", name: "Ada" }, resource: { __typename: "Database", id: "db_1", name: "shop" },
      steps: [step("make-role", "DONE", { durationMs: 340 }), step("make-database", "APPLYING", { attempt: 2 })], error: null, children: { nodes: [], totalCount: 0 }, ...patch,
    },
  },
});
const over = { state: "FAILED", finishedAt: "2026-11-01T10:01:00Z" };
const open = (answers: Parameters<typeof graphOf>[0] = { Job: job() }, viewer = viewerOf(everything)) => {
  const graph = graphOf(answers);
  return { graph, ...show(<JobPage />, graph, { path: "/jobs/$id", at: "/jobs/job_1", viewer }) };
};
const event = (n: number, more: object = {}) => ({ jobProgress: { position: `p${n}`, at: `2026-11-01T10:00:0${n}Z`, kind: "STEP", state: "RUNNING", step: "make-role", stepState: "DONE", percent: n * 10, message: `message ${n}`, error: null, ...more } });
const log = () => within(screen.getByRole("log", { name: "Log" }));

it("U38: shows whose job it is, what it works on, and each step with its time and its tries", async () => {
  open();
  expect(await screen.findByRole("heading", { level: 1, name: "Create a database" })).toBeVisible();
  expect(screen.getByRole("link", { name: "Acme" })).toHaveAttribute("href", "/customers/cust_1");
  expect(screen.getByText("database.create")).toBeVisible();
  expect(screen.getByRole("link", { name: "shop" })).toHaveAttribute("href", "/databases/db_1");
  expect(screen.getByText("Ada")).toBeVisible();
  const [role, database] = within(screen.getByRole("region", { name: "Steps" })).getAllByRole("listitem");
  expect(role).toHaveTextContent("make-role340 msDone");
  expect(database).toHaveTextContent("make-databaseTry 2Running");
  expect(screen.getByRole("progressbar", { name: "Progress 40%" })).toBeInTheDocument();
});

it.each([
  [{ __typename: "Customer", id: "cust_2", title: "Below" }, "Below", "/customers/cust_2"], [{ __typename: "DatabaseUser", id: "du_1", username: "c7_reports" }, "c7_reports", null],
  [{ __typename: "DatabaseServer", id: "srv_1" }, "Database server", "/servers/srv_1"], [{ __typename: "DatabaseDump", id: "dump_1" }, "Dump", null],
])("says what it works on: %o", async (resource, name, to) => {
  open({ Job: job({ resource }) });
  const fact = await screen.findByText(name);
  expect(fact.closest("a")?.getAttribute("href") ?? null).toBe(to);
});

/** A fact by its name, or null. */
const fact = (name: string) => screen.queryByText(name, { selector: "dt" })?.nextElementSibling?.textContent ?? null;

it.each([
  ["one that waits for its turn", { startedAt: null, attempts: 0 }, [false, null, null, null]], ["one at work", {}, [true, null, null, null]],
  ["one that is over", over, [true, true, "1 min 0 s", null]], ["one that was tried again", { ...over, attempts: 1_003 }, [true, true, "1 min 0 s", "1,003"]],
] as const)("says when it began and ended, how long it took and the tries it needed: %s", async (_, patch, [started, finished, took, tries]) => {
  open({ Job: job(patch) });
  await screen.findByText("Ordered");
  expect([/ago/.test(fact("Started") ?? ""), fact("Finished"), fact("Took"), fact("Tries")]).toEqual([started, finished && expect.stringMatching(/ago/), took, tries]);
});

it("is ordered by the panel where nobody ordered it, and is of no customer", async () => {
  open({ Job: job({ actor: null, customer: null, resource: null }) });
  expect(await screen.findByText("The panel")).toBeVisible();
  expect(screen.queryByText("Works on")).not.toBeInTheDocument();
});

it("says what it waits for and when it goes on, and has the badge of it", async () => {
  open({ Job: job({ waitingFor: "SERVER_AWAY", nextAttemptAt: new Date(Date.now() + 5 * 60_000 + 5_000).toISOString() }) });
  expect(await screen.findByText(/Waits: SERVER_AWAY Goes on in 5 minutes/)).toBeVisible();
  expect(screen.getByText("Waiting")).toBeVisible();
  expect(screen.getByRole("button", { name: "Try again" })).toBeEnabled();
});

it("U38: says why it failed, and leads to its jobs below", async () => {
  open({ Job: job({ ...over, error: { code: "PG_42501", message: "permission denied", retryable: false }, children: { nodes: [{ id: "job_2", kind: "database.suspend", state: "SUCCEEDED", percent: 100 }], totalCount: 1_234 } }) });
  const alert = await screen.findByRole("alert");
  expect(alert).toHaveTextContent("PG_42501");
  expect(alert).toHaveTextContent("permission denied");
  expect(screen.getByRole("link", { name: "Suspend a database" })).toHaveAttribute("href", "/jobs/job_2");
  expect(screen.getByText("and 1,233 more")).toBeVisible();
  expect(screen.queryByRole("progressbar")).not.toBeInTheDocument();
});

describe("U38: the log", () => {
  it("has each event as it comes, and the steps are read anew with the next", async () => {
    const { graph } = open();
    await screen.findByRole("heading", { level: 1 });
    expect(log().getByText("Nothing has happened yet.")).toBeVisible();
    expect(streamOf("JobProgress").variables).toEqual({ id: "job_1" });
    comes("JobProgress", event(1));
    expect(log().getByText("STEP make-role message 1")).toBeVisible();
    const before = graph.sent.length;
    comes("JobProgress", event(2, { message: null, error: { code: "X", message: "it broke", retryable: true } }));
    expect(log().getByText("STEP make-role it broke")).toBeVisible();
    expect(screen.getByRole("progressbar", { name: "Progress 20%" })).toBeInTheDocument();
    await waitFor(() => expect(graph.sent.length).toBe(before + 1));
  });
  it("says that older entries are not kept", async () => {
    open();
    await screen.findByRole("heading", { level: 1 });
    comes("JobProgress", { jobProgress: { position: "p0" } });
    expect(screen.getByText("Older entries are not kept.")).toBeVisible();
  });
  it("says why it cannot be followed any more", async () => {
    open();
    await screen.findByRole("heading", { level: 1 });
    comes("JobProgress", event(1));
    breaks("JobProgress", new Refusal([{ message: "Not yours any more.", extensions: { code: "FORBIDDEN" } }]));
    expect(screen.getByText(/What goes on is not shown here any more: load the page again\. Not yours any more\./)).toBeVisible();
    expect(log().getByText("STEP make-role message 1")).toBeVisible();
  });
  it("is followed until somebody turns that off", async () => {
    const user = userEvent.setup();
    const scrolled = vi.spyOn(Element.prototype, "scrollTo").mockImplementation(() => {});
    open();
    await screen.findByRole("heading", { level: 1 });
    comes("JobProgress", event(1));
    const followed = scrolled.mock.calls.length;
    expect(followed).toBeGreaterThan(0);
    await user.click(screen.getByRole("checkbox", { name: "Follow the log" }));
    comes("JobProgress", event(2));
    expect(scrolled.mock.calls.length).toBe(followed);
    await user.click(screen.getByRole("checkbox", { name: "Follow the log" }));
    expect(scrolled.mock.calls.length).toBeGreaterThan(followed);
  });
  it("is not followed any more by who scrolls up, and again by who is at its end", async () => {
    open();
    await screen.findByRole("heading", { level: 1 });
    const view = screen.getByRole("log", { name: "Log" });
    const at = (scrollTop: number) => {
      Object.defineProperties(view, { scrollTop: { value: scrollTop, configurable: true }, scrollHeight: { value: 1000, configurable: true }, clientHeight: { value: 400, configurable: true } });
      act(() => void fireEvent.scroll(view));
    };
    at(100);
    expect(screen.getByRole("checkbox", { name: "Follow the log" })).not.toBeChecked();
    at(600);
    expect(screen.getByRole("checkbox", { name: "Follow the log" })).toBeChecked();
  });
  it("is copied with its times", async () => {
    const user = userEvent.setup();
    open();
    await screen.findByRole("heading", { level: 1 });
    comes("JobProgress", event(1));
    comes("JobProgress", event(2));
    await user.click(screen.getByRole("button", { name: "Copy the log" }));
    expect(await navigator.clipboard.readText()).toBe("2026-11-01T10:00:01Z  STEP  make-role  message 1\n2026-11-01T10:00:02Z  STEP  make-role  message 2");
  });
});

it.each([["Cancel", /mutation CancelJob/], ["Try again", /mutation RetryJob/]])("U12: %s has its GraphQL", async (action, operation) => {
  const user = userEvent.setup();
  open();
  await user.click(await screen.findByRole("button", { name: `Show GraphQL: ${action}` }));
  expect(await screen.findByText(operation)).toBeVisible();
  expect(screen.getByText(/"id": "job_1"/)).toBeVisible();
});

describe("U38: what can be done goes by the state alone", () => {
  it.each([
    [{}, true, false], [{ cancelRequestedAt: "2026-11-01T10:00:30Z" }, false, false], [{ state: "COMPENSATING" }, false, false], [{ state: "STUCK" }, true, true], [over, false, true],
    [{ ...over, state: "CANCELED" }, false, true], [{ ...over, state: "SUCCEEDED" }, false, false],
  ])("%o: cancel %s, retry %s", async (patch, cancel, retry) => {
    open({ Job: job(patch) });
    expect(await screen.findByRole("button", { name: "Cancel" })).toHaveProperty("disabled", !cancel);
    expect(screen.getByRole("button", { name: "Try again" })).toHaveProperty("disabled", !retry);
  });
  it("nothing for who may only read", async () => {
    open({ Job: job() }, viewerOf(["JOBS_READ"]));
    await screen.findByRole("heading", { level: 1 });
    expect(screen.queryByRole("button", { name: "Cancel" })).not.toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Try again" })).not.toBeInTheDocument();
  });
  it("is not there for who may do it with another customer alone", async () => {
    open({ Job: job(over), PermissionsIn: permissionsIn("cust_1", ["JOBS_READ"], ["JOBS_READ", "JOBS_WRITE"]) });
    await screen.findByRole("heading", { level: 1, name: "Create a database" });
    await waitFor(() => expect(screen.queryByRole("button", { name: "Try again" })).not.toBeInTheDocument());
    expect(screen.queryByRole("button", { name: "Cancel" })).not.toBeInTheDocument();
  });
  it("cancels, and says so", async () => {
    const user = userEvent.setup();
    const { graph } = open({ Job: job(), CancelJob: { data: { cancelJob: { job: { id: "job_1", state: "RUNNING", cancelRequestedAt: "2026-11-01T10:00:30Z" } } } } });
    await user.click(await screen.findByRole("button", { name: "Cancel" }));
    expect(await screen.findByText("The job is being taken back.")).toBeVisible();
    expect(graph.sent.find(({ operationName }) => operationName === "CancelJob")?.variables).toEqual({ input: { id: "job_1" } });
  });
  it("shows what a mutation answers at once, before the page is read anew", async () => {
    let read = 0;
    open({ Job: () => (read++ === 0 ? job() : new Promise(() => {})), CancelJob: { data: { cancelJob: { job: { id: "job_1", state: "RUNNING", cancelRequestedAt: "2026-11-01T10:00:30Z" } } } } });
    const cancel = await screen.findByRole("button", { name: "Cancel" });
    expect(cancel).toBeEnabled();
    await userEvent.click(cancel);
    await waitFor(() => expect(read).toBe(2));
    expect(cancel).toBeDisabled();
  });
  it("U6: says with its code why it cannot be canceled", async () => {
    const user = userEvent.setup();
    open({ Job: job(), CancelJob: { errors: [{ message: "It is past the point of no return.", extensions: { code: "CONFLICT" } }] } });
    await user.click(await screen.findByRole("button", { name: "Cancel" }));
    const toast = await screen.findByRole("alert");
    expect(toast).toHaveTextContent("It is past the point of no return.");
    expect(toast).toHaveTextContent("CONFLICT");
  });
  it.each([["job_1", "/jobs/job_1"], ["job_9", "/jobs/job_9"]])("tries again as %s, and is at %s", async (id, place) => {
    const user = userEvent.setup();
    const { router } = open({ Job: job(over), RetryJob: { data: { retryJob: { job: { id, state: "PENDING" } } } } });
    await user.click(await screen.findByRole("button", { name: "Try again" }));
    expect(await screen.findByText("The job goes on.")).toBeVisible();
    await waitFor(() => expect(router.state.location.pathname).toBe(place));
  });
});

it("U11: somebody else's job is the page of what is not there", async () => {
  open({ Job: { data: { job: null } } });
  expect(await screen.findByRole("heading", { name: "There is nothing here" })).toBeVisible();
});

it("U2: one that cannot be read says so with its request, and is tried again", async () => {
  const user = userEvent.setup();
  open({ Job: [{ errors: [{ message: "x", extensions: { code: "INTERNAL", requestId: "r-4" } }] }, job()] });
  expect(await screen.findByText("Request r-4")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Create a database" })).toBeVisible();
});
