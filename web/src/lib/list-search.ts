/** What a list's address says of its page and its order. */
export interface ListSearch {
  after?: string;
  before?: string;
  sort?: string;
  desc?: boolean;
}

type Words = Record<string, readonly string[] | RegExp | "text" | "flag">;
type Parsed<W extends Words> = { [K in keyof W]?: W[K] extends readonly string[] ? W[K][number] : W[K] extends "flag" ? boolean : string };

const isText = (value: unknown): boolean => value !== undefined && value !== "" && typeof value !== "object";

/**
 * Reads what a page keeps in its address: any text, one of a form, a flag, or one of some words.
 * Whatever else stands there, which anybody can write, is overlooked: it is undefined and
 * not just left out, or the router would take it as it was given.
 */
export function searchOf<const W extends Words>(words: W) {
  return (given: Record<string, unknown>): Parsed<W> => {
    const found: Record<string, unknown> = {};
    for (const [name, kind] of Object.entries(words)) {
      const value = given[name];
      if (kind === "flag" ? value === true : isText(value) && (kind === "text" || (kind instanceof RegExp ? kind.test(String(value)) : kind.includes(String(value)))))
        found[name] = kind === "flag" ? true : String(value);
      else if (value !== undefined) found[name] = undefined;
    }
    return found as Parsed<W>;
  };
}

/** As the panel writes its cursors; whether one is of this list is the panel's to say. */
const cursor = /^[\w-]+$/;

/** The part of each list's address that is the same for all, but for what it can be ordered by. */
export const listWords = (...sorts: string[]) => ({ after: cursor, before: cursor, sort: sorts, desc: "flag" }) as const;

/** The page that an address asks for, as arguments of a list. */
export const pageOf = (search: ListSearch, size: number) =>
  search.before ? { last: size, before: search.before } : { first: size, after: search.after ?? null };
