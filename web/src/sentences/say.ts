/** Says a sentence of the panel's in another language; what it does not know, it gives back as it is. */
export type Say = (text: string) => string;

interface Instead {
  literal: string;
  part?: number;
  /** Whether the part is said in that language, too: "" never, "!" always, "?" if it is known. */
  said?: string;
}

/** A template of the panel's, taken apart at its placeholders, and what is said instead. */
interface Template {
  literals: readonly string[];
  kinds: readonly string[];
  /** How many characters of its own it has: what has most of them says most. */
  weight: number;
  /** What is said, taken apart in the same way, with the number of the part that comes after each. */
  instead: readonly Instead[];
}

const placeholder = /%(?:\.\d)?[sdqvf]/g;
/** In the other language: `%s` in the same order, `{1}` in another; `{1!}` where the part is said in that language, too, `{1?}` where it is if it is known. */
const slot = /\{(\d)([!?]?)\}|%(?:\.\d)?[sdqvf]/g;

/** No sentence of the panel's is longer, and no text has more of them: what does is shown as it is. */
const longest = 4_000;
const most = 24;
const deepest = 3;

function templateOf([english, other]: [string, string]): Template {
  const instead: Instead[] = [];
  let [at, turn] = [0, 0];
  for (const found of other.matchAll(slot)) {
    instead.push({ literal: other.slice(at, found.index), part: found[1] === undefined ? turn++ : Number(found[1]), said: found[2] ?? "" });
    at = found.index + found[0].length;
  }
  instead.push({ literal: other.slice(at) });
  const literals = english.split(placeholder);
  return { literals, kinds: english.match(placeholder)!, weight: literals.join("").length, instead };
}

/** What stands in the places of the placeholders, found from the left without ever going back; null when it is another sentence. */
function partsOf(text: string, { literals, kinds }: Template): string[] | null {
  const last = literals.length - 1;
  const end = text.length - literals[last]!.length;
  let at = literals[0]!.length;
  if (end < at || !text.startsWith(literals[0]!) || !text.endsWith(literals[last]!)) return null;
  const parts: string[] = [];
  for (let i = 1; i <= last; i++) {
    const next = i === last ? end : text.indexOf(literals[i]!, at);
    if (next < at || next > end) return null;
    const part = text.slice(at, next);
    if (/[df]$/.test(kinds[i - 1]!) && !/^-?\d+(?:\.\d+)?$/.test(part)) return null;
    parts.push(part);
    at = next + literals[i]!.length;
  }
  return parts;
}

/** Whether a sentence ends and another begins within a part, which then is none. */
const endsWithin = (part: string) => /[.;] [A-Z]/.test(part);

/** Makes of templates, and of words in their places, what says them; once, since it takes them apart. */
export function sayer(dictionary: Readonly<Record<string, string>>, words: Readonly<Record<string, string>>): Say {
  const entries = Object.entries(dictionary);
  const whole = new Map([...Object.entries(words), ...entries.filter(([english]) => english.search(placeholder) < 0)]);
  const templates = entries.filter(([english]) => english.search(placeholder) >= 0).map(templateOf).sort((a, b) => b.weight - a.weight);

  /** One sentence or word. Strictly, all that has to be said in its parts is known; loosely, it stays as it is otherwise. */
  function one(text: string, loosely: boolean, depth = 0): string | undefined {
    const exact = whole.get(text);
    if (exact !== undefined || depth > deepest) return exact;
    next: for (const template of templates) {
      const parts = partsOf(text, template);
      if (!parts) continue;
      let said = "";
      for (const { literal, part: index, said: own } of template.instead) {
        said += literal;
        if (index === undefined) continue;
        const part = parts[index]!;
        const known = own !== "" ? (part === "" ? "" : one(part, false, depth + 1)) : undefined;
        if (!loosely && known === undefined && (own === "!" || endsWithin(part))) continue next;
        said += known ?? (template.kinds[index]!.endsWith("f") ? part.replace(".", ",") : part);
      }
      return said;
    }
    return undefined;
  }

  /** Sentences after one another, each as long as one that is known can be; undefined when none is. */
  function several(text: string): string | undefined {
    const pieces = text.split(/(?<=[.;]) (?=\S)/);
    if (pieces.length > most) return undefined;
    const all: string[] = [];
    let any = false;
    for (let from = 0, to = 0; from < pieces.length; from = to) {
      let said: string | undefined;
      for (to = pieces.length; to > from && said === undefined; to--) said = one(pieces.slice(from, to).join(" "), false);
      to = said === undefined ? from + 1 : to + 1;
      any ||= said !== undefined;
      all.push(said ?? pieces[from]!);
    }
    return any ? all.join(" ") : undefined;
  }

  return (text) => (text.length > longest ? text : (one(text, false) ?? several(text) ?? one(text, true) ?? text));
}
