import { act, renderHook, waitFor } from "@testing-library/react";
import type { TypedDocumentNode } from "@urql/core";
import { type ReactNode } from "react";
import { Client, fetchExchange, Provider, useQuery } from "urql";
import { describe, expect, it, vi } from "vitest";
import { type Answer, graphOf } from "@/testing/render";
import { allPages } from "./all-pages";
import { problemsOf } from "./problem";
import { refresh, refreshExchange } from "./refresh";
import { sessions } from "./session";
import { useMutate } from "./use-mutate";

const RENAME = "mutation Rename($name: String) { rename(name: $name) { ok } }" as unknown as TypedDocumentNode<{ rename: { ok: boolean } }, { name: string }>;
const NAME = "query Name { name }" as unknown as TypedDocumentNode<{ name: string }, object>;
const ok: Answer = { data: { rename: { ok: true } } };
const refused = (code: string, more: object = {}): Answer => ({ errors: [{ message: "No.", extensions: { code, ...more } }] });

function setUp(answers: Parameters<typeof graphOf>[0], confirm = vi.fn(async () => false), idempotent = true) {
  const graph = graphOf(answers);
  const client = new Client({ url: "http://panel.test/graphql", exchanges: [refreshExchange, fetchExchange], fetch: graph.fetch, preferGetMethod: false });
  const wrapper = ({ children }: { children: ReactNode }) => <Provider value={client}>{children}</Provider>;
  const hook = renderHook(() => useMutate(RENAME, confirm, idempotent), { wrapper });
  const run = async (name = "x") => {
    const outcome = hook.result.current[0]({ name });
    return (await act(() => outcome))!;
  };
  return { graph, client, wrapper, hook, run, confirm, keys: () => graph.sent.map(({ headers }) => headers["idempotency-key"]) };
}

describe("a mutation", () => {
  it("gives its data, and reads anew what is shown", async () => {
    const { graph, wrapper, run } = setUp({ Rename: ok, Name: [{ data: { name: "old" } }, { data: { name: "new" } }] });
    const shown = renderHook(() => useQuery({ query: NAME })[0].data?.name, { wrapper });
    await waitFor(() => expect(shown.result.current).toBe("old"));
    expect(await run()).toEqual({ data: { rename: { ok: true } } });
    await waitFor(() => expect(shown.result.current).toBe("new"));
    shown.unmount();
    await run();
    expect(graph.sent.filter(({ operationName }) => operationName === "Name")).toHaveLength(2); // nothing is read that nobody sees
  });
  it("U12: is sent once while it is under way, and says that it is", async () => {
    let answer = (_: Answer) => {};
    const { graph, hook } = setUp({ Rename: () => new Promise<Answer>((go) => (answer = go)) });
    let both: Promise<unknown[]> = Promise.resolve([]);
    act(() => void (both = Promise.all([hook.result.current[0]({ name: "x" }), hook.result.current[0]({ name: "x" })])));
    expect(hook.result.current[1]).toBe(true);
    await waitFor(() => expect(graph.sent).toHaveLength(1));
    answer(ok);
    const [first, second] = (await act(() => both)) as unknown[];
    expect(first).toBe(second);
    expect(hook.result.current[1]).toBe(false);
    expect(graph.sent).toHaveLength(1);
  });
  it.each([["by the panel", () => sessions.distrust("acting")], ["by whoever acts", () => sessions.actAsSelf()]])("U21: during which an impersonation ends %s is no problem of its own: that it has ended is told, once", async (_, end) => {
    const lapsed = vi.fn();
    const unsubscribe = sessions.lapsed.subscribe(lapsed);
    sessions.actAs({ accessToken: "acting", expiresAt: Date.now() + 900_000 });
    vi.stubGlobal("fetch", async () => Response.json({ data: { endImpersonation: { impersonation: { endedAt: null } } } }));
    const { run, confirm } = setUp({ Rename: async () => (await end(), refused("UNAUTHENTICATED")) });
    expect(await run()).toEqual({ problems: [] });
    expect(lapsed).toHaveBeenCalledOnce();
    expect(confirm).not.toHaveBeenCalled();
    unsubscribe();
    vi.unstubAllGlobals();
  });
  it("U12: that had no answer is sent again with the same key, and with another when something else is wished", async () => {
    const { run, keys } = setUp({}); // nothing answers
    expect((await run()).problems?.[0]?.code).toBe("OFFLINE");
    await run();
    await run("y");
    const [first, second, third] = keys();
    expect(first).toMatch(/^[0-9a-f]{36}$/);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });
  it("that was refused is another one the next time", async () => {
    const { run, keys } = setUp({ Rename: refused("CONFLICT") });
    expect((await run()).problems).toMatchObject([{ code: "CONFLICT", message: "No." }]);
    await run();
    expect(keys()[0]).not.toBe(keys()[1]);
  });
  it("of codes takes no key", async () => {
    const { run, keys } = setUp({ Rename: ok }, undefined, false);
    await run();
    expect(keys()).toEqual([undefined]);
  });
  it.each(["STEP_UP_REQUIRED", "UNAUTHENTICATED"])("U10: goes on with the same key once it is known who is there: %s", async (code) => {
    const { run, keys, confirm } = setUp({ Rename: [refused(code), ok] }, vi.fn(async () => true));
    expect((await run()).data?.rename.ok).toBe(true);
    expect(confirm).toHaveBeenCalledOnce();
    expect(keys()[0]).toBe(keys()[1]);
  });
  it.each([[refused("STEP_UP_REQUIRED"), 1], [refused("UNAUTHENTICATED", { field: "password" }), 0], [refused("FORBIDDEN"), 0]])("is not sent again where nobody says so: %#", async (answer, asked) => {
    const { run, graph, confirm } = setUp({ Rename: answer });
    expect((await run()).problems).toHaveLength(1);
    expect(confirm).toHaveBeenCalledTimes(asked);
    expect(graph.sent).toHaveLength(1);
  });
  it("with an answer that says nothing is no success", async () => {
    const { run } = setUp({ Rename: { data: null } as never });
    expect((await run()).problems?.[0]?.code).toMatch(/INTERNAL|OFFLINE/);
  });
});

