import { render, screen } from "@testing-library/react";
import { Suspense } from "react";
import { expect, it, vi } from "vitest";
import { lazyPart } from "./lazy-part";

it("comes when the line is back", async () => {
  const load = vi.fn<() => Promise<() => React.ReactNode>>().mockRejectedValueOnce(new TypeError("no network")).mockResolvedValue(() => <p>the part</p>);
  const Part = lazyPart(load);
  render(<Suspense fallback={<p>the page</p>}><Part /></Suspense>);
  expect(await screen.findByText("the page")).toBeVisible();
  await vi.waitFor(() => expect(load).toHaveBeenCalledOnce(), { timeout: 20_000 });
  await Promise.resolve();
  window.dispatchEvent(new Event("online"));
  expect(await screen.findByText("the part")).toBeVisible();
});
