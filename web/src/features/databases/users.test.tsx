import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import * as files from "@/lib/csv";
import { impersonated } from "@/testing/render";
import { credentials, databaseUser, dump, openDatabase, ordered, pageOf } from "@/testing/database";

vi.mock("@/gql/socket", () => ({ listen: () => () => {} }));
const users = (...nodes: object[]) => ({ DatabaseUsers: { data: { database: { id: "db_1", users: pageOf(...nodes) } } } });
const open = (answers: object = {}, more: Partial<Parameters<typeof openDatabase>[0]> = {}) => openDatabase({ tab: "users", answers: { ...users(databaseUser("reports"), databaseUser("app", { rights: "OWNER", statementTimeoutSeconds: 0 })), ...answers }, ...more });

async function ask(button: string, answers: object = {}, more: Partial<Parameters<typeof openDatabase>[0]> = {}) {
  const user = userEvent.setup();
  const page = open(answers, more);
  const opener = await screen.findByRole("button", { name: button });
  await user.click(opener);
  return { ...page, user, opener, dialog: within(await screen.findByRole("dialog", { name: button })) };
}

it("lists the further logins with their rights", async () => {
  open();
  const [, first, second] = await screen.findAllByRole("row");
  const cells = (row: HTMLElement) => within(row).getAllByRole("cell").map(({ textContent }) => textContent);
  expect(cells(first!)).toEqual(["reports", "c7_reports", "Reads", "Active", "5", ""]);
  expect(cells(second!)).toEqual(["app", "c7_app", "Owner", "Active", "5", ""]);
});

it("U2: none says which login there is", async () => {
  open(users());
  expect(await screen.findByText(/The database has its own login c7_shop alone/)).toBeVisible();
});

it("U9: exports the list", async () => {
  const user = userEvent.setup();
  const saved = vi.spyOn(files, "save").mockImplementation(() => {});
  open();
  await user.click(await screen.findByRole("button", { name: "Export as CSV" }));
  await waitFor(() => expect(saved).toHaveBeenCalledOnce());
  expect(String(saved.mock.calls[0]![2]).split("\r\n")[1]).toBe('"reports","c7_reports","READ_ONLY","ACTIVE","5","30","2026-11-01T10:00:00Z"');
});

it("the statement timeout is a column to be chosen, with its unit", async () => {
  const user = userEvent.setup();
  open();
  await user.click(await screen.findByRole("button", { name: "Choose columns" }));
  await user.click(within(await screen.findByRole("menu")).getByRole("menuitemcheckbox", { name: "Statement timeout in seconds" }));
  expect(await screen.findByRole("cell", { name: "30 s" })).toBeVisible();
  expect(screen.getByRole("cell", { name: "–" })).toBeVisible();
});

