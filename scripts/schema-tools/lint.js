// Holds the schema to the rules of graphql-eslint and graphql-schema-linter, and
// compares it with the one that clients were promised.
//   node lint.js [--schema FOLDER] [--released FILE] [--accept]
// It prints what is wrong and fails with 1; --accept makes the promise anew instead.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CriticalityLevel, diff } from "@graphql-inspector/core";
import { ESLint } from "eslint";
import { buildSchema } from "graphql";
import config from "./eslint.config.js";
import { files, printed, text } from "./schema.js";

const root = resolve(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: {
    schema: { type: "string", default: join(root, "schema") },
    released: { type: "string", default: join(root, "schema/released.graphql") },
    accept: { type: "boolean", default: false },
  },
});
const folder = resolve(values.schema);
let problems = 0;
const problem = (line) => {
  problems++;
  console.error(line);
};

async function graphqlEslint() {
  const eslint = new ESLint({ cwd: folder, overrideConfigFile: true, overrideConfig: config(files(folder)), allowInlineConfig: false });
  for (const { filePath, messages } of await eslint.lintFiles(files(folder).map((file) => relative(folder, file)))) {
    for (const m of messages) problem(`${relative(root, filePath)}:${m.line}: ${m.message} (${m.ruleId ?? "graphql-eslint"})`);
  }
}

// Of graphql-schema-linter's rules all *-sorted-alphabetically are left out, since
// lines are read in the order of what they mean.
const linterRules = [
  "arguments-have-descriptions", "defined-types-are-used", "deprecations-have-a-reason", "descriptions-are-capitalized",
  "enum-values-all-caps", "enum-values-have-descriptions", "fields-are-camel-cased", "fields-have-descriptions",
  "input-object-values-are-camel-cased", "input-object-values-have-descriptions",
  "relay-connection-arguments-spec", "relay-connection-types-spec", "relay-page-info-spec", "types-are-capitalized", "types-have-descriptions",
];

function graphqlSchemaLinter() {
  const require = createRequire(import.meta.url);
  const { Configuration } = require("graphql-schema-linter/lib/configuration.js");
  const { validateSchemaDefinition } = require("graphql-schema-linter/lib/validator.js");
  const { loadSchema } = require("graphql-schema-linter/lib/schema.js");
  return loadSchema({ schemaPaths: files(folder) }, null).then((schema) => {
    const configuration = new Configuration(schema, { rules: linterRules });
    for (const issue of configuration.validate()) problem(`graphql-schema-linter: ${issue.message}`);
    for (const e of validateSchemaDefinition(schema, configuration.getRules(), configuration)) {
      const line = e.locations[0].line;
      problem(`${relative(root, schema.sourceMap.getOriginalPathForLine(line))}:${line - schema.sourceMap.getOffsetForPath(schema.sourceMap.getOriginalPathForLine(line)).startLine + 1}: ${e.message} (graphql-schema-linter ${e.ruleName})`);
    }
  });
}

async function inspector() {
  const changes = await diff(buildSchema(readFileSync(values.released, "utf8")), buildSchema(printed(text(folder))));
  for (const c of changes) {
    if (c.criticality.level !== CriticalityLevel.Breaking) continue;
    problem(`breaks clients: ${c.message} (${c.path}). docs/api.md tells how such a change is made, or accepted on purpose.`);
  }
}

if (values.accept) {
  writeFileSync(values.released, printed(text(folder)));
} else {
  await graphqlEslint();
  await graphqlSchemaLinter();
  await inspector();
  if (problems > 0) process.exitCode = 1;
}
