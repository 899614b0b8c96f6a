import { act, screen, waitFor } from "@testing-library/react";
import { getRouteApi } from "@tanstack/react-router";
import { expect, it } from "vitest";
import { show } from "@/testing/render";
import { useAddress } from "./use-address";

type Search = { after?: string; before?: string; q?: string; event?: string };
let address: ReturnType<typeof useAddress<Search>>;
function Page() {
  address = useAddress<Search>(getRouteApi("/audit").useNavigate());
  return <p>page</p>;
}
const open = async (at: string) => {
  const { history } = show(<Page />, undefined, { path: "/audit", at });
  await screen.findByText("page");
  const search = () => history.location.search;
  const is = (wanted: string) => waitFor(() => expect(search()).toBe(wanted));
  return { history, is };
};

it("U3: what is chosen is a step of the history, and begins at the first page; what is typed is none", async () => {
  const { history, is } = await open("/audit?after=x");
  act(() => address.set({ q: "a" }));
  await is("?q=a");
  act(() => address.set({ q: "ab" }, { replace: true }));
  await is("?q=ab");
  act(() => address.set({ after: "y" }));
  await is("?q=ab&after=y");
  act(() => history.back());
  await is("?q=ab");
  act(() => history.back());
  await is("?after=x");
});

it("U3: what was opened is closed by a step back, and what a copied address has open is taken out of it", async () => {
  const { history, is } = await open("/audit?after=x");
  act(() => address.open({ event: "e" }));
  await is("?after=x&event=e");
  const { length } = history;
  act(() => address.close({ event: undefined }));
  await is("?after=x");
  expect(history.length).toBe(length);
  act(() => history.forward());
  await is("?after=x&event=e");
  const copied = await open("/audit?event=e");
  act(() => address.close({ event: undefined }));
  await copied.is("");
  expect(copied.history.length).toBe(1);
});