describe("a user is changed", () => {
  const answers = { UpdateDatabaseUser: ordered("updateDatabaseUser", { databaseUser: { id: "du_reports" } }) };
  it("with what is now in the form, and other rights say that they end sessions", async () => {
    const { user, dialog, inputs } = await ask("Change reports", answers);
    expect(dialog.queryByRole("textbox", { name: /^Name/ })).not.toBeInTheDocument();
    expect(dialog.getByRole("radio", { name: "Reads" })).toBeChecked();
    await user.click(dialog.getByRole("radio", { name: "Owner" }));
    expect(dialog.getByText(/Other rights end the user's sessions/)).toBeVisible();
    const limit = dialog.getByRole("textbox", { name: "Connections at once" });
    await user.clear(limit);
    await user.type(limit, "7");
    await user.clear(dialog.getByRole("textbox", { name: /Statement timeout/ }));
    expect(await dialog.findByText("step-of-updateDatabaseUser")).toBeVisible();
    await user.click(dialog.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("The user is being changed.")).toBeVisible();
    expect(inputs("UpdateDatabaseUser")).toEqual([{ id: "du_reports", rights: "OWNER", connectionLimit: 7 }]);
  });
  it.each([["connectionLimit", "Connections at once"], ["statementTimeoutSeconds", /Statement timeout/]])("U12: says beside it what is wrong with %s", async (field, name) => {
    const { user, dialog } = await ask("Change reports", { UpdateDatabaseUser: { errors: [{ message: "Not like this.", extensions: { code: "INVALID", field } }] } });
    await user.click(dialog.getByRole("button", { name: "Save" }));
    const input = dialog.getByRole("textbox", { name });
    await waitFor(() => expect(input).toHaveAccessibleDescription(/Not like this\./));
    await waitFor(() => expect(input).toHaveFocus());
  });
});

it("U25: another password is shown once", async () => {
  const { user, dialog, inputs } = await ask("Give reports another password", { RotateDatabaseUserPassword: ordered("rotateDatabaseUserPassword", { credentials }) });
  expect(dialog.getByText(/The sessions of the old password end/)).toBeVisible();
  await user.click(dialog.getByRole("button", { name: "Rotate the password" }));
  expect(await screen.findByText("n3w-word")).toBeVisible();
  expect(inputs("RotateDatabaseUserPassword")).toEqual([{ id: "du_reports" }]);
  await user.click(screen.getByRole("button", { name: "I have saved it" }));
  await waitFor(() => expect(screen.queryByText("n3w-word")).not.toBeInTheDocument());
});

it("a user is deleted by the typed name alone, and it is said to whom goes what it owns", async () => {
  const { user, dialog, inputs } = await ask("Delete reports", { DeleteDatabaseUser: ordered("deleteDatabaseUser", { databaseUser: { id: "du_reports", state: "DELETING" } }) });
  expect(dialog.getByText("Its sessions end, and what it owns goes to c7_shop.")).toBeVisible();
  const go = dialog.getByRole("button", { name: "Delete the user" });
  await user.type(dialog.getByRole("textbox", { name: "Type reports to confirm" }), "report{Enter}");
  expect(go).toBeDisabled();
  expect(inputs("DeleteDatabaseUser")).toEqual([]);
  await user.type(dialog.getByRole("textbox", { name: "Type reports to confirm" }), "s");
  await user.click(go);
  await waitFor(() => expect(inputs("DeleteDatabaseUser")).toEqual([{ id: "du_reports" }]));
});

it.each(["Change reports", "Give reports another password", "Delete reports", "Add a user"])("the focus is back at “%s” when nothing was done", async (button) => {
  const { user, opener, dialog } = await ask(button);
  await user.click(dialog.getByRole("button", { name: "Cancel" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  await waitFor(() => expect(opener).toHaveFocus());
});

it.each([["Give reports another password", "Rotate the password"], ["Add a user", "Add a user"]])("“%s” is not for who acts as somebody else", async (button, submit) => {
  const { dialog } = await ask(button, {}, { viewer: impersonated });
  expect(dialog.getByText(/Passwords are shown to the user alone/)).toBeVisible();
  expect(dialog.getByRole("button", { name: submit })).toBeDisabled();
});

it("who may only read has no buttons that change", async () => {
  open({ PermissionsIn: { data: { viewer: { permissions: ["DATABASES_READ"] } } } });
  await screen.findByRole("cell", { name: "reports" });
  await waitFor(() => expect(screen.queryByRole("button", { name: /reports|Add a user/ })).not.toBeInTheDocument());
});

it.each([["users", "DatabaseUsers", () => databaseUser("reports")], ["dumps", "DatabaseDumps", () => dump("d1")]] as const)("U3: the page of %s stands in the address and is sent", async (tab, operation, row) => {
  const user = userEvent.setup();
  const { graph, router } = openDatabase({ tab, answers: { [operation]: { data: { database: { id: "db_1", [tab]: { ...pageOf(row()), pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: "c9" } } } } } } });
  await user.click(await screen.findByRole("button", { name: "Next page" }));
  await waitFor(() => expect(router.state.location.search).toMatchObject({ tab, after: "c9" }));
  await waitFor(() => expect(graph.sent.filter(({ operationName }) => operationName === operation).at(-1)?.variables).toMatchObject({ first: 25, after: "c9" }));
});
