// Reads the schema in both ways that code generators do.
// In: {url}. Out: {text: {types, root}, introspected: {types, root}}.
import { buildClientSchema, buildSchema, getIntrospectionQuery, validateSchema } from "graphql";
import { input, print } from "./stdin.mjs";

const summary = (schema) => {
  const problems = validateSchema(schema);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return {
    types: Object.keys(schema.getTypeMap()).filter((n) => !n.startsWith("__")).sort(),
    root: [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
      .flatMap((t) => Object.keys(t.getFields()).map((f) => `${t.name}.${f}`)).sort(),
  };
};

const text = await (await fetch(`${input.url}/schema.graphql`)).text();
const res = await fetch(`${input.url}/graphql`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ query: getIntrospectionQuery() }),
});
const { data, errors } = await res.json();
if (errors) throw new Error(JSON.stringify(errors));
print({ text: summary(buildSchema(text)), introspected: summary(buildClientSchema(data)) });
