import { act, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { sessions } from "@/gql/session";
import { show } from "@/testing/render";
import { ConfirmProvider } from "./confirm";

vi.mock("./confirm-dialogs", () => new Promise(() => {})); // its code does not come

it("U10: a page whose session is over is hidden also while the code of the question is on its way", async () => {
  show(<ConfirmProvider><p>a secret</p></ConfirmProvider>);
  expect(await screen.findByText("a secret")).toBeVisible();
  expect(document.querySelector(".mantine-Overlay-root")).toBeNull();
  await act(async () => (sessions as unknown as { end: (state: string) => void }).end("expired"));
  const over = document.querySelector<HTMLElement>(".mantine-Overlay-root");
  expect(over).toHaveAttribute("data-fixed", "true");
  expect(over!.style.getPropertyValue("--overlay-z-index")).toBe("1000");
});
