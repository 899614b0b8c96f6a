import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import * as files from "@/lib/csv";
import { impersonated } from "@/testing/render";
import { dryRun, dump, openDatabase, pageOf } from "@/testing/database";

vi.mock("@/gql/socket", () => ({ listen: () => () => {} }));

const dumps = (...nodes: object[]) => ({ data: { database: { id: "db_1", dumps: pageOf(...nodes) } } });
const open = (more: object = {}, patch: object = {}, viewer?: Parameters<typeof openDatabase>[0]["viewer"]) => openDatabase({ tab: "dumps", answers: { DatabaseDumps: dumps(dump("d1"), dump("d2", { state: "PENDING", origin: "UPLOAD", format: null, sizeBytes: null, sha256: null })), ...more }, database: patch, viewer });
const row = async (n: number) => within((await screen.findAllByRole("row"))[n]!);
const cells = (of: Awaited<ReturnType<typeof row>>) => of.getAllByRole("cell").map(({ textContent }) => textContent);

it("lists dumps with where they come from, their kind and size, and when they go", async () => {
  open();
  expect(cells(await row(1))).toEqual([expect.stringMatching(/ago/), "Export", "Ready", "pg_dump custom", "1.5 KiB", expect.stringMatching(/in /), ""]);
  expect(cells(await row(2))).toEqual([expect.stringMatching(/ago/), "Upload", "Pending", "–", "–", expect.stringMatching(/in /), ""]);
});

it("only what is ready is fetched and loaded", async () => {
  open();
  for (const [n, can] of [[1, true], [2, false]] as const) {
    const of = await row(n);
    expect(of.getByRole("button", { name: "Download" })).toHaveProperty("disabled", !can);
    expect(of.getByRole("button", { name: "Load into the database" })).toHaveProperty("disabled", !can);
    expect(of.getByRole("button", { name: "Remove the dump" })).toBeEnabled();
  }
});

it("says why nothing is exported or loaded while the database is suspended", async () => {
  open({}, { state: "SUSPENDED" });
  expect(await screen.findByText("Only an active database can be exported or loaded.")).toBeVisible();
  expect(screen.getByRole("button", { name: "Export" })).toBeDisabled();
  expect(screen.getByRole("button", { name: "Upload a dump" })).toBeDisabled();
  expect((await row(1)).getByRole("button", { name: "Load into the database" })).toBeDisabled();
});

it("U9: exports the list itself", async () => {
  const user = userEvent.setup();
  const saved = vi.spyOn(files, "save").mockImplementation(() => {});
  open();
  await user.click(await screen.findByRole("button", { name: "Export as CSV" }));
  await waitFor(() => expect(saved).toHaveBeenCalledOnce());
  expect(String(saved.mock.calls[0]![2]).split("\r\n")[1]).toBe('"2026-11-01T10:00:00Z","EXPORT","READY","CUSTOM","1536","4096","abc","2099-01-01T00:00:00Z"');
});

describe("loading a dump", () => {
  const answer = { ImportDatabase: (sent: { variables: Record<string, unknown> }) => ({ data: { importDatabase: { preview: dryRun(sent) ? { steps: ["restore"], quotas: [] } : null, database: { id: "db_1" }, job: dryRun(sent) ? null : { id: "job_1" } } } }) };
  const ask = async (more: object = answer) => {
    const user = userEvent.setup();
    const { graph } = open(more);
    await user.click((await row(1)).getByRole("button", { name: "Load into the database" }));
    return { user, graph, dialog: within(await screen.findByRole("dialog", { name: "Load a dump into shop" })) };
  };
  const sent = (graph: { sent: { operationName: string; variables: Record<string, unknown> }[] }) => graph.sent.filter((s) => s.operationName === "ImportDatabase" && !dryRun(s)).map(({ variables }) => variables.input);

  it("says what would happen, and then is ordered and followed", async () => {
    const { user, graph, dialog } = await ask();
    expect(await dialog.findByText("restore")).toBeVisible();
    await user.click(dialog.getByRole("button", { name: "Load into the database" }));
    expect(await screen.findByText("The dump is being loaded.")).toBeVisible();
    expect(sent(graph)).toEqual([{ id: "db_1", dumpId: "d1", replace: false }]);
    expect(await dialog.findByText("database.job")).toBeVisible();
  });
  it("in the place of what is there needs the name, and says that there is no way back", async () => {
    const { user, graph, dialog } = await ask();
    await user.click(dialog.getByRole("checkbox", { name: "Replace what is there" }));
    expect(dialog.getByText(/Everything that the login of shop owns is dropped first/)).toBeVisible();
    const go = dialog.getByRole("button", { name: "Load into the database" });
    expect(go).toBeDisabled();
    await user.type(dialog.getByRole("textbox", { name: "Type shop to confirm" }), "sho");
    expect(go).toBeDisabled();
    await user.type(dialog.getByRole("textbox", { name: "Type shop to confirm" }), "p");
    await user.click(go);
    await waitFor(() => expect(sent(graph)).toEqual([{ id: "db_1", dumpId: "d1", replace: true }]));
  });
  it("U12: says beside it what is wrong with the dump", async () => {
    const { user, dialog } = await ask({ ImportDatabase: { errors: [{ message: "The dump was removed.", extensions: { code: "INVALID", field: "dumpId" } }] } });
    await user.click(dialog.getByRole("button", { name: "Load into the database" }));
    expect((await dialog.findAllByText("The dump was removed.")).length).toBeGreaterThan(0);
  });
});

