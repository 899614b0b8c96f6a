import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TypedDocumentNode } from "@urql/core";
import { Refusal } from "@/gql/problem";
import { dateTime } from "@/lib/format";
import { setLanguage } from "@/lib/text";
import { type Answer, graphOf, show } from "@/testing/render";
import { breaks, comes, streamOf, streams } from "@/testing/streams";
import { Ago } from "./ago";
import { CopyField } from "./copy-field";
import { JobLive } from "./job-live";
import { JobSteps } from "./job-steps";
import { Preview } from "./preview";
import { QuotaBars } from "./quota-bars";
import { ShowGraphQL } from "./show-graphql";

vi.mock("@/gql/socket", async () => (await import("@/testing/streams")).socket);
beforeEach(() => void streams.splice(0));
afterEach(() => {
  vi.useRealTimers();
  setLanguage("en");
});

describe("how long ago something was", () => {
  it("goes on by itself, with the exact time behind it", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true, now: Date.parse("2026-11-26T10:00:00Z") });
    show(<Ago at="2026-11-26T09:59:30Z" />);
    const time = await screen.findByText("30 seconds ago");
    expect(time).toHaveAttribute("datetime", "2026-11-26T09:59:30Z");
    await act(() => vi.advanceTimersByTimeAsync(31_000));
    expect(await screen.findByText("1 minute ago")).toBeVisible();
  });
  it.each([["mouse", "pointerEnter"], ["touch", "pointerDown"]] as const)("is told exactly to a %s, by the same element, until it is elsewhere", async (pointerType, event) => {
    show(<><Ago at="2026-01-01T10:00:00Z" /><p>elsewhere</p></>);
    const time = await screen.findByText(/ago$/);
    expect(screen.queryByRole("tooltip")).not.toBeInTheDocument();
    fireEvent[event](time, { pointerType });
    expect(await screen.findByText(dateTime("2026-01-01T10:00:00Z"))).toBeInTheDocument();
    expect(screen.getByText(/ago$/)).toBe(time);
    if (pointerType === "touch") {
      fireEvent.pointerLeave(time, { pointerType }); // the finger is lifted
      expect(screen.getByText(dateTime("2026-01-01T10:00:00Z"))).toBeInTheDocument();
      fireEvent.pointerDown(screen.getByText(/^elsewhere/), { pointerType });
    } else fireEvent.pointerLeave(time, { pointerType });
    expect(screen.queryByText(dateTime("2026-01-01T10:00:00Z"))).not.toBeInTheDocument();
  });
  it.each([[null, undefined, "–"], [undefined, "Never", "Never"]])("%s is %s", async (at, never, said) => {
    show(<Ago at={at} never={never} />);
    expect(await screen.findByText(said)).toBeVisible();
  });
});

it.each([["en", "Copy Host", "Copied"], ["de", "Host kopieren", "Kopiert"]] as const)("a value is copied, and that is said: %s", async (language, copy, copied) => {
  setLanguage(language);
  const user = userEvent.setup();
  show(<CopyField label="Host" value="db.test" />);
  await user.click(await screen.findByRole("button", { name: copy }));
  expect(await screen.findByRole("button", { name: copied })).toBeVisible();
  expect(await navigator.clipboard.readText()).toBe("db.test");
});

it.each([["69", "fine", "Plenty left"], ["70", "near", "Getting full"], ["89", "near", "Getting full"], ["90", "full", "Almost full"], ["100", "over", "Used up"], ["150", "over", "Used up"]])("U17: %s of 100 used is %s, in words", async (used, level, words) => {
  show(<QuotaBars quotas={[{ name: "DATABASES", used, max: "100" }]} />);
  expect(await screen.findByText(new RegExp(words))).toBeVisible();
  expect(document.querySelector("[data-quota=DATABASES]")).toHaveAttribute("data-level", level);
});

it("U17: without a limit nothing is full, and of nothing all is used", async () => {
  show(<QuotaBars quotas={[{ name: "DATABASE_BYTES", used: "1536", max: null }, { name: "DATABASES", used: "0", max: "0" }]} />);
  expect(await screen.findByText("1.5 KiB, no limit")).toBeVisible();
  expect(screen.getByText("0 of 0 (100%) · Used up")).toBeVisible();
  expect(screen.getAllByRole("progressbar")).toHaveLength(1);
});

