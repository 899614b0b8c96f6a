// Executes operations on the torture schema. In, a line each:
// {document, operation, variables, role, pure}; out, a line each: {invalid} with messages,
// or {answers: [{data, errors}]}. With pure, nothing deviates from graphql-js.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { execute, getOperationAST, parse, subscribe, validate } from "graphql";
import { build } from "./schema.mjs";

const maxEvents = 5;
const schema = build(readFileSync(process.argv[2], "utf8"));

async function answer({ document, operation, variables, role, pure }) {
  let parsed;
  try {
    parsed = parse(document);
  } catch (e) {
    return { invalid: [e.message] };
  }
  const invalid = validate(schema, parsed);
  if (invalid.length > 0) return { invalid: invalid.map((e) => e.message) };
  const args = {
    schema, document: parsed, operationName: operation || undefined, variableValues: variables ?? {}, contextValue: { role, pure, late: [] },
  };
  if (getOperationAST(parsed, operation || undefined)?.operation !== "subscription") return { answers: [shown(await execute(args), args.contextValue)] };
  const stream = await subscribe(args);
  if (stream.errors) return { answers: [shown(stream, args.contextValue)] };
  const answers = [];
  for await (const result of stream) {
    answers.push(shown(result, args.contextValue));
    args.contextValue.late = [];
    if (answers.length === maxEvents) break;
  }
  return { answers };
}

function shown({ data, errors = [] }, { late }) {
  return { data, errors: [...errors.map((e) => e.toJSON()), ...late] };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
