import type { TypedDocumentNode } from "@urql/core";
import { send } from "./http";
import { sessions } from "./session";

/** Reads something past the cache, which would keep it for good: what is asked for with other times each time. Throws a Refusal. */
export async function readUncached<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data> {
  return send(document, variables, { accessToken: (await sessions.token()) ?? undefined });
}
