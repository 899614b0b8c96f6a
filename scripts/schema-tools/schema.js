// The schema's files, as the tools read them.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { buildASTSchema, lexicographicSortSchema, parse, visit } from "graphql";
import { printSchemaWithDirectives } from "@graphql-tools/utils";

/** The files of a folder, in a constant order. */
export const files = (folder) => readdirSync(folder).filter((name) => name.endsWith(".graphqls")).sort().map((name) => join(folder, name));

/** All of them as one text. */
export const text = (folder) => files(folder).map((file) => readFileSync(file, "utf8")).join("\n");

/**
 * One text of a schema, sorted, so that the order of the sources is no difference, and
 * without @goField, which only our own generator reads.
 */
export function printed(source) {
  const ours = (node) => (node.name.value === "goField" ? null : undefined);
  const document = visit(parse(source), { Directive: ours, DirectiveDefinition: ours });
  return printSchemaWithDirectives(lexicographicSortSchema(buildASTSchema(document))) + "\n";
}
