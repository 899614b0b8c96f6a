/** What a list's address says of its page and its order. */
export interface ListSearch {
  after?: string;
  before?: string;
  sort?: string;
  desc?: boolean;
}

type Words = Record<string, readonly string[] | "text" | "flag">;
type Parsed<W extends Words> = { [K in keyof W]?: W[K] extends readonly string[] ? W[K][number] : W[K] extends "flag" ? boolean : string };

/**
 * Reads what a page keeps in its address: any text, a flag, or one of some words.
 * Whatever else stands there, which anybody can write, is overlooked.
 */
export function searchOf<const W extends Words>(words: W) {
  return (given: Record<string, unknown>): Parsed<W> => {
    const found: Record<string, unknown> = {};
    for (const [name, kind] of Object.entries(words)) {
      const value = given[name];
      if (kind === "flag" ? value === true : kind === "text" ? value !== undefined && value !== "" && typeof value !== "object" : kind.includes(String(value)))
        found[name] = kind === "flag" ? true : String(value);
    }
    return found as Parsed<W>;
  };
}

/** The part of each list's address that is the same for all. */
export const listWords = { after: "text", before: "text", sort: "text", desc: "flag" } as const;

/** The page that an address asks for, as arguments of a list. */
export const pageOf = (search: ListSearch, size: number) =>
  search.before ? { last: size, before: search.before } : { first: size, after: search.after ?? null };
