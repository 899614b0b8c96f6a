import { PasswordInput, TextInput } from "@mantine/core";
import type { TypedDocumentNode } from "@urql/core";
import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { graphOf, show } from "@/testing/render";
import { ActionForm } from "./action-form";
import { OrderDialog } from "./order-dialog";

vi.mock("@/gql/socket", async () => (await import("@/testing/streams")).socket);

const ORDER = "mutation RetryJob($input: RetryJobInput!) { retryJob(input: $input) { job { id } } }" as unknown as TypedDocumentNode<{ retryJob: { job: { id: string } } }, { input: { id: string } }>;

it("a form that is tried again has what was typed but no secret, and is confirmed once more", async () => {
  const user = userEvent.setup();
  const job = { id: "j1", kind: "database.create", state: "FAILED", percent: 0, waitingFor: null, finishedAt: "2026-11-26T10:00:00Z", steps: [], error: null };
  show(
    <OrderDialog opened onClose={() => {}} title="An order">
      {(onOrdered) => (
        <ActionForm document={ORDER} variables={{ input: { id: "j1" } }} secrets={["password"]} submit="Order" typed="shop" onDone={({ retryJob }) => onOrdered({ job: retryJob.job })}>
          {() => <><TextInput name="name" label="Name" /><PasswordInput name="password" label="Password" /></>}
        </ActionForm>
      )}
    </OrderDialog>,
    graphOf({ RetryJob: { data: { retryJob: { job: { id: "j1" } } } }, JobLive: { data: { job } } }),
  );
  const dialog = within(await screen.findByRole("dialog", { name: "An order" }));
  await user.type(dialog.getByRole("textbox", { name: "Name" }), "otter");
  await user.type(dialog.getByLabelText("Password"), "s3cret");
  await user.type(dialog.getByRole("textbox", { name: "Type shop to confirm" }), "shop");
  await user.click(dialog.getByRole("button", { name: "Order" }));
  await user.click(await dialog.findByRole("button", { name: "Change and try again" }));
  expect(dialog.getByRole("textbox", { name: "Name" })).toHaveValue("otter");
  expect(dialog.getByRole("textbox", { name: "Name" })).toHaveFocus();
  expect(dialog.getByLabelText("Password")).toHaveValue("");
  expect(dialog.getByRole("button", { name: "Order" })).toBeDisabled();
});
