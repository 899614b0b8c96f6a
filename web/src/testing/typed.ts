import { readdirSync, readFileSync } from "node:fs";
import { buildASTSchema, type DirectiveNode, getNamedType, type GraphQLCompositeType, type GraphQLObjectType, type GraphQLSchema, isAbstractType, isCompositeType, isObjectType, Kind, parse, type SelectionSetNode } from "graphql";

const folder = `${process.cwd()}/../schema/`;
let known: GraphQLSchema | undefined;

/** The panel's schema, which is read when it is first asked for. */
function schema(): GraphQLSchema {
  const files = () => readdirSync(folder).filter((name) => name.endsWith(".graphqls"));
  return (known ??= buildASTSchema(parse(files().map((name) => readFileSync(folder + name, "utf8")).join("\n")), { assumeValidSDL: true }));
}

const conditional = (directives: readonly DirectiveNode[] | undefined) => directives?.some(({ name }) => name.value === "include" || name.value === "skip");

/**
 * Data of an answer as the cache wants it, and the panel gives it: each object says of which
 * type it is, and what was asked for and the test does not tell is null. What may be of
 * several types and does not say of which is taken for the first of them.
 */
export function typed(query: string, data: unknown): unknown {
  const operation = parse(query).definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION)!;
  return fill(data, schema().getRootType(operation.operation)!, operation.selectionSet);
}

function fill(value: unknown, type: GraphQLCompositeType, selected: SelectionSetNode): unknown {
  if (Array.isArray(value)) return value.map((one) => fill(one, type, selected));
  if (value === null || typeof value !== "object") return value;
  const out = { ...value } as Record<string, unknown>;
  const told = schema().getType(String(out.__typename));
  const own: GraphQLObjectType = isObjectType(told) ? told : isAbstractType(type) ? schema().getPossibleTypes(type)[0]! : type;
  out.__typename ??= own.name;
  function take({ selections }: SelectionSetNode) {
    for (const one of selections) {
      if (one.kind === Kind.FRAGMENT_SPREAD) throw new Error("our documents have no fragments with names");
      if (one.kind === Kind.INLINE_FRAGMENT) {
        if (one.typeCondition?.name.value === own.name) take(one.selectionSet); // never on an interface, see cache.ts
        continue;
      }
      const name = (one.alias ?? one.name).value;
      const field = own.getFields()[one.name.value];
      if (!field || (out[name] === undefined && conditional(one.directives))) continue; // __typename, and what is in a test alone
      const inner = getNamedType(field.type);
      out[name] = isCompositeType(inner) ? fill(out[name] ?? null, inner, one.selectionSet!) : (out[name] ?? null);
    }
  }
  take(selected);
  return out;
}
