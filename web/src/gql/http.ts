import type { TypedDocumentNode } from "@urql/core";
import { nameOf, textOf } from "./document";
import { type AnswerError, Refusal } from "./problem";

/** The only address of the graph, for HTTP; sockets are at the same one. */
export const endpoint = "/graphql";

interface Answer<Data> {
  data?: Data | null;
  errors?: AnswerError[];
}

/**
 * Sends one operation by itself, without cache: what concerns the session, and the
 * pages of people who have none. Throws a Refusal.
 */
export async function send<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  more: { accessToken?: string; keepalive?: boolean } = {},
): Promise<Data> {
  const query = textOf(document);
  const headers: Record<string, string> = { "Content-Type": "application/json", Accept: "application/json" };
  if (more.accessToken) headers.Authorization = `Bearer ${more.accessToken}`;
  let answer: Answer<Data>;
  try {
    const response = await fetch(endpoint, {
      method: "POST",
      headers,
      body: JSON.stringify({ query, operationName: nameOf(query), variables }),
      credentials: "same-origin",
      keepalive: more.keepalive,
    });
    answer = (await response.json()) as Answer<Data>;
  } catch {
    throw new Refusal(null);
  }
  if (answer.errors?.length || !answer.data) throw new Refusal(answer.errors ?? null);
  return answer.data;
}
