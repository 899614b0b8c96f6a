import { afterEach, expect, it, vi } from "vitest";
import type { TypedDocumentNode } from "@urql/core";
import { sent, texts } from "../../documents.ts";
import { newClient } from "./client";
import { send } from "./http";
import { sessions } from "./session";

afterEach(() => vi.unstubAllGlobals());

it("each operation is sent as the panel's list has it, through the cache and past it", async () => {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (_: unknown, init: RequestInit) => {
    asked.push((JSON.parse(String(init.body)) as { query: string }).query);
    return Response.json({ errors: [{ message: "No.", extensions: { code: "FORBIDDEN" } }] });
  });
  sessions.begin({ accessToken: "one", expiresAt: Date.now() + 900_000, userId: "u1" });
  const client = newClient(() => {});
  const operations = texts().filter((text) => !text.trim().startsWith("subscription")); // which are sent as they are
  expect(operations.length).toBeGreaterThan(100);
  for (const text of operations) {
    const document = text as unknown as TypedDocumentNode<object, object>;
    const [past, through] = sent(text);
    asked.length = 0;
    await (text.trim().startsWith("query") ? client.query(document, {}) : client.mutation(document, {})).toPromise();
    await send(document, {}).catch(() => {});
    expect(asked).toEqual([through, past]);
  }
});
