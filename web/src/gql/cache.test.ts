import { Client, fetchExchange } from "@urql/core";
import { pipe, subscribe } from "wonka";
import { describe, expect, it } from "vitest";
import { cache } from "./cache";

const answers: Record<string, object> = {
  Me: { viewer: { __typename: "Viewer", user: { __typename: "User", id: "u1", name: "Ada", email: "ada@example.com" } } },
  Tasks: { jobs: { __typename: "JobConnection", nodes: [{ __typename: "Job", id: "j1", kind: "database.create" }] } },
  // Of each kind what stands in the fragment on it, and of no other.
  Told: { events: [
    { __typename: "AuditEvent", id: "e1", object: { __typename: "User", id: "u1", name: "Ada" } },
    { __typename: "AuditEvent", id: "e2", object: { __typename: "Session", id: "s1" } },
    { __typename: "AuditEvent", id: "e3", object: { __typename: "Job", id: "j1", kind: "database.create" } },
    { __typename: "AuditEvent", id: "e4", object: null },
  ] },
};

const told = "query Told { events { id object { __typename id ... on Invitation { email } ... on User { name } ... on Other { kind } ... on Job { kind } } } }";

describe("what is kept of objects", () => {
  it.each([[["Me", "Tasks", "Told"]], [["Told", "Me", "Tasks"]], [["Me", "Told", "Tasks", "Told"]]])("a fragment is of its own kind alone: %s", async (order) => {
    const client = new Client({
      url: "http://panel/graphql", preferGetMethod: false, requestPolicy: "cache-and-network", exchanges: [cache(), fetchExchange],
      fetch: async (_, init) => Response.json({ data: answers[(JSON.parse(String(init!.body)) as { operationName: string }).operationName] }),
    });
    const documents: Record<string, string> = { Me: "query Me { viewer { user { id name email } } }", Tasks: "query Tasks { jobs { nodes { id kind } } }", Told: told };
    const shown: Record<string, unknown> = {};
    const ends: (() => void)[] = [];
    for (const name of order) {
      await new Promise<void>((go) => {
        ends.push(pipe(client.query(documents[name]!, {}), subscribe(({ data, stale }) => {
          shown[name] = data;
          if (!stale) go();
        })).unsubscribe);
      });
    }
    await new Promise((go) => setTimeout(go, 0)); // what a later answer has changed in an earlier one
    const plain = (value: unknown) => JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === "__typename" ? undefined : inner))) as unknown;
    expect(plain(shown)).toEqual(plain(Object.fromEntries(order.map((name) => [name, answers[name]]))));
    for (const end of ends) end();
  });
});
