/** One field of what an entry tells: whether it came, went, or became another. */
export interface Change {
  field: string;
  kind: "added" | "removed" | "changed" | "same";
  before?: unknown;
  after?: unknown;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** The fields of a value, those of objects within it by their path; anything else is the field without a name. */
function fields(value: unknown, path = "", found = new Map<string, unknown>()): Map<string, unknown> {
  if (value === null || value === undefined) {
    if (path) found.set(path, value);
  } else if (isObject(value) && (Object.keys(value).length > 0 || path === "")) {
    for (const [name, inner] of Object.entries(value)) fields(inner, path ? `${path}.${name}` : name, found);
  } else found.set(path, value);
  return found;
}

/** What became of each field, in the order in which they stand before, then after. */
export function changes(before: unknown, after: unknown): Change[] {
  const [was, is] = [fields(before), fields(after)];
  return [...new Set([...was.keys(), ...is.keys()])].map((field) => {
    const [b, a] = [was.get(field), is.get(field)];
    const kind = !was.has(field) ? "added" : !is.has(field) ? "removed" : JSON.stringify(b) === JSON.stringify(a) ? "same" : "changed";
    return { field, kind, before: b, after: a };
  });
}
