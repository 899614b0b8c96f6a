import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { nameOf } from "@/gql/document";
import { texts } from "../../documents.ts";

/** Mutations without a toast when they are done, and what says so instead: decision 0049. */
const inPlace: Record<string, string> = {
  MarkNotificationsRead: "the drawer, where toasts are kept, has nothing new any more",
  CreateDatabaseDumpUrl: "the link takes the place of the button",
  CreateDatabaseUpload: "the upload begins, and is told when the file has arrived",
  BeginTotp: "the QR code appears, and nothing holds before it is confirmed",
  Impersonate: "the banner says who one acts as",
  EndImpersonation: "the banner goes",
  RefreshSession: "nobody has asked for it",
  ConfirmIdentity: "what it was asked for goes on, and is told",
  SignOut: "the page for signing in takes the place of the app",
  SignIn: "the app takes the place of the page",
  SetUp: "the app takes the place of the page",
  SignUp: "the page says it",
  VerifyEmail: "the page says it",
  RequestPasswordReset: "the page says it",
  ResetPassword: "the page says it",
  AcceptInvitation: "the page says it",
};

const src = join(import.meta.dirname, "..");
const sources = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path) && !path.includes("generated"))
  .map((path) => ({ path, text: readFileSync(join(src, path), "utf8") }));

/** What calls the mutation of a constant, up to where the next form or action begins. */
const uses = (text: string, constant: string): string[] =>
  text.split(/(?=<(?:ActionForm|ConfirmAction)\b|\buseAction\()/).filter((part) => new RegExp(`^useAction\\(${constant}\\b|^<(?:ActionForm|ConfirmAction)\\b[^]*\\bdocument=\\{${constant}\\}`).test(part));

const saysDone = (use: string): boolean => (use.startsWith("<") ? /\sdone=/.test(use) : /^useAction\(\w+, \{[^\n]*\bdone: /.test(use));

/** All calls of a mutation, by its name: in the file that has its document, and in those beside it that import it. */
function callsOf(name: string): string[] {
  const document = new RegExp(`const (\\w+) = graphql\\(\`\\s*mutation ${name}\\b`);
  return sources.flatMap(({ path, text }) => {
    const constant = document.exec(text)?.[1];
    if (!constant) return [];
    const imports = new RegExp(`import \\{[^}]*\\b${constant}\\b[^}]*\\} from "\\./`);
    return sources.filter((other) => other.path === path || (dirname(other.path) === dirname(path) && imports.test(other.text))).flatMap((other) => uses(other.text, constant));
  });
}

describe("U6: each mutation", () => {
  const mutations = texts().filter((text) => text.trim().startsWith("mutation")).map(nameOf);
  it("is one that there is", () => {
    expect(mutations.length).toBeGreaterThan(60);
    expect(Object.keys(inPlace).filter((name) => !mutations.includes(name))).toEqual([]);
  });
  it.each(mutations)("%s gives a toast when it is done, or its place says so", (name) => {
    const calls = callsOf(name);
    if (inPlace[name]) return expect(calls.filter(saysDone)).toEqual([]); // or it is no exception
    expect(calls).not.toEqual([]);
    expect(calls.filter((call) => !saysDone(call))).toEqual([]);
  });
});
