import { Client, type Exchange, stringifyDocument } from "@urql/core";
import { filter, map, pipe } from "wonka";
import { expect, it } from "vitest";
import { cache } from "./cache";

/** A client with the cache, behind which each query is answered by the field that it asks for. */
function clientOf(answers: Record<string, object>): Client {
  const field = (text: string) => Object.entries(answers).find(([name]) => text.includes(name))?.[1];
  const net: Exchange = () => (operations) =>
    pipe(operations, filter(({ kind }) => kind === "query"), map((operation) => ({ operation, data: { __typename: "Query", ...field(stringifyDocument(operation.query)) }, stale: false, hasNext: false })));
  return new Client({ url: "http://panel.test/graphql", exchanges: [cache(), net], preferGetMethod: false });
}

it("what is known of some customers does not hide lists with fragments of other types", async () => {
  const known = { customers: { __typename: "CustomerConnection", nodes: [{ __typename: "Customer", id: "c1", name: "One", email: "one@example.com" }] } };
  const events = {
    auditEvents: {
      __typename: "AuditEventConnection",
      nodes: [
        { __typename: "AuditEvent", id: "e1", object: { __typename: "Customer", id: "c1", name: "One" } },
        { __typename: "AuditEvent", id: "e2", object: { __typename: "Customer", id: "c2", name: "Two" } },
      ],
    },
  };
  const client = clientOf({ customers: known, auditEvents: events });
  await client.query("{ customers { nodes { id name email } } }", {}).toPromise();
  const { data } = await client.query("{ auditEvents { nodes { id object { __typename id ... on Customer { name } ... on Invitation { email } } } } }", {}).toPromise();
  expect(data?.auditEvents.nodes.map((e: { object: { name: string } }) => e.object.name)).toEqual(["One", "Two"]);
});
