import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TypedDocumentNode } from "@urql/core";
import { newClient } from "./client";
import { sessions } from "./session";

const NAME = "query Name { viewer { user { id name } } }" as unknown as TypedDocumentNode<{ viewer: { user: { name: string } } }, object>;
const RENAME = "mutation Rename($name: String) { rename(name: $name) { ok } }" as unknown as TypedDocumentNode<{ rename: { ok: boolean } }, { name: string }>;
const name = { data: { viewer: { __typename: "Viewer", user: { __typename: "User", id: "u1", name: "Ada" } } } };
const renamed = { data: { rename: { __typename: "Ok", id: "1", ok: true } } };
const refused = (code: string) => ({ errors: [{ message: "No.", extensions: { code } }] });

/** A panel that answers one thing after the other, "away" by not answering, and keeps who asked. */
function panel(...answers: (object | "away")[]) {
  const asked: { token: string | null; key: string | null }[] = [];
  vi.stubGlobal("fetch", async (_: unknown, init: RequestInit) => {
    const headers = new Headers(init.headers);
    asked.push({ token: headers.get("Authorization"), key: headers.get("Idempotency-Key") });
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    if (answer === "away") throw new TypeError("no network");
    return Response.json(answer);
  });
  return asked;
}
const offline = vi.fn<(is: boolean) => void>();
const read = (client = newClient(offline)) => client.query(NAME, {}, { requestPolicy: "network-only" }).toPromise();
const keyed = { fetchOptions: { headers: { "Idempotency-Key": "k1" } } };

const theirs = { accessToken: "theirs", expiresAt: Date.now() + 900_000 };

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 50 });
  offline.mockReset();
  sessions.begin({ accessToken: "one", expiresAt: Date.now() + 900_000, userId: "u1" });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the client", () => {
  it("sends the session's token", async () => {
    const asked = panel(name);
    expect((await read()).data?.viewer.user.name).toBe("Ada");
    expect(asked).toEqual([{ token: "Bearer one", key: null }]);
    expect(offline).toHaveBeenLastCalledWith(false);
  });

  it("renews a token that the panel does not take, and sends the same again with the new one", async () => {
    const asked = panel(refused("UNAUTHENTICATED"), name);
    vi.spyOn(sessions, "token").mockImplementation(async () => (sessions.begin({ accessToken: "two", expiresAt: Date.now() + 900_000, userId: "u1" }), "two"));
    expect((await read()).data?.viewer.user.name).toBe("Ada");
    expect(asked.map(({ token }) => token)).toEqual(["Bearer one", "Bearer two"]);
  });

  it("renews before it sends what is about to end", async () => {
    const asked = panel(name);
    sessions.begin({ accessToken: "old", expiresAt: Date.now() + 5_000, userId: "u1" });
    vi.spyOn(sessions, "token").mockImplementation(async () => (sessions.begin({ accessToken: "new", expiresAt: Date.now() + 900_000, userId: "u1" }), "new"));
    await read();
    expect(asked.map(({ token }) => token)).toEqual(["Bearer new"]);
  });

  it("U21: never sends as the staff member what was sent while acting as a user", async () => {
    const asked = panel(refused("UNAUTHENTICATED"), renamed);
    const lapsed = vi.fn();
    sessions.lapsed.subscribe(lapsed);
    sessions.actAs(theirs);
    const client = newClient(offline);
    expect((await client.mutation(RENAME, { name: "x" }, keyed).toPromise()).error?.graphQLErrors[0]?.extensions.code).toBe("UNAUTHENTICATED");
    expect(asked).toEqual([{ token: "Bearer theirs", key: "k1" }]);
    expect(sessions.acting.get()).toBe(false);
    expect(lapsed).toHaveBeenCalledOnce();
    await client.mutation(RENAME, { name: "y" }).toPromise(); // by a page of before
    expect(asked.map(({ token }) => token)).toEqual(["Bearer theirs", null]);
  });

  it("U21: never sends as a user what the staff member sent", async () => {
    const asked = panel(refused("UNAUTHENTICATED"), renamed);
    const answered = fetch;
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => (sessions.actAs(theirs), answered(url, init)));
    expect((await newClient(offline).mutation(RENAME, { name: "x" }).toPromise()).error?.graphQLErrors[0]?.extensions.code).toBe("UNAUTHENTICATED");
    expect(asked.map(({ token }) => token)).toEqual(["Bearer one"]);
    sessions.distrust("theirs");
  });

  it("does not take any other refusal for the end of the session", async () => {
    const asked = panel(refused("FORBIDDEN"));
    expect((await read()).error?.graphQLErrors[0]?.extensions.code).toBe("FORBIDDEN");
    expect(asked).toHaveLength(1);
  });

  it("tells that the panel is away, and that it is back", async () => {
    panel("away", "away", "away", name);
    const client = newClient(offline);
    expect((await read(client)).error?.networkError).toBeDefined();
    expect(offline).toHaveBeenLastCalledWith(true);
    await read(client);
    expect(offline).toHaveBeenLastCalledWith(false);
  });

  it("U7: asks again by itself where no answer came", async () => {
    const asked = panel("away", "away", name);
    expect((await read()).data?.viewer.user.name).toBe("Ada");
    expect(asked).toHaveLength(3);
  });

  it("U12: sends a mutation again by its key alone, and the same one", async () => {
    const asked = panel("away", renamed);
    expect((await newClient(offline).mutation(RENAME, { name: "x" }, keyed).toPromise()).data?.rename.ok).toBe(true);
    expect(asked.map(({ key }) => key)).toEqual(["k1", "k1"]);
  });

  it.each([[undefined], [{ fetchOptions: () => ({}) }]])("U12: never sends a mutation without a key again", async (context) => {
    const asked = panel("away", renamed);
    expect((await newClient(offline).mutation(RENAME, { name: "x" }, context).toPromise()).error?.networkError).toBeDefined();
    expect(asked).toHaveLength(1);
  });
});