it("U24: steps say their state, time, tries and error, in German, too", async () => {
  setLanguage("de");
  show(<JobSteps steps={[{ name: "a", state: "UNDONE", attempt: 1, durationMs: 0 }, { name: "b", state: "FAILED", attempt: 3, durationMs: null, error: "SQLSTATE 53100" }, { name: "c", state: "UNDOING", attempt: 1 }, { name: "d", state: "PENDING", attempt: 0 }]} />);
  expect((await screen.findAllByRole("listitem")).map(({ textContent }) => textContent)).toEqual(["a0 msZurückgenommen", "bVersuch 3GescheitertSQLSTATE 53100", "cWird zurückgenommen", "dAusstehend"]);
});

describe("a job as who ordered it sees it", () => {
  const job = (patch: object = {}) => ({ data: { job: { id: "j1", kind: "database.create", state: "RUNNING", percent: 10, waitingFor: null, finishedAt: null, steps: [], error: null, ...patch } } });
  const event = (more: object = {}) => ({ jobProgress: { position: "p1", at: "2026-11-26T10:00:00Z", kind: "STEP", state: "RUNNING", step: "x", stepState: "DONE", percent: 60, message: "copying", error: null, ...more } });
  const of = (name: string, state: string, error: string | null = null) => ({ name, state, attempt: 1, durationMs: 1, error });
  it("goes on with each event, and tells its state", async () => {
    const onChange = vi.fn();
    show(<JobLive id="j1" onChange={onChange} />, graphOf({ JobLive: [job(), job({ state: "SUCCEEDED", percent: 100, finishedAt: "2026-11-26T10:00:01Z" })] }));
    expect(await screen.findByRole("progressbar", { name: "Progress 10%" })).toBeInTheDocument();
    comes("JobProgress", event());
    expect(await screen.findByText("Succeeded")).toBeVisible();
    expect(screen.queryByRole("progressbar")).not.toBeInTheDocument();
    expect(onChange.mock.calls.map(([{ state }]) => state)).toEqual(["RUNNING", "SUCCEEDED"]);
  });
  it("has the newest of the stream before it is read anew", async () => {
    show(<JobLive id="j1" />, graphOf({ JobLive: job() }));
    await screen.findByRole("progressbar");
    comes("JobProgress", event());
    expect(await screen.findByRole("progressbar", { name: "Progress 60%" })).toBeInTheDocument();
    expect(screen.getByText("copying")).toBeVisible();
    breaks("JobProgress", new Refusal([{ message: "Not yours any more.", extensions: { code: "FORBIDDEN" } }]));
    expect(screen.getByText("copying")).toBeVisible();
    expect(screen.getByRole("status")).toHaveTextContent("What goes on is not shown here any more. Not yours any more.");
  });
  it("says what it waits for", async () => {
    show(<JobLive id="j1" />, graphOf({ JobLive: job({ waitingFor: "SERVER_AWAY" }) }));
    expect(await screen.findByText("Waits: SERVER_AWAY")).toBeVisible();
  });
  it.each([
    [{ finishedAt: null }, "What was done is being rolled back."], [{ finishedAt: "2026-11-26T10:00:01Z" }, "Nothing had to be rolled back."],
    [{ finishedAt: "2026-11-26T10:00:01Z", steps: [of("make-role", "UNDONE")] }, "Rolled back: make-role."],
    [{ finishedAt: "2026-11-26T10:00:01Z", steps: [of("make-role", "UNDONE"), of("make-place", "UNDONE", "No room."), of("tell", "PENDING")] }, "The step make-place failed. Rolled back: make-role."],
    [{ finishedAt: "2026-11-26T10:00:01Z", steps: [of("make-role", "UNDONE", "At the first try."), of("make-place", "UNDONE")] }, "Rolled back: make-role, make-place."],
    [{ finishedAt: "2026-11-26T10:00:01Z", steps: [of("make-role", "UNDONE", "No room."), of("make-place", "PENDING")] }, "The step make-role failed. What it had begun was rolled back."],
    [{ finishedAt: "2026-11-26T10:00:01Z", steps: [of("make-role", "FAILED", "No room.")] }, "The step make-role failed. Nothing had to be rolled back."],
    [{ finishedAt: null, steps: [of("make-role", "UNDOING"), of("make-place", "UNDONE", "No room.")] }, "The step make-place failed. What was done is being rolled back."],
  ])("U24: says why it failed and what became of what was done: %o", async (patch, said) => {
    show(<JobLive id="j1" />, graphOf({ JobLive: job({ state: "FAILED", error: { code: "UNAVAILABLE", message: "The disk is full.", retryable: true }, ...patch }) }));
    const alert = within(await screen.findByRole("alert"));
    expect(alert.getByText("UNAVAILABLE")).toBeVisible();
    expect(alert.getByText(`The disk is full. ${said}`)).toBeVisible();
    expect(screen.getByText("Once the cause is gone, the job can be tried again on its page.")).toBeVisible();
  });
  it("says that it is loaded, why it could not be, and is read again", async () => {
    const user = userEvent.setup();
    let fail!: (answer: Answer) => void;
    const answers = [new Promise<Answer>((resolve) => (fail = resolve)), job({ state: "SUCCEEDED", percent: 100, finishedAt: "2026-11-26T10:00:01Z" })];
    show(<JobLive id="j1" />, graphOf({ JobLive: () => answers.shift()! }));
    expect(await screen.findByRole("status", { busy: true })).toHaveTextContent("Loading the job");
    fail({ errors: [{ message: "x", extensions: { code: "INTERNAL", requestId: "r-9" } }] });
    const alert = within(await screen.findByRole("alert"));
    expect(alert.getByText("Request r-9")).toBeVisible();
    expect(screen.queryByRole("status", { busy: true })).not.toBeInTheDocument();
    await user.click(alert.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("Succeeded")).toBeVisible();
  });
  it("U11: is not shown to who may not see it", async () => {
    const graph = graphOf({ JobLive: { data: { job: null } } });
    show(<><p>page</p><JobLive id="j1" /></>, graph);
    await waitFor(() => expect(graph.sent).toHaveLength(1));
    await waitFor(() => expect(document.querySelector(".mantine-Skeleton-root")).toBeNull());
    expect(screen.queryByRole("link")).not.toBeInTheDocument();
  });
  it("follows another once it is another's", async () => {
    const { unmount } = show(<JobLive id="j1" />, graphOf({ JobLive: job() }));
    await screen.findByRole("progressbar");
    expect(streamOf("JobProgress").variables).toEqual({ id: "j1" });
    unmount();
    expect(streams).toHaveLength(0);
  });
});

