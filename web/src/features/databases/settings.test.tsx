import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { setLanguage } from "@/lib/text";
import { impersonated, viewerOf } from "@/testing/render";
import { credentials, databaseOf, openDatabase, ordered } from "@/testing/database";

vi.mock("@/gql/socket", () => ({ listen: () => () => {} }));
type Page = Parameters<typeof openDatabase>[0];

/** Opens a dialog of the settings by the button that asks for it. */
async function ask(button: string, p: Page) {
  const user = userEvent.setup();
  const page = openDatabase({ tab: "settings", ...p });
  const opener = await screen.findByRole("button", { name: button });
  await user.click(opener);
  return { ...page, user, opener, dialog: within(await screen.findByRole("dialog")) };
}
const refused = (field: string, message: string) => ({ errors: [{ message, extensions: { code: "INVALID", field } }] });

describe("what is asked before something is done says what would happen, orders it, and follows it", () => {
  it.each([
    ["Suspend", {}, "SuspendDatabase", "suspendDatabase", "Suspend", { id: "db_1", reason: "" }, "The database is being suspended."],
    ["Resume", { state: "SUSPENDED", suspendReason: "abuse" }, "ResumeDatabase", "resumeDatabase", "Resume", { id: "db_1" }, "The database is being resumed."],
    ["Open for cleanup", { overQuota: true }, "OpenDatabaseForCleanup", "openDatabaseForCleanup", "Open for cleanup", { id: "db_1" }, "It is being opened for cleanup."],
    ["Keep the login before", { previousUsername: "c7_shop_1", previousUntil: "2099-01-01T00:00:00Z" }, "KeepPreviousDatabaseLogin", "keepPreviousDatabaseLogin", "Keep the login before", { id: "db_1" }, "The login before is being kept."],
  ])("%s", async (button, database, operation, field, submit, input, said) => {
    const { user, dialog, inputs } = await ask(button, { database, answers: { [operation]: ordered(field) } });
    expect(await dialog.findByText(`step-of-${field}`)).toBeVisible();
    await user.click(dialog.getByRole("button", { name: submit }));
    expect(await screen.findByText(said)).toBeVisible();
    expect(inputs(operation)).toEqual([input]);
    expect(await dialog.findByRole("link", { name: "Open the job" })).toHaveAttribute("href", "/jobs/job_1");
  });
  it("gives the focus back to where it was asked", async () => {
    const { user, dialog, opener, inputs } = await ask("Suspend", { answers: { SuspendDatabase: ordered("suspendDatabase") } });
    await user.click(dialog.getByRole("button", { name: "Cancel" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    await waitFor(() => expect(opener).toHaveFocus());
    expect(inputs("SuspendDatabase")).toEqual([]);
  });
});

describe("suspending", () => {
  it("gives a reason that the customer reads", async () => {
    const { user, dialog, inputs } = await ask("Suspend", { answers: { SuspendDatabase: ordered("suspendDatabase") } });
    await user.type(dialog.getByRole("textbox", { name: "Reason" }), "  unpaid ");
    await user.click(dialog.getByRole("button", { name: "Suspend" }));
    await waitFor(() => expect(inputs("SuspendDatabase")).toEqual([{ id: "db_1", reason: "unpaid" }]));
  });
  it("U12: says beside it what is wrong with the reason", async () => {
    const { user, dialog } = await ask("Suspend", { answers: { SuspendDatabase: refused("reason", "It is too long.") } });
    await user.click(dialog.getByRole("button", { name: "Suspend" }));
    const reason = dialog.getByRole("textbox", { name: "Reason" });
    await waitFor(() => expect(reason).toHaveAccessibleDescription(/It is too long\./));
    await waitFor(() => expect(reason).toHaveFocus());
  });
  it("U6: says with its code why not", async () => {
    const { user, dialog } = await ask("Suspend", { answers: { SuspendDatabase: { errors: [{ message: "Another job is at work.", extensions: { code: "CONFLICT" } }] } } });
    expect(await dialog.findByText("Another job is at work.")).toBeVisible(); // before it is ordered
    await user.click(dialog.getByRole("button", { name: "Suspend" }));
    await waitFor(() => expect(screen.getAllByRole("alert").some(({ textContent }) => textContent?.includes("CONFLICT"))).toBe(true));
  });
});

describe("a clone", () => {
  const answers = { CloneDatabase: ordered("cloneDatabase", { database: { id: "db_9", name: "copy", state: "PENDING" }, credentials }) };
  it("gets a name, shows its password once, and leads to the new database", async () => {
    const { user, dialog, inputs, router } = await ask("Clone", { answers });
    expect(dialog.queryByText("step-of-cloneDatabase")).not.toBeInTheDocument(); // nothing is asked without a name
    await user.type(dialog.getByRole("textbox", { name: /Name of the clone/ }), " copy ");
    expect(await dialog.findByText("step-of-cloneDatabase")).toBeVisible();
    await user.click(dialog.getByRole("button", { name: "Clone" }));
    expect(await screen.findByText("n3w-word")).toBeVisible();
    expect(inputs("CloneDatabase")).toEqual([{ id: "db_1", name: "copy", customerId: "cust_1" }]);
    await user.click(screen.getByRole("button", { name: "I have saved it" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/databases/db_9"));
    expect(screen.queryByText("n3w-word")).not.toBeInTheDocument();
  });
  it.each([["name", /Name of the clone/, "textbox"], ["customerId", "Customer", "combobox"]] as const)("U12: says beside it what is wrong with %s", async (field, name, role) => {
    const { user, dialog } = await ask("Clone", { answers: { CloneDatabase: refused(field, "Not like this.") } });
    await user.type(dialog.getByRole("textbox", { name: /Name of the clone/ }), "copy");
    await user.click(dialog.getByRole("button", { name: "Clone" }));
    await waitFor(() => expect(dialog.getByRole(role, { name })).toHaveAccessibleDescription(/Not like this\./));
  });
  it("is of the same customer for a customer's user", async () => {
    const { dialog } = await ask("Clone", { answers, viewer: viewerOf(["DATABASES_WRITE"], { user: { ...viewerOf().user, role: null } }) });
    expect(dialog.queryByRole("combobox", { name: "Customer" })).not.toBeInTheDocument();
  });
  it.each(["Clone", "Rotate the password"])("%s is not for who acts as somebody else, since passwords are shown to the user alone", async (button) => {
    const { dialog } = await ask(button, { answers, viewer: impersonated });
    expect(dialog.getByText(/Passwords are shown to the user alone/)).toBeVisible();
    expect(dialog.getByRole("button", { name: button })).toBeDisabled();
  });
});

it("U25: the login of now goes on beside the new one for as long as is chosen", async () => {
  const { user, dialog, inputs } = await ask("Rotate the password", { answers: { RotateDatabasePassword: ordered("rotateDatabasePassword", { credentials }) } });
  expect(dialog.getByText(/Sessions go on/)).toBeVisible();
  await user.click(dialog.getByRole("combobox", { name: "The login before" }));
  await user.click(await screen.findByRole("option", { name: "Goes on for 7 days" }));
  expect(dialog.getByText(/A new login takes over/)).toBeVisible();
  await user.click(dialog.getByRole("button", { name: "Rotate the password" }));
  await waitFor(() => expect(inputs("RotateDatabasePassword")).toEqual([{ id: "db_1", graceSeconds: 604_800 }]));
});

describe("U26: deleting", () => {
  it.each([["At once", 0, "It cannot be taken back."], ["In 7 days", 604_800, "It can be taken back until then."]])("%s", async (choice, graceSeconds, said) => {
    const { user, dialog, inputs } = await ask("Delete the database", { answers: { DeleteDatabase: ordered("deleteDatabase") } });
    await user.click(dialog.getByRole("combobox", { name: "The data is dropped" }));
    await user.click(await screen.findByRole("option", { name: choice }));
    expect(dialog.getByText(said)).toBeVisible();
    await user.type(dialog.getByRole("textbox", { name: "Type shop to confirm" }), "shop");
    await user.click(dialog.getByRole("button", { name: "Delete the database" }));
    await waitFor(() => expect(inputs("DeleteDatabase")).toEqual([{ id: "db_1", graceSeconds }]));
  });
  it.each([["SUSPENDED", true], ["FAILED", false]])("offers no export while it is %s", async (state, said) => {
    const { dialog } = await ask("Delete the database", { database: { state } });
    expect(dialog.queryByRole("button", { name: "Export first" })).not.toBeInTheDocument();
    expect(dialog.queryByText("It can be exported only while it is active.") !== null).toBe(said);
  });
  it("waits for an export that is under way", async () => {
    const running = { data: { job: { id: "job_1", kind: "database.export", state: "RUNNING", percent: 10, waitingFor: null, finishedAt: null, steps: [], error: null } } };
    const { user, dialog } = await ask("Delete the database", { answers: { ExportDatabase: ordered("exportDatabase", { dump: { id: "dump_1", state: "PENDING" } }), JobLive: running } });
    await user.click(dialog.getByRole("button", { name: "Export first" }));
    await user.click(dialog.getByRole("button", { name: "Export" }));
    expect(await dialog.findByText("The export is under way; the database can be deleted when it is over.")).toBeVisible();
    await user.type(dialog.getByRole("textbox", { name: "Type shop to confirm" }), "shop");
    expect(dialog.getByRole("button", { name: "Delete the database" })).toBeDisabled();
  });
});

it.each([["PENDING", ["Rotate the password", "Clone", "Suspend"]], ["DELETING", ["Rotate the password", "Clone", "Suspend", "Delete the database"]]])("what cannot be done while it is %s is disabled, with the reason beside it", async (state, disabled) => {
  openDatabase({ tab: "settings", database: { state } });
  for (const name of disabled) expect(await screen.findByRole("button", { name })).toBeDisabled();
  expect(screen.getAllByText("Only an active database can be changed like this.")).toHaveLength(3);
  expect(screen.queryByText("It is being deleted already.") !== null).toBe(state === "DELETING");
});

it("sets what happens when it drifts", async () => {
  const user = userEvent.setup();
  const { inputs } = openDatabase({ tab: "settings", answers: { SetDatabaseDriftPolicy: { data: { setDatabaseDriftPolicy: { database: { id: "db_1", driftPolicy: "IGNORE" } } } } } });
  const section = within(await screen.findByRole("region", { name: "Drift" }));
  expect(section.getByRole("button", { name: "Save" })).toBeDisabled();
  await user.click(section.getByRole("combobox", { name: "When it drifts" }));
  await user.click(await screen.findByRole("option", { name: "Do not look" }));
  await user.click(section.getByRole("button", { name: "Save" }));
  expect(await screen.findByText("The policy is set.")).toBeVisible();
  expect(inputs("SetDatabaseDriftPolicy")).toEqual([{ id: "db_1", policy: "IGNORE" }]);
});

describe("network access", () => {
  const section = async () => within(await screen.findByRole("region", { name: "Network access" }));
  it("from everywhere has to be meant", async () => {
    const user = userEvent.setup();
    let accessCidrs: string[] = []; // which the mutation itself changes
    const { graph, inputs } = openDatabase({
      tab: "settings",
      answers: {
        DatabaseDetail: () => ({ data: { database: databaseOf({ accessCidrs }) } }),
        SetDatabaseAccess: () => {
          accessCidrs = ["0.0.0.0/0"];
          return { data: { setDatabaseAccess: { preview: null, database: { id: "db_1", accessCidrs }, job: { id: "job_1" } } } };
        },
      },
    });
    const of = await section();
    expect(of.getByText("The server's own machine alone.")).toBeVisible();
    await user.type(of.getByRole("combobox", { name: "Networks" }), "0.0.0.0/0{Enter}");
    expect(of.getByText("Say that everybody may reach it, or take that network away.")).toBeVisible();
    expect(of.getByRole("button", { name: "Save" })).toBeDisabled();
    await user.click(of.getByRole("checkbox", { name: "Everybody on the internet may try to sign in" }));
    await user.click(of.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("The networks are being set.")).toBeVisible();
    expect(inputs("SetDatabaseAccess")).toEqual([{ id: "db_1", cidrs: ["0.0.0.0/0"], allowEverywhere: true }]);
    expect(await of.findByText("database.job")).toBeVisible();
    await waitFor(() => expect(graph.sent.filter(({ operationName }) => operationName === "DatabaseDetail")).toHaveLength(2));
    expect(await of.findByText("0.0.0.0/0")).toBeVisible();
    expect(of.getByText("database.job")).toBeVisible();
  });
  it("is not there where the server takes no networks, and says why", async () => {
    openDatabase({ tab: "settings", database: { server: { id: "s", name: "pg-1", capabilities: [{ name: "remote_access", available: false, hint: "Set listen_addresses." }] } } });
    expect((await section()).getByText(/The server does not take networks\. Set listen_addresses\./)).toBeVisible();
    expect((await section()).queryByRole("combobox")).not.toBeInTheDocument();
  });
});

it("is German for who wants it", async () => {
  setLanguage("de");
  const { dialog } = await ask("Datenbank löschen", {});
  expect(dialog.getByRole("textbox", { name: "Zur Bestätigung shop eingeben" })).toBeVisible();
  expect(dialog.getByRole("button", { name: "Datenbank löschen" })).toBeDisabled();
  setLanguage("en");
});
