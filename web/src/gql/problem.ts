import type { CombinedError } from "@urql/core";
import type { ErrorCode } from "./generated/graphql";

/** What went wrong, as the graph's error or the network told it. */
export interface Problem {
  /** The graph's code; OFFLINE when the panel gave no answer. */
  code: ErrorCode | "OFFLINE";
  /** A sentence for a person. */
  message: string;
  /** The input's field that it is about, such as `name` or `ids.3`. */
  field?: string;
  /** By which the provider finds it in the log. */
  requestId?: string;
  /** When to try again, if the panel said so. */
  retryAfterSeconds?: number;
  /** That moment by this clock, in ms since 1970. */
  retryAt?: number;
}

/** One error of an answer of the graph. */
export interface AnswerError {
  message: string;
  path?: readonly (string | number)[];
  extensions?: Record<string, unknown>;
}

/** When what was answered may be tried again: the same however often it is read. */
const moments = new WeakMap<object, number>();

function momentOf(extensions: object, seconds: number): number {
  const known = moments.get(extensions);
  if (known !== undefined) return known;
  const at = Date.now() + seconds * 1000;
  moments.set(extensions, at);
  return at;
}

function problem({ message, extensions = {} }: AnswerError): Problem {
  const text = (name: string) => (typeof extensions[name] === "string" && extensions[name] !== "" ? (extensions[name] as string) : undefined);
  const seconds = extensions.retryAfterSeconds;
  return {
    code: (text("code") as ErrorCode | undefined) ?? "INTERNAL",
    message,
    field: text("field"),
    requestId: text("requestId"),
    ...(typeof seconds === "number" && { retryAfterSeconds: seconds, retryAt: momentOf(extensions, seconds) }),
  };
}

const offline: Problem = { code: "OFFLINE", message: "The panel does not answer." };

/** By its form: pages without the client do without its code, too. */
const isCombined = (error: unknown): error is CombinedError => error instanceof Error && "graphQLErrors" in error;

/** Whatever was thrown or answered, as problems; at least one. */
export function problemsOf(error: unknown): Problem[] {
  if (isCombined(error)) {
    if (error.graphQLErrors.length > 0) return error.graphQLErrors.map((e) => problem(e));
    return [offline];
  }
  if (error instanceof Refusal) return error.problems;
  if (Array.isArray(error) && error.length > 0) return (error as AnswerError[]).map(problem);
  return [{ code: "INTERNAL", message: error instanceof Error ? error.message : String(error) }];
}

/** Problems as something to be thrown. */
export class Refusal extends Error {
  readonly problems: Problem[];
  constructor(errors: readonly AnswerError[] | null) {
    const problems = errors === null || errors.length === 0 ? [offline] : errors.map(problem);
    super(problems[0]!.message);
    this.name = "Refusal";
    this.problems = problems;
  }
}

/** What "Copy details" copies: enough for the provider to find it, and nothing secret. */
export const detailsOf = (p: Problem): string =>
  [`${p.code}: ${p.message}`, p.field && `field: ${p.field}`, p.requestId && `request: ${p.requestId}`, `page: ${location.pathname}`, `time: ${new Date().toISOString()}`]
    .filter(Boolean)
    .join("\n");
