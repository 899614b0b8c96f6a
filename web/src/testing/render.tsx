import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { Client, fetchExchange, Provider } from "urql";
import { theme, variables } from "@/components/theme";

/** What the graph is to answer to one operation: its data, or its errors. */
export type Answer = { data: unknown } | { errors: { message: string; extensions?: Record<string, unknown> }[] };

/** One request as it was sent. */
export interface Sent {
  operationName: string;
  variables: Record<string, unknown>;
  headers: Record<string, string>;
}

/**
 * A graph that answers operations by their names, each answer of a list once and the
 * last one for good; it keeps what it was asked.
 */
export function graphOf(answers: Record<string, Answer | Answer[] | ((sent: Sent) => Answer | Promise<Answer>)>) {
  const sent: Sent[] = [];
  const fetch = async (_: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const body = JSON.parse(String(init?.body)) as { operationName: string; variables: Record<string, unknown> };
    const one = { operationName: body.operationName, variables: body.variables ?? {}, headers: Object.fromEntries(new Headers(init?.headers)) };
    sent.push(one);
    const answer = answers[one.operationName];
    if (answer === undefined) throw new TypeError(`nothing answers ${one.operationName}`);
    const now = typeof answer === "function" ? await answer(one) : Array.isArray(answer) ? (answer.length > 1 ? answer.shift()! : answer[0]!) : answer;
    return Response.json(now);
  };
  return { fetch: fetch as typeof globalThis.fetch, sent };
}

/** Shows something as the app does, around it a graph that answers. */
export function show(what: ReactNode, graph = graphOf({})) {
  const client = new Client({ url: "http://panel.test/graphql", exchanges: [fetchExchange], fetch: graph.fetch, preferGetMethod: false });
  const root = createRootRoute({ component: () => <>{what}</> });
  const router = createRouter({ routeTree: root, history: createMemoryHistory({ initialEntries: ["/"] }) });
  return render(
    <MantineProvider theme={theme} cssVariablesResolver={variables} env="test">
      <Notifications />
      <Provider value={client}>
        <RouterProvider router={router as never} />
      </Provider>
    </MantineProvider>,
  );
}
