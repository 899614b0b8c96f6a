import type { TypedDocumentNode } from "@urql/core";
import type { graphql as typed } from "./generated/gql";

/**
 * An operation with the types of its result and its variables. It is the text alone:
 * urql parses it once, and each page brings only the operations that it uses, while
 * the preset's own function would bring those of all pages.
 */
export const graphql = ((source: string) => source) as unknown as typeof typed;

/** The text of a document, as it is sent and as "Show GraphQL" shows it. */
export const textOf = <Result, Variables>(document: TypedDocumentNode<Result, Variables>): string => document as unknown as string;

/** The name of the operation in it. */
export const nameOf = (text: string): string => /\b(?:query|mutation|subscription)\s+(\w+)/.exec(text)?.[1] ?? "";
