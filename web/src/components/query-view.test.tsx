import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { CombinedError, useClient, useQuery } from "urql";
import { describe, expect, it, vi } from "vitest";
import { refresh } from "@/gql/refresh";
import type { ListSearch } from "@/lib/list-search";
import { type Answer, graphOf, show } from "@/testing/render";
import { QueryView } from "./query-view";

const query = "query Things { things }";
const failed = { errors: [{ message: "It broke.", extensions: { code: "INTERNAL", requestId: "req-1" } }] };

function Things() {
  const [result, retry] = useQuery<{ things: string[] }>({ query });
  return (
    <QueryView result={result} retry={retry} skeleton={<p>skeleton</p>}>
      {({ things }) => <p>{things.join(", ")}</p>}
    </QueryView>
  );
}

describe("QueryView", () => {
  it("shows a skeleton, then what there is", async () => {
    let answer = () => {};
    const asked = new Promise<void>((go) => (answer = go));
    show(<Things />, graphOf({ Things: () => asked.then(() => ({ data: { things: ["a", "b"] } })) }));
    expect(await screen.findByText("skeleton")).toBeVisible();
    answer();
    expect(await screen.findByText("a, b")).toBeVisible();
  });

  it("U2: shows the error with its request and recovers on retry", async () => {
    show(<Things />, graphOf({ Things: [failed, { data: { things: ["c"] } }] }));
    expect(await screen.findByRole("alert")).toHaveTextContent("req-1");
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("c")).toBeVisible();
  });

  it.each(["after", "before"])("begins a list anew when the panel refuses its cursor %s, and shows no error", async (field) => {
    const graph = graphOf({ Page: ({ variables }) => (variables[field] ? { data: null, errors: [{ message: "No cursor.", extensions: { code: "INVALID", field } }] } as never : { data: { things: ["first"] } }) });
    const alerts: string[] = [];
    const watch = new MutationObserver(() => void alerts.push(...[...document.querySelectorAll("[role=alert]")].map(({ textContent }) => textContent ?? "")));
    watch.observe(document.body, { childList: true, subtree: true });
    function List() {
      const [search, onSearch] = useState<ListSearch>({ [field]: "c1", sort: "NAME" });
      const [result, retry] = useQuery<{ things: string[] }>({ query: "query Page($after: String, $before: String) { things(after: $after, before: $before) }", variables: { after: search.after, before: search.before } });
      return (
        <QueryView result={result} retry={retry} list={{ search, onSearch: (patch) => onSearch({ ...search, ...patch }) }} skeleton={<p>skeleton</p>}>
          {({ things }) => <p>{things.join()} by {search.sort}</p>}
        </QueryView>
      );
    }
    show(<List />, graph);
    expect(await screen.findByText("first by NAME")).toBeVisible();
    expect(graph.sent.map(({ variables }) => variables[field] ?? null)).toEqual(["c1", null]);
    watch.disconnect();
    expect(alerts.filter((text) => text !== "")).toEqual([]);
  });

  it("U2: shows the error of a field that must not be null, too", async () => {
    show(<Things />, graphOf({ Things: [{ ...failed, data: null }, { data: { things: ["d"] } }] }));
    expect(await screen.findByRole("alert")).toHaveTextContent("req-1");
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("d")).toBeVisible();
  });

  describe("keeps what there is when it cannot be read anew", () => {
    const old = { data: { things: ["old"] } };
    const note = "This could not be read anew, and may be old.";
    const code = (code: string) => ({ data: null, errors: [{ message: "It broke.", extensions: { code } }] });
    it.each([["a mistake of the panel", code("INTERNAL")], ["too many requests", code("RATE_LIMITED")], ["no network", new TypeError("no line")]])("%s", async (_, failure) => {
      const answers: (Answer | Error)[] = [old, failure, failure, { data: { things: ["new"] } }];
      const graph = graphOf({
        Things: () => {
          const answer = answers.shift()!;
          if (answer instanceof Error) throw answer;
          return answer;
        },
      });
      const Page = () => {
        const client = useClient();
        return <><button type="button" onClick={() => refresh(client)}>refresh</button><Things /></>;
      };
      const { container } = show(<Page />, graph);
      expect(await screen.findByText("old")).toBeVisible();
      const place = container.querySelector("[aria-live=polite]")!; // which was there before
      expect(place).toBeEmptyDOMElement();
      await userEvent.click(screen.getByRole("button", { name: "refresh" }));
      expect(await screen.findByText(note)).toBeVisible();
      expect(place).toHaveTextContent(note);
      expect(screen.getByText("old")).toBeVisible();
      expect(screen.queryByRole("alert")).toBeNull();
      await userEvent.click(screen.getByRole("button", { name: "Try again" }));
      await waitFor(() => expect(graph.sent).toHaveLength(3));
      expect(screen.getByText(note)).toBeVisible();
      await userEvent.click(screen.getByRole("button", { name: "Try again" }));
      expect(await screen.findByText("new")).toBeVisible();
      expect(place).toBeEmptyDOMElement();
    });
  });

  it("says nothing of old data where only a part of a new answer failed", async () => {
    show(<Things />, graphOf({ Things: { data: { things: ["e"] }, errors: [{ message: "It broke.", extensions: { code: "INTERNAL" } }] } as never }));
    expect(await screen.findByText("e")).toBeVisible();
    expect(screen.queryByText(/read anew/)).toBeNull();
  });

  it("U2: an answer without data is an error, too, as the cache gives it", async () => {
    const error = new CombinedError({ graphQLErrors: [{ message: "It broke.", extensions: { requestId: "req-2" } }] });
    show(<QueryView<{ things: string[] }> result={{ data: null as never, error }} retry={() => {}} skeleton={null}>{({ things }) => <p>{things[0]}</p>}</QueryView>);
    expect(await screen.findByRole("alert")).toHaveTextContent("req-2");
  });

  it("U8: catches what a part of the page throws, and tries anew", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    let broken = true;
    const Broken = () => {
      if (broken) throw new Error("a mistake of the page");
      return <p>whole</p>;
    };
    const retry = vi.fn();
    const Whole = () => {
      const [data] = useState({});
      return <QueryView result={{ data, error: undefined }} retry={retry} skeleton={null}>{() => <Broken />}</QueryView>;
    };
    show(<Whole />);
    expect(await screen.findByRole("alert")).toHaveTextContent("mistake");
    broken = false;
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("whole")).toBeVisible();
    expect(retry).toHaveBeenCalledOnce();
  });
});