describe("what would happen", () => {
  it("is the steps, and the quotas as they would be", async () => {
    show(<Preview state={{ preview: { steps: ["make-role", "grant"], quotas: [{ name: "DATABASES", used: "3", max: "5" }, { name: "DATABASE_BYTES", used: "1536", max: null }] } }} fields={[]} quotas />);
    expect(await screen.findByText("make-role")).toBeVisible();
    expect(screen.getByText(/Databases: 3 of 5 afterwards/)).toBeVisible();
  });
  it("is why it would be refused, unless a field says so", async () => {
    const problem = { code: "QUOTA_EXCEEDED" as const, message: "All 5 databases are used." };
    const { unmount } = show(<Preview state={{ problem }} fields={["name"]} quotas={false} />);
    expect(await screen.findByText("All 5 databases are used.")).toBeVisible();
    unmount();
    show(<><p>page</p><Preview state={{ problem: { ...problem, field: "name" } }} fields={["name"]} quotas={false} /></>);
    await screen.findByText("page");
    expect(screen.queryByText("All 5 databases are used.")).not.toBeInTheDocument();
  });
});

it("Show GraphQL has the operation and its variables, to be copied", async () => {
  const user = userEvent.setup();
  const document = "\n  mutation Cancel($input: CancelJobInput!) {\n    cancelJob(input: $input) { job { id } }\n  }\n" as unknown as TypedDocumentNode;
  show(<ShowGraphQL document={document} variables={{ input: { id: "job_1" } }} />);
  const opener = await screen.findByRole("button", { name: "Show GraphQL" });
  await user.click(opener);
  expect(await screen.findByText(/mutation Cancel/)).toBeVisible();
  expect(screen.getByText(/"id": "job_1"/)).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Copy" }));
  expect(await screen.findByRole("button", { name: "Copied" })).toBeVisible();
  expect(await navigator.clipboard.readText()).toBe('mutation Cancel($input: CancelJobInput!) {\n  cancelJob(input: $input) { job { id } }\n}\n\n# Variables: {"input":{"id":"job_1"}}');
  await user.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByText(/mutation Cancel/)).not.toBeInTheDocument());
  await waitFor(() => expect(opener).toHaveFocus());
});
