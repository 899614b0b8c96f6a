// The torture schema with its resolvers, directives and scalars.
import { buildSchema, getDirectiveValues, GraphQLError, isInputObjectType, isObjectType, getNamedType, Kind, responsePathAsArray } from "graphql";
import { resolvers } from "./resolvers.mjs";

const rank = { "": 0, USER: 1, ADMIN: 2, ROOT: 3 };

/** Directives of fields: what torture.go's do. */
const around = {
  auth: (next, { role }) => (parent, args, context, info) => {
    const have = context.role ?? "";
    if (rank[have] >= rank[role]) return next(parent, args, context, info);
    if (role === "ROOT" && have === "ADMIN") return null;
    if (role === "ROOT") throw new GraphQLError("needs more", { extensions: { role } });
    throw new Error(`needs ${role}`);
  },
  upper: (next) => (parent, args, context, info) => {
    const v = next(parent, args, context, info);
    // Go is told by the types.
    if (info.parentType.name === "User" && parent.n % 13 === 0) {
      const type = info.fieldName === "louder" ? "string" : "*string";
      throw new Error(`unexpected type int from middleware/directive chain, should be ${type}`);
    }
    return v?.toUpperCase() ?? null;
  },
};

/** The first value that an @atMost of an argument, or of a field in one, refuses. */
function refused(definition, value) {
  if (value === null || value === undefined) return undefined;
  const most = definition.astNode?.directives?.find((d) => d.name.value === "atMost")?.arguments[0].value.value;
  if (most !== undefined && value > Number(most)) return most;
  const type = getNamedType(definition.type);
  if (!isInputObjectType(type)) return undefined;
  return Object.values(type.getFields()).map((f) => refused(f, value[f.name])).find((m) => m !== undefined);
}

/** JSON has no such numbers. Ours writes null and an error, wherever they are. */
const noNumber = { toJSON: () => null };

function scalars(schema) {
  const float = schema.getType("Float");
  const { serialize } = float;
  float.serialize = (v) => (v === noNumber ? v : serialize(v));
  schema.getType("Checked").serialize = (v) => {
    if (v.startsWith("bad")) throw new Error("not a good string");
    return v;
  };
  schema.getType("Time").serialize = (v) => v;
  schema.getType("BigInt").parseLiteral = (v) => (v.kind === Kind.INT || v.kind === Kind.STRING ? v.value : undefined);
  // Of no type of the schema's: a Go value may have an enum's empty string.
  const { serialize: role } = schema.getType("Role");
  schema.getType("Role").serialize = function (v) {
    return v === "" ? v : role.call(this, v);
  };
}

function tolerant(resolve) {
  return (parent, args, context, info) => {
    const v = resolve(parent, args, context, info);
    if (context.pure || getNamedType(info.returnType).name !== "Float") return v;
    const list = Array.isArray(v);
    const bad = (list ? v : [v]).filter((x) => typeof x === "number" && !Number.isFinite(x));
    for (const _ of bad) context.late.push({ message: "cannot marshal infinite no NaN float values", path: responsePathAsArray(info.path) });
    const mended = (x) => (bad.includes(x) ? noNumber : x);
    return list ? v.map(mended) : mended(v);
  };
}

export function build(sdl) {
  const schema = buildSchema(sdl);
  scalars(schema);
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith("__")) continue;
    for (const field of Object.values(type.getFields())) {
      let resolve = resolvers[type.name]?.[field.name] ?? ((parent) => parent[field.name]);
      const inner = resolve;
      resolve = (parent, args, context, info) => {
        const most = field.args.map((a) => refused(a, args[a.name])).find((m) => m !== undefined);
        if (most !== undefined) throw new Error(`at most ${most}`);
        return inner(parent, args, context, info);
      };
      for (const name of Object.keys(around)) {
        const values = getDirectiveValues(schema.getDirective(name), field.astNode);
        if (values) resolve = around[name](resolve, values);
      }
      if (type.name === "Subscription") {
        field.subscribe = resolve;
        field.resolve = (event) => event;
      } else {
        field.resolve = tolerant(resolve);
      }
    }
  }
  return schema;
}