describe("a dump is removed", () => {
  it("after a question, and gone", async () => {
    const user = userEvent.setup();
    const { graph } = open({ DatabaseDumps: [dumps(dump("d1")), dumps()], DeleteDatabaseDump: { data: { deleteDatabaseDump: { dump: { id: "d1" } } } } });
    await user.click((await row(1)).getByRole("button", { name: "Remove the dump" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Remove the dump" }));
    expect(dialog.getByText("The dump and its file are removed for good.")).toBeVisible();
    await user.click(dialog.getByRole("button", { name: "Remove the dump" }));
    expect(await screen.findByText("The dump is removed.")).toBeVisible();
    expect(await screen.findByText(/There is no dump of this database/)).toBeVisible();
    expect(graph.sent.find(({ operationName }) => operationName === "DeleteDatabaseDump")?.variables.input).toEqual({ id: "d1" });
  });
  it("or not, and the focus is back where it was", async () => {
    const user = userEvent.setup();
    const { graph } = open();
    const opener = (await row(1)).getByRole("button", { name: "Remove the dump" });
    await user.click(opener);
    await user.click(within(await screen.findByRole("dialog", { name: "Remove the dump" })).getByRole("button", { name: "Cancel" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    await waitFor(() => expect(opener).toHaveFocus());
    expect(graph.sent.some(({ operationName }) => operationName === "DeleteDatabaseDump")).toBe(false);
  });
});

describe("U26: a dump is fetched", () => {
  const fetchIt = async (more: object, viewer?: Parameters<typeof openDatabase>[0]["viewer"]) => {
    const user = userEvent.setup();
    open(more, {}, viewer);
    await user.click((await row(1)).getByRole("button", { name: "Download" }));
    return { user, dialog: within(await screen.findByRole("dialog", { name: "Download" })) };
  };
  it.each([[null, "Works once."], ["2026-11-26T10:15:00Z", /Works once, until/]])("by a link that works once, with its end %s", async (expiresAt, said) => {
    const { user, dialog } = await fetchIt({ CreateDatabaseDumpUrl: { data: { createDatabaseDumpUrl: { url: "https://panel.test/dumps/once", expiresAt } } } });
    await user.click(dialog.getByRole("button", { name: "Make a download link" }));
    expect(await dialog.findByRole("link", { name: "Download the dump" })).toHaveAttribute("href", "https://panel.test/dumps/once");
    expect(dialog.getByText(said)).toBeVisible();
  });
  it("not by who acts as somebody else, and says so", async () => {
    const { dialog } = await fetchIt({}, impersonated);
    expect(dialog.getByText("Links to data are for the user alone. End acting as the user first.")).toBeVisible();
    expect(dialog.queryByRole("button", { name: "Make a download link" })).not.toBeInTheDocument();
  });
});

it("U26: exporting is ordered in a dialog and followed there", async () => {
  const user = userEvent.setup();
  const { graph } = open({ ExportDatabase: { data: { exportDatabase: { preview: null, dump: { id: "dump_1", state: "PENDING" }, job: { id: "job_1" } } } } });
  await user.click(await screen.findByRole("button", { name: "Export" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Export shop" }));
  await user.click(dialog.getByRole("button", { name: "Export" }));
  expect(await dialog.findByRole("button", { name: "Make a download link" })).toBeVisible();
  await user.click(dialog.getAllByRole("button", { name: "Close" }).at(-1)!);
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(graph.sent.filter((s) => s.operationName === "ExportDatabase" && !dryRun(s))).toHaveLength(1);
});

it("who may only read has nothing to do there", async () => {
  open({ PermissionsIn: { data: { viewer: { permissions: ["DATABASES_READ"] } } } });
  await row(1);
  await waitFor(() => expect(screen.queryByRole("button", { name: "Export" })).not.toBeInTheDocument());
  expect(screen.queryByRole("button", { name: "Remove the dump" })).not.toBeInTheDocument();
});
