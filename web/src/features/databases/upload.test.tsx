import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { everything, graphOf, show, viewerOf } from "@/testing/render";
import { UploadForm } from "./upload";

/** A request of the browser that sends nothing, and is moved on by the test. */
class Request extends EventTarget {
  static last: Request;
  upload = new EventTarget();
  status = 0;
  responseText = "";
  opened: [string, string] | null = null;
  aborted = false;
  constructor() {
    super();
    Request.last = this;
  }
  open(method: string, url: string) {
    this.opened = [method, url];
  }
  send() {}
  abort() {
    this.aborted = true;
  }
  progress(loaded: number) {
    this.upload.dispatchEvent(Object.assign(new Event("progress"), { loaded }));
  }
  answer(status: number, text = "") {
    this.status = status;
    this.responseText = text;
    this.dispatchEvent(new Event("load"));
  }
}
beforeEach(() => void vi.stubGlobal("XMLHttpRequest", Request));
afterEach(() => void vi.unstubAllGlobals());

async function begin() {
  const user = userEvent.setup();
  const done = vi.fn();
  const graph = graphOf({ CreateDatabaseUpload: { data: { createDatabaseUpload: { dump: { id: "dump_1", state: "PENDING" }, url: "https://elsewhere.test/dumps/put?t=1", expiresAt: null } } } });
  const { container } = show(<UploadForm databaseId="db_1" onDone={done} onCancel={() => {}} />, graph, { viewer: viewerOf(everything) });
  await screen.findByText("Choose a file to upload.");
  fireEvent.change(container.querySelector("input[type=file]")!, { target: { files: [new File(["x".repeat(2048)], "shop.sql")] } });
  await user.click(screen.getByRole("button", { name: "Upload" }));
  await waitFor(() => expect(Request.last?.opened).toEqual(["PUT", "/dumps/put?t=1"])); // at the page's own address
  return { user, done };
}

it("U26: an upload tells how much has gone, and ends with its dump", async () => {
  const { done } = await begin();
  act(() => Request.last.progress(1024));
  expect(await screen.findByText("1 KiB of 2 KiB (50%)")).toBeInTheDocument();
  act(() => Request.last.answer(204));
  expect(done).toHaveBeenCalledWith("dump_1");
  expect((await screen.findByText("The dump is uploaded.")).closest("[role=status]")).not.toBeNull(); // U6
});

it("an upload is stopped", async () => {
  const { user, done } = await begin();
  await user.click(screen.getByRole("button", { name: "Stop the upload" }));
  expect(Request.last.aborted).toBe(true);
  expect(screen.getByRole("button", { name: "Upload" })).toBeEnabled();
  expect(done).not.toHaveBeenCalled();
});

it("an upload that is refused says why, and is tried again", async () => {
  await begin();
  act(() => Request.last.answer(413, "It is too large."));
  expect(await screen.findByRole("alert")).toHaveTextContent("It is too large.");
  expect(screen.getByRole("button", { name: "Try again" })).toBeEnabled();
});
