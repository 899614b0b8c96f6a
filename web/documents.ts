import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequest, formatDocument, stringifyDocument } from "@urql/core";
import type { Plugin } from "vite";

/** The texts of all operations in src/, as codegen found them; what is in no line there does not compile. */
export function texts(): string[] {
  const source = readFileSync(`${import.meta.dirname}/src/gql/generated/gql.ts`, "utf8");
  return [...source.matchAll(/^ +(".*"): typeof types\.\w+,$/gm)].map(([, text]) => JSON.parse(text!) as string);
}

/** What goes over the wire of one: the text as it is past the cache, and with __typename through it. */
export const sent = (text: string): string[] => [text, stringifyDocument(formatDocument(createRequest(text, {}).query))];

/** Writes documents.json, all that the pages send by its SHA-256: the panel executes it where it executes no other documents. */
export const documents = (): Plugin => ({
  name: "documents",
  generateBundle() {
    const list = texts().flatMap(sent).map((text) => [createHash("sha256").update(text).digest("hex"), text]);
    this.emitFile({ type: "asset", fileName: "documents.json", source: JSON.stringify(Object.fromEntries(list)) });
  },
});
