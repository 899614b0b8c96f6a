import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { openDatabase, pageOf } from "@/testing/database";

vi.mock("@/gql/socket", () => ({ listen: () => () => {} }));

it.each([
  [{ state: "DELETING", deleteAfter: null }, /Its data is being dropped\./], [{ state: "SUSPENDED" }, /No reason was given\./], [{ state: "SUSPENDED", suspendReason: "" }, /No reason was given\./],
  [{ state: "SUSPENDED", customer: { id: "c", name: "Acme", state: "SUSPENDED" } }, /Its customer is suspended\./], [{ state: "SUSPENDED", overQuota: true }, /The size quota is exceeded/],
  [{ overQuota: true, cleanupUntil: "2026-11-26T10:15:00Z" }, /The size quota is exceeded.*open for cleanup until/], [{ state: "FAILED" }, /It could not be made/], [{ state: "DEGRADED" }, /not as it should be/], [{ state: "PENDING" }, /It is being made/],
])("says why it is not simply active: %o", async (database, said) => {
  openDatabase({ database });
  await waitFor(() => expect(screen.getAllByRole("status").some(({ textContent }) => said.test(textContent ?? ""))).toBe(true));
});

it("cannot be taken back by who may only read", async () => {
  openDatabase({ database: { state: "DELETING", deleteAfter: "2099-01-01T00:00:00Z" }, answers: { PermissionsIn: { data: { viewer: { permissions: ["DATABASES_READ"] } } } } });
  expect(await screen.findByText(/Its data is dropped in/)).toBeVisible();
  await waitFor(() => expect(screen.queryByRole("button", { name: "Take the deletion back" })).not.toBeInTheDocument());
  const tabs = within(screen.getByRole("tablist", { name: "shop" })).getAllByRole("tab");
  expect(tabs.map(({ textContent }) => textContent)).toEqual(["Overview", "Users", "Dumps"]);
});

it("U6: says with its code why it cannot be taken back", async () => {
  const user = userEvent.setup();
  openDatabase({ database: { state: "DELETING", deleteAfter: "2099-01-01T00:00:00Z" }, answers: { RestoreDatabase: { errors: [{ message: "Its data is gone.", extensions: { code: "CONFLICT" } }] } } });
  await user.click(await screen.findByRole("button", { name: "Show GraphQL" }));
  expect(await screen.findByText(/mutation RestoreDatabase/)).toBeVisible();
  await user.keyboard("{Escape}");
  await user.click(await screen.findByRole("button", { name: "Take the deletion back" }));
  const toast = await screen.findByRole("alert");
  expect(toast).toHaveTextContent("Its data is gone.");
  expect(toast).toHaveTextContent("CONFLICT");
});

it("says all that is known of it, also of a login that goes on", async () => {
  openDatabase({ database: { previousUsername: "c7_shop_1", previousUntil: "2026-11-26T10:15:00Z", connections: null, connectionLimit: 1234, accessCidrs: ["10.0.0.0/8", "2001:db8::/32"], driftPolicy: "REPORT", sizeBytes: null } });
  const facts = within(await screen.findByRole("region", { name: "Facts" }));
  expect(facts.getByText("at most 1,234")).toBeVisible();
  expect(facts.getByText("10.0.0.0/8")).toBeVisible();
  expect(facts.getByText("2001:db8::/32")).toBeVisible();
  expect(facts.getByText("Report")).toBeVisible();
  expect(facts.getByText("Not yet")).toBeVisible();
  expect(within(screen.getByRole("region", { name: "Connect" })).getByText(/c7_shop_1/)).toHaveTextContent(/until /);
});

it("U20: its jobs are asked for by the database, and each leads to its page", async () => {
  const job = { id: "job_7", kind: "database.rotate", state: "RUNNING", percent: 50, waitingFor: "LOCK", createdAt: "2026-11-01T10:00:00Z", startedAt: "2026-11-01T10:00:00Z", finishedAt: null, customer: null, resource: null, actor: null };
  const { graph } = openDatabase({ tab: "jobs", answers: { JobsOf: { data: { jobs: pageOf(job, { ...job, id: "job_8", state: "SUCCEEDED", percent: 100, waitingFor: null, finishedAt: "2026-11-01T10:01:05Z", actor: { id: "u", name: "Ada" } }) } } } });
  expect((await screen.findAllByRole("link", { name: "Rotate a password" }))[0]).toHaveAttribute("href", "/jobs/job_7");
  const rows = screen.getAllByRole("row").slice(1).map((row) => within(row).getAllByRole("cell").map(({ textContent }) => textContent));
  expect(rows[0]!.slice(1, 4)).toEqual(["Waiting", "", "The panel"]);
  expect(rows[1]!.at(1)).toBe("Succeeded");
  expect(rows[1]!.at(-1)).toBe("1 min 5 s");
  expect(graph.sent.find(({ operationName }) => operationName === "JobsOf")?.variables.filter).toEqual({ resourceId: "db_1" });
});

it("U2: no job says so", async () => {
  openDatabase({ tab: "jobs" });
  expect(await screen.findByText("No job has been at work here yet.")).toBeVisible();
});
