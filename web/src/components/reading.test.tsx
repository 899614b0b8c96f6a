import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { useClient, useQuery } from "urql";
import { describe, expect, it } from "vitest";
import { refresh } from "@/gql/refresh";
import type { ListSearch } from "@/lib/list-search";
import { type Answer, graphOf, show } from "@/testing/render";
import { EmptyState } from "./empty-state";
import { QueryView } from "./query-view";
import { type Column, type ListPage, ResourceTable } from "./resource-table";

interface Thing {
  id: string;
  name: string;
}
type Search = ListSearch & { state?: string };

const query = `query Things($state: DatabaseState, $after: Cursor, $order: DatabaseOrder) {
  databases(filter: { state: $state }, after: $after, order: $order) { nodes { id name } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
}`;
const columns: Column<Thing>[] = [{ key: "name", title: "Name", sort: "NAME", render: (r) => r.name, text: (r) => r.name }];
const answer = (...names: string[]): Answer => ({ data: { databases: { nodes: names.map((name) => ({ id: name, name })), totalCount: names.length, pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: "s", endCursor: "e" } } } });

function Things() {
  const client = useClient();
  const [search, setSearch] = useState<Search>({});
  const onSearch = (patch: Search) => setSearch({ ...search, ...patch });
  const [result, retry] = useQuery<{ databases: ListPage<Thing> }>({ query, variables: { state: search.state, after: search.after, order: search.sort && { field: search.sort } } });
  return (
    <>
      <button type="button" onClick={() => onSearch({ state: "FAILED", after: undefined })}>failed ones</button>
      <button type="button" onClick={() => refresh(client)}>refresh</button>
      <QueryView result={result} retry={retry} list={{ search, onSearch }} skeleton={<p>skeleton</p>}>
        {({ databases }) =>
          databases.nodes.length === 0 ? <EmptyState text={`none of ${search.state ?? "all"}`} /> : (
            <ResourceTable name="reading" label="Things" columns={columns} page={databases} search={search} onSearch={onSearch} selection={(rows) => <button type="button">Delete {rows.map(({ id }) => id).join()}</button>} />
          )}
      </QueryView>
    </>
  );
}

/** A list whose second answer is held back until it is given. */
async function open(first: Answer) {
  let give = (_: Answer) => {};
  const second = new Promise<Answer>((go) => { give = go; });
  const graph = graphOf({ Things: () => (graph.sent.length === 1 ? first : second) });
  show(<Things />, graph);
  const press = async (name: string) => userEvent.click(await screen.findByRole("button", { name }));
  await screen.findByRole("button", { name: "refresh" });
  return { graph, press, give: (last: Answer) => act(async () => give(last)) };
}
const table = () => screen.getByRole("region", { name: "Things" });
const busy = (is: boolean) => waitFor(() => expect(table()).toHaveAttribute("aria-busy", String(is)));
const box = (name: string) => screen.getByRole("checkbox", { name });
const select = async (name: string) => userEvent.click(await screen.findByRole("checkbox", { name: `Select ${name}` }));

describe("U2: while another list is read", () => {
  it.each(["failed ones", "Name", "Next page"])("the rows of the one before say so, and cannot be selected: %s", async (button) => {
    const { press, give, graph } = await open(answer("one", "two"));
    await screen.findByText("one");
    await busy(false);
    await press(button);
    expect(table()).toHaveAttribute("aria-busy", "true"); // at once: who waits until it is over must not come too early
    expect(screen.getByText("one")).toBeVisible();
    await waitFor(() => expect(box("Select one")).toBeDisabled());
    expect(box("Select all")).toBeDisabled();
    await give(answer("three"));
    expect(await screen.findByText("three")).toBeVisible();
    await busy(false);
    expect(screen.queryByText("one")).not.toBeInTheDocument();
    expect(box("Select three")).toBeEnabled();
    expect(graph.sent).toHaveLength(2);
  });

  it("its pages are not those of the one before", async () => {
    const { press, give, graph } = await open(answer("one"));
    await press("failed ones");
    await press("Next page");
    await give(answer("three"));
    await screen.findByText("three");
    expect(graph.sent.map(({ variables }) => variables)).toEqual([{}, { state: "FAILED" }]);
  });

  it("nothing says that there is none, which is not known yet", async () => {
    const { press, give } = await open(answer());
    expect(await screen.findByText("none of all")).toBeVisible();
    await press("failed ones");
    expect(screen.getByText("none of FAILED")).not.toBeVisible();
    expect(document.querySelector("[aria-busy=true]")).not.toBeNull();
    await give(answer());
    await waitFor(() => expect(screen.getByText("none of FAILED")).toBeVisible());
    expect(document.querySelector("[aria-busy=true]")).toBeNull();
  });
});

it("the same list is said to be read once more, and goes on as it is", async () => {
  const { press, give } = await open(answer("one", "two"));
  await select("one");
  await press("refresh");
  await busy(true);
  await select("two");
  expect(screen.getByRole("button", { name: "Delete one,two" })).toBeVisible();
  await give(answer("one", "two", "three"));
  await screen.findByText("three");
  await busy(false);
  expect(screen.getByRole("button", { name: "Delete one,two" })).toBeVisible();
});

describe("what is selected", () => {
  it("is so under its filter alone, from when another is chosen", async () => {
    const { press, give } = await open(answer("one", "two"));
    await select("one");
    await press("failed ones");
    expect(screen.queryByRole("button", { name: /Delete/ })).not.toBeInTheDocument();
    await waitFor(() => expect(box("Select one")).not.toBeChecked());
    await give(answer("one", "three"));
    await screen.findByText("three");
    expect(box("Select one")).not.toBeChecked();
    expect(screen.queryByRole("button", { name: /Delete/ })).not.toBeInTheDocument();
  });

  it.each(["Name", "Next page"])("is so over all pages and orders: %s", async (button) => {
    const { press, give } = await open(answer("one", "two"));
    await select("one");
    await press(button);
    await give(answer("three"));
    await screen.findByText("three");
    await busy(false);
    await select("three");
    expect(screen.getByRole("button", { name: "Delete one,three" })).toBeVisible();
  });
});
