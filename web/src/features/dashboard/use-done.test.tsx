import { act, screen, waitFor } from "@testing-library/react";
import { useQuery } from "urql";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { graphOf, show } from "@/testing/render";
import { comes, streams } from "@/testing/streams";
import { useDone } from "./use-done";

vi.mock("@/gql/socket", async () => (await import("@/testing/streams")).socket);
beforeEach(() => {
  streams.splice(0);
  vi.useFakeTimers({ shouldAdvanceTime: true });
});
afterEach(() => void vi.useRealTimers());

const gap = { auditFeed: { position: "p0" } };
const done = (action: string, allowed = true) => ({ auditFeed: { position: "p1", event: { action, allowed } } });
function Page(p: { enabled: boolean }) {
  useDone(p.enabled);
  const [{ data }] = useQuery<{ name: string }>({ query: "query Name { name }" });
  return <p>{data?.name ?? "nothing"}</p>;
}
const open = async (enabled = true) => {
  const graph = graphOf({ Name: { data: { name: "read" } } });
  const shown = show(<Page enabled={enabled} />, graph);
  await screen.findByText("read");
  return { ...shown, graph, later: (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms)) };
};

it("U17: the page is read anew when somebody has done something, once however much", async () => {
  const { graph, later } = await open();
  comes("Done", gap);
  for (let n = 0; n < 5; n++) comes("Done", done("database.create"));
  await later(100);
  await waitFor(() => expect(graph.sent).toHaveLength(2));
  comes("Done", done("database.delete"));
  await later(300);
  expect(graph.sent).toHaveLength(2); // at most once a second
  await later(1_000);
  await waitFor(() => expect(graph.sent).toHaveLength(3));
});

it.each([["session.refresh", true], ["database.create", false]])("is not for %s, allowed %s", async (action, allowed) => {
  const { graph, later } = await open();
  comes("Done", gap);
  comes("Done", done(action, allowed));
  await later(2_000);
  expect(graph.sent).toHaveLength(1);
});

it("is after a gap, since nobody knows what was in it", async () => {
  const { graph, later } = await open();
  comes("Done", gap);
  await later(2_000);
  expect(graph.sent).toHaveLength(1); // that only says where the stream stands
  comes("Done", gap);
  await later(100);
  await waitFor(() => expect(graph.sent).toHaveLength(2));
});

it("listens to nothing where it may not, or when it is left", async () => {
  const { unmount } = await open(false);
  expect(streams).toHaveLength(0);
  unmount();
  const second = await open();
  comes("Done", gap);
  comes("Done", done("database.create"));
  second.unmount();
  expect(streams).toHaveLength(0);
});
