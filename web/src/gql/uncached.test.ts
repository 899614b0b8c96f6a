import { afterEach, expect, it, vi } from "vitest";
import { graphOf } from "@/testing/render";
import { graphql } from "./document";
import { sessions } from "./session";
import { readUncached } from "./uncached";

afterEach(() => vi.unstubAllGlobals());

const NAMES = graphql("query Names { names }" as never) as Parameters<typeof readUncached<{ names: string[] }, object>>[0];

it("asks as who is signed in, each time anew", async () => {
  const graph = graphOf({
    RefreshSession: { data: { refreshSession: { accessToken: "one", expiresAt: new Date(Date.now() + 900_000).toISOString(), viewer: { user: { id: "u1" } } } } },
    Names: [{ data: { names: ["a"] } }, { data: { names: ["b"] } }, { errors: [{ message: "Away.", extensions: { code: "UNAVAILABLE" } }] }],
  });
  vi.stubGlobal("fetch", graph.fetch);
  await sessions.renew();
  expect(await readUncached(NAMES, {})).toEqual({ names: ["a"] });
  expect(await readUncached(NAMES, {})).toEqual({ names: ["b"] });
  expect(graph.sent.filter(({ operationName }) => operationName === "Names").map(({ headers }) => headers.authorization)).toEqual(["Bearer one", "Bearer one"]);
  await expect(readUncached(NAMES, {})).rejects.toThrow();
});
