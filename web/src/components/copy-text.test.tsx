import { screen, waitFor } from "@testing-library/react";
import type { TypedDocumentNode } from "@urql/core";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { show } from "@/testing/render";
import { CopyField } from "./copy-field";
import { CopyText } from "./copy-text";
import { ShowGraphQL } from "./show-graphql";
import { ShownOnce } from "./shown-once";

const open = async () => {
  const user = userEvent.setup();
  show(<CopyText label="Copy it" text={() => "the text"} size="compact-sm" variant="default" />);
  return { user, button: await screen.findByRole("button", { name: "Copy it" }) };
};
/** A browser on plain http: it has no clipboard, and may have the way of old, which copies what is selected. */
function plainHttp(lets: boolean) {
  const copied: string[] = [];
  vi.spyOn(navigator, "clipboard", "get").mockReturnValue(undefined as never);
  document.execCommand = () => {
    const area = document.activeElement as HTMLTextAreaElement;
    copied.push(area.value.slice(area.selectionStart, area.selectionEnd));
    return lets;
  };
  return copied;
}
afterEach(() => {
  vi.restoreAllMocks();
  delete (document as { execCommand?: unknown }).execCommand;
});

it("copies, and says so", async () => {
  const { user, button } = await open();
  await user.click(button);
  expect(await screen.findByText("Copied")).toBeVisible();
  expect(await navigator.clipboard.readText()).toBe("the text");
});

it.each([[true, "Copied"], [false, "This browser copies nothing here"]])("copies on plain http, too, or says that it cannot: %s", async (lets, said) => {
  const { user, button } = await open();
  const copied = plainHttp(lets);
  await user.click(button);
  expect(await screen.findByText(said)).toBeVisible();
  expect(copied).toEqual(["the text"]);
  expect(document.querySelector("textarea")).toBeNull();
  expect(button).toHaveFocus();
});

const SIGN_OUT = "\n    mutation SignOut {\n      signOut { ok }\n    }\n" as unknown as TypedDocumentNode<unknown, object>;

it.each([
  ["a value", <CopyField label="Host" value="db.test" />, "Copy Host", "db.test"],
  ["a secret", <ShownOnce title="Codes" lines={["one", "two"]} onSaved={() => {}} />, "Copy", "one\ntwo"],
  ["an operation", <ShowGraphQL document={SIGN_OUT} variables={{}} />, "Copy", "mutation SignOut {\n  signOut { ok }\n}\n\n# Variables: {}", "Show GraphQL"],
])("on plain http %s is copied, too, and the focus stays", async (_, what, name, text, opener = "") => {
  const user = userEvent.setup();
  show(what);
  if (opener) await user.click(await screen.findByRole("button", { name: opener }));
  const copied = plainHttp(true);
  const button = await screen.findByRole("button", { name });
  await user.click(button);
  expect(await screen.findByRole("button", { name: "Copied" })).toHaveFocus();
  expect(copied).toEqual([text]);
  await waitFor(() => expect(screen.getByRole("button", { name })).toBeVisible(), { timeout: 4_000 }); // and can be copied again
});
