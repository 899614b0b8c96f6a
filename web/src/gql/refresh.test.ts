import { Client, fetchExchange } from "@urql/core";
import { pipe, subscribe } from "wonka";
import { describe, expect, it } from "vitest";
import { cache } from "./cache";
import { refresh, refreshExchange } from "./refresh";

type Answer = object | "away";

/** A client whose panel gives these answers, the last one for ever, and what it has shown: data and codes. */
function showing(...answers: Answer[]) {
  const client = new Client({
    url: "http://panel/graphql", requestPolicy: "cache-and-network", preferGetMethod: false, exchanges: [refreshExchange, cache(), fetchExchange],
    fetch: async () => {
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
      if (answer === "away") throw new TypeError("no answer");
      return Response.json(answer);
    },
  });
  const seen: { data: unknown; code: unknown }[] = [];
  let told = () => {};
  const { unsubscribe } = pipe(
    client.query("query Things { things }", {}),
    subscribe(({ data, error, stale }) => {
      if (stale) return;
      seen.push({ data: (data as { things: string } | undefined)?.things, code: error && (error.graphQLErrors[0]?.extensions.code ?? "OFFLINE") });
      told();
    }),
  );
  const next = (count: number) => new Promise<void>((go) => {
    told = () => seen.length >= count && go();
    told();
  });
  return { client, seen, next, unsubscribe };
}

const refused = (code: string) => ({ data: null, errors: [{ message: "No.", extensions: { code } }] });

describe("what is read anew", () => {
  it.each<[string, Answer]>([["OFFLINE", "away"], ["UNAVAILABLE", refused("UNAVAILABLE")], ["RATE_LIMITED", refused("RATE_LIMITED")]])("U7: stays in sight without an answer: %s", async (code, answer) => {
    const { client, seen, next, unsubscribe } = showing({ data: { things: "old" } }, answer, { data: { things: "new" } });
    await next(1);
    refresh(client);
    await next(2);
    refresh(client);
    await next(3);
    expect(seen).toEqual([{ data: "old", code: undefined }, { data: "old", code }, { data: "new", code: undefined }]);
    unsubscribe();
  });

  it("goes when the panel says that it is not for the viewer any more", async () => {
    const { client, seen, next, unsubscribe } = showing({ data: { things: "old" } }, refused("FORBIDDEN"));
    await next(1);
    refresh(client);
    await next(2);
    expect(seen[1]).toEqual({ data: undefined, code: "FORBIDDEN" });
    unsubscribe();
  });

  it("never was there: then there is nothing to show", async () => {
    const { seen, next, unsubscribe } = showing("away");
    await next(1);
    expect(seen).toEqual([{ data: undefined, code: "OFFLINE" }]);
    unsubscribe();
  });
});
