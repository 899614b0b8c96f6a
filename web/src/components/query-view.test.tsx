import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { CombinedError, useQuery } from "urql";
import { describe, expect, it, vi } from "vitest";
import { graphOf, show } from "@/testing/render";
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

  it("U2: shows the error of a field that must not be null, too", async () => {
    show(<Things />, graphOf({ Things: [{ ...failed, data: null }, { data: { things: ["d"] } }] }));
    expect(await screen.findByRole("alert")).toHaveTextContent("req-1");
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("d")).toBeVisible();
  });

  it("keeps old data in sight when newer cannot be had", async () => {
    const result = { data: { things: ["old"] }, error: new CombinedError({ networkError: new Error("x") }) };
    show(<QueryView result={result} retry={() => {}} skeleton={null}>{({ things }) => <p>{things[0]}</p>}</QueryView>);
    expect(await screen.findByText("old")).toBeVisible();
    expect(screen.queryByRole("alert")).toBeNull();
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
