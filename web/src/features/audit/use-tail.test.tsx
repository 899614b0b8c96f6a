import { act, renderHook } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { Listener } from "@/gql/socket";
import { type Entry, filterOf } from "./operations";
import { merged, useTail } from "./use-tail";

let stream: Listener<unknown> | undefined;
vi.mock("@/gql/socket", () => ({
  listen: (_: unknown, __: unknown, listener: Listener<unknown>) => {
    stream = listener;
    return () => (stream = undefined);
  },
}));

const entry = (n: number): Entry => ({ id: `e${n}`, at: new Date(n * 1000).toISOString(), action: "user.disable", allowed: true, times: 1, ip: null, objectId: null, actor: null, impersonator: null, customer: null, object: null });
const came = (n: number) => act(() => stream!.next({ auditFeed: { position: `p${n}`, event: entry(n) } }));

it("U40: the list is read anew at the stream's place, after a gap, and before so much came that something would be dropped", () => {
  const read = vi.fn();
  const { result, unmount } = renderHook(() => useTail(true, filterOf({}), read));
  act(() => stream!.next({ auditFeed: { position: "p" } }));
  expect(read).toHaveBeenCalledTimes(1);
  for (let n = 0; n < 500; n++) came(n);
  expect(result.current).toHaveLength(500);
  expect(read).toHaveBeenCalledTimes(1);
  came(500);
  expect(result.current).toHaveLength(0);
  expect(read).toHaveBeenCalledTimes(2);
  came(501);
  expect(result.current.map(({ id }) => id)).toEqual(["e501"]);
  unmount();
  expect(stream).toBeUndefined();
});

it("U40: what came live and what was read are one list, each entry once, the newest first", () => {
  expect(merged([entry(5), entry(3), entry(2)], [entry(4), entry(3), entry(1)]).map(({ id }) => id)).toEqual(["e5", "e4", "e3", "e2", "e1"]);
});
