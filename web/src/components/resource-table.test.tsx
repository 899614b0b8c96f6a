import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import * as csv from "@/lib/csv";
import { show } from "@/testing/render";
import { type Column, ResourceTable } from "./resource-table";
import { told } from "./toasts";
import { ReadingContext } from "./use-reading";

interface Row {
  id: string;
  name: string;
  size: number;
}

const columns: Column<Row>[] = [
  { key: "name", title: "Name", sort: "NAME", render: (r) => r.name, text: (r) => r.name },
  { key: "size", title: "Size", sort: "SIZE", render: (r) => r.size, text: (r) => r.size, align: "right" },
  { key: "id", title: "Id", render: (r) => r.id, text: (r) => r.id, optional: true },
];
const rows: Row[] = [{ id: "1", name: "shop", size: 5 }, { id: "2", name: "=HYPERLINK(\"x\")", size: 7 }];
const page = (more: Partial<{ hasNextPage: boolean; hasPreviousPage: boolean }> = {}, totalCount: number | undefined = 1234) => ({
  nodes: rows, totalCount, pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: "s", endCursor: "e", ...more },
});

describe("ResourceTable", () => {
  it("shows rows, their number, and the columns that are not optional", async () => {
    show(<ResourceTable name="t1" label="Things" columns={columns} page={page()} search={{}} onSearch={() => {}} />);
    expect(await screen.findByText("shop")).toBeVisible();
    expect(screen.getByText("1,234 rows")).toBeVisible();
    expect(screen.getByRole("region", { name: "Things" })).toBeVisible();
    expect(screen.queryByRole("columnheader", { name: "Id" })).toBeNull();
  });

  it("U3: order and page are the address's", async () => {
    const onSearch = vi.fn();
    show(<ResourceTable name="t2" label="Things" columns={columns} page={page({ hasNextPage: true, hasPreviousPage: true })} search={{ sort: "NAME" }} onSearch={onSearch} />);
    await userEvent.click(await screen.findByRole("button", { name: "Next page" }));
    expect(onSearch).toHaveBeenLastCalledWith({ after: "e", before: undefined });
    await userEvent.click(screen.getByRole("button", { name: "Previous page" }));
    expect(onSearch).toHaveBeenLastCalledWith({ before: "s", after: undefined });
    await userEvent.click(screen.getByRole("button", { name: /Size/ }));
    expect(onSearch).toHaveBeenLastCalledWith({ sort: "SIZE", desc: undefined, after: undefined, before: undefined });
  });

  it("U9: columns are chosen for good", async () => {
    const table = <ResourceTable name="t3" label="Things" columns={columns} page={page()} search={{}} onSearch={() => {}} />;
    const { unmount } = show(table);
    await userEvent.click(await screen.findByRole("button", { name: "Choose columns" }));
    const menu = await screen.findByRole("menu");
    await userEvent.click(within(menu).getByRole("menuitemcheckbox", { name: "Id" }));
    expect(await screen.findByRole("columnheader", { name: "Id" })).toBeVisible();
    unmount();
    show(table);
    expect(await screen.findByRole("columnheader", { name: "Id" })).toBeVisible();
  });

  it("U9: exports all rows, and no formula", async () => {
    let text = "";
    const read = (blob: Blob) => {
      const reader = new FileReader();
      reader.onload = () => (text = String(reader.result));
      reader.readAsText(blob);
    };
    vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: (blob: Blob) => (read(blob), "blob:x"), revokeObjectURL: () => {} }));
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
    show(<ResourceTable name="t4" label="Things" columns={columns} page={page()} search={{}} onSearch={() => {}} exportRows={async () => ({ rows: [...rows, { id: "3", name: "last", size: 1 }], more: false })} />);
    await userEvent.click(await screen.findByRole("button", { name: "Export as CSV" }));
    await waitFor(() => expect(text).toContain('"last","1","3"'));
    expect(text).toContain(`"'=HYPERLINK(""x"")","7","2"`);
  });

  it.each([[12_345, "The first 2 of 12,345 rows were exported."], [0, "The first 2 rows were exported; there are more."]])("U9: says that an export has not all %i rows", async (totalCount, said) => {
    vi.spyOn(csv, "save").mockImplementation(() => {});
    show(<ResourceTable name="t6" label="Things" columns={columns} page={page({}, totalCount)} search={{}} onSearch={() => {}} exportRows={async () => ({ rows, more: true })} />);
    await userEvent.click(await screen.findByRole("button", { name: "Export as CSV" }));
    expect(await screen.findByText(said)).toBeVisible();
    expect(told.get()[0]).toMatchObject({ what: said }); // U6: it goes from the screen, and not from the drawer
  });

  it("says why an export failed", async () => {
    show(<ResourceTable name="t5" label="Things" columns={columns} page={page()} search={{}} onSearch={() => {}} exportRows={() => Promise.reject(new Error("no room"))} />);
    await userEvent.click(await screen.findByRole("button", { name: "Export as CSV" }));
    expect(await screen.findByText("That did not work")).toBeVisible();
    expect(screen.getByText(/mistake of the panel/)).toBeVisible();
  });

  it("U3: a head asks for its order, then for the other way round, and says which it is", async () => {
    const onSearch = vi.fn();
    const table = (search: object) => <ResourceTable name="t7" label="Things" columns={columns} page={page()} search={search} onSearch={onSearch} />;
    const { unmount } = show(table({ sort: "NAME" }));
    expect(await screen.findByRole("columnheader", { name: "Name" })).toHaveAttribute("aria-sort", "ascending");
    expect(screen.getByRole("columnheader", { name: "Size" })).toHaveAttribute("aria-sort", "none");
    await userEvent.click(screen.getByRole("button", { name: "Name" }));
    expect(onSearch).toHaveBeenLastCalledWith({ sort: "NAME", desc: true, after: undefined, before: undefined });
    unmount();
    show(table({ sort: "NAME", desc: true }));
    expect(await screen.findByRole("columnheader", { name: "Name" })).toHaveAttribute("aria-sort", "descending");
    await userEvent.click(screen.getByRole("button", { name: "Name" }));
    expect(onSearch).toHaveBeenLastCalledWith({ sort: "NAME", desc: undefined, after: undefined, before: undefined });
  });

  it("draws a row anew only when it is another one, or the columns are", async () => {
    const render = vi.fn((row: Row) => row.name);
    const own: Column<Row>[] = [{ key: "name", title: "Name", render }];
    const Changing = () => {
      const [nodes, setNodes] = useState(rows);
      const [desc, setDesc] = useState(false);
      return (
        <>
          <button type="button" onClick={() => setNodes(([, ...others]) => [{ id: "1", name: "store", size: 5 }, ...others])}>rename</button>
          <button type="button" onClick={() => setDesc(true)}>turn</button>
          <ReadingContext value={desc ? "other" : undefined}>
            <ResourceTable name="t8" label="Things" columns={own} page={{ ...page(), nodes }} search={{ desc }} onSearch={() => {}} />
          </ReadingContext>
        </>
      );
    };
    show(<Changing />);
    await userEvent.click(await screen.findByRole("button", { name: "rename" }));
    expect(await screen.findByText("store")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "turn" }));
    await waitFor(() => expect(screen.getByRole("region", { name: "Things" })).toHaveAttribute("aria-busy", "true"));
    expect(render.mock.calls.map(([{ name }]) => name)).toEqual(["shop", rows[1]!.name, "store"]);
  });

  it("selects all rows of the page, and with the shift key all up to one", async () => {
    const user = userEvent.setup();
    const many = Array.from({ length: 5 }, (_, i): Row => ({ id: String(i), name: `db${i}`, size: i }));
    show(<ResourceTable name="t9" label="Things" columns={columns} page={{ ...page(), nodes: many }} search={{}} onSearch={() => {}} selection={(chosen) => <output>{chosen.map(({ id }) => id).sort().join()}</output>} />);
    const box = (name: string) => screen.getByRole("checkbox", { name });
    await user.click(await screen.findByRole("checkbox", { name: "Select db1" }));
    await user.keyboard("{Shift>}");
    await user.click(box("Select db3"));
    await user.keyboard("{/Shift}");
    expect(screen.getByText("1,2,3")).toBeVisible();
    expect(box("Select all")).toBePartiallyChecked();
    await user.click(box("Select db2"));
    expect(screen.getByText("1,3")).toBeVisible();
    await user.click(box("Select all"));
    expect(screen.getByText("0,1,2,3,4")).toBeVisible();
    expect(box("Select all")).toBeChecked();
    await user.click(box("Select all"));
    expect(screen.queryByText("selected")).toBeNull();
    expect(box("Select db1")).not.toBeChecked();
  });

  it("selects rows for what can be done with several", async () => {
    const action = vi.fn();
    show(
      <ResourceTable name="t6" label="Things" columns={columns} page={page()} search={{}} onSearch={() => {}}
        selection={(chosen, clear) => <button type="button" onClick={() => { action(chosen.map(({ id }) => id)); clear(); }}>Delete</button>} />,
    );
    await userEvent.click(await screen.findByRole("checkbox", { name: "Select shop" }));
    expect(screen.getByText("1 selected")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Delete" }));
    expect(action).toHaveBeenCalledWith(["1"]);
    expect(screen.queryByRole("button", { name: "Delete" })).toBeNull();
  });
});