it("reads nothing anew for a client that it does not know", () => {
  const client = new Client({ url: "http://panel.test/graphql", exchanges: [fetchExchange] });
  expect(() => refresh(client)).not.toThrow();
});

describe("all rows of a list", () => {
  const ROWS = "query Rows($first: Int, $after: String) { rows(first: $first, after: $after) { nodes } }" as unknown as TypedDocumentNode<{ rows: { nodes: number[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } }, object>;
  const part = (nodes: number[], endCursor: string | null) => ({ data: { rows: { nodes, pageInfo: { hasNextPage: endCursor !== null, endCursor } } } });
  const read = (answers: Answer[], limit: number) => {
    const { client, graph } = setUp({ Rows: answers });
    return { graph, rows: allPages(client, ROWS, { before: "x", last: 5, filter: 1 }, (data) => data.rows, limit) };
  };
  it("are read page by page, whatever page is shown", async () => {
    const { rows, graph } = read([part([1, 2], "a"), part([3], null)], 10);
    expect(await rows).toEqual({ rows: [1, 2, 3], more: false });
    expect(graph.sent.map(({ variables }) => variables)).toEqual([{ filter: 1, first: 100 }, { filter: 1, first: 100, after: "a" }].map((v) => expect.objectContaining(v)));
    expect(graph.sent[0]?.variables.before).toBeUndefined();
  });
  it("are at most so many", async () => {
    const { rows, graph } = read([part([1, 2], "a"), part([3, 4], "b")], 3);
    expect(await rows).toEqual({ rows: [1, 2, 3], more: true });
    expect(graph.sent).toHaveLength(2);
  });
  it.each([["b", true], [null, false]])("are all that there are only where no other page follows: %s", async (next, more) => {
    expect(await read([part([1, 2], "a"), part([3, 4], next)], 4).rows).toEqual({ rows: [1, 2, 3, 4], more });
  });
  it("are none where one page cannot be read", async () => {
    const { rows } = read([part([1], "a"), refused("INTERNAL")], 10);
    await expect(rows.catch((error) => problemsOf(error)[0])).resolves.toMatchObject({ code: "INTERNAL" });
  });
  it("are none where the panel says nothing", async () => {
    await expect(read([{ data: null } as never], 10).rows).rejects.toThrow();
  });
});
