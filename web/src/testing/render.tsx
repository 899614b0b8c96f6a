import { MantineProvider } from "@mantine/core";
import { Notifications, notifications } from "@mantine/notifications";
import { createMemoryHistory, createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { Client, fetchExchange, Provider } from "urql";
import { theme, variables } from "@/components/theme";
import { type Permission, type Viewer, ViewerContext } from "@/components/use-viewer";
import { cache } from "@/gql/cache";
import { refreshExchange } from "@/gql/refresh";
import { typed } from "./typed";

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

/** What the staff's owner may do with customers and what is theirs. */
export const everything: Permission[] = [
  "CUSTOMERS_READ", "CUSTOMERS_WRITE", "USERS_READ", "USERS_WRITE", "DATABASES_READ", "DATABASES_WRITE", "SERVERS_READ", "JOBS_READ", "JOBS_WRITE", "AUDIT_READ",
];

/** Who looks at it, where it matters. */
export const viewerOf = (permissions: Permission[] = [], more: Partial<Viewer> = {}): Viewer => ({
  user: { id: "u-me", name: "Ada", email: "ada@example.com", role: "ADMIN", totpEnabled: false },
  permissions, secondFactorMissing: false, impersonatedBy: null, ...more,
});

/** Somebody who is not of the staff, and may do that with a customer. */
export const memberOf = (permissions: Permission[]): Viewer => viewerOf(permissions, { user: { ...viewerOf().user, role: null } });

/** What somebody may do with one customer, and with all others. */
export const permissionsIn = (customerId: string, there: Permission[], elsewhere: Permission[]) => ({ variables }: Sent): Answer => ({ data: { viewer: { permissions: variables.customerId === customerId ? there : elsewhere } } });

/** Somebody of the staff who acts as Ada. */
export const impersonated: Viewer = viewerOf(everything, { impersonatedBy: { id: "u-staff", name: "Grace" } });

/**
 * Shows something as the app does, around it its cache and a graph that answers. A page that reads
 * its address is given the route's path and the address that it is at; the router and its
 * history know where it has gone.
 */
export function show(what: ReactNode, graph = graphOf({}), place: { path?: string; at?: string; viewer?: Viewer } = {}) {
  notifications.clean(); // what the test before told
  const client = new Client({
    url: "http://panel.test/graphql", requestPolicy: "cache-and-network", exchanges: [refreshExchange, cache(), fetchExchange], preferGetMethod: false,
    fetch: async (input, init) => {
      const answer = (await (await graph.fetch(input, init)).json()) as { data?: unknown };
      const { query } = JSON.parse(String(init?.body)) as { query: string };
      return Response.json({ ...answer, data: typed(query, answer.data) });
    },
  });
  const root = createRootRoute();
  const page = createRoute({ getParentRoute: () => root, path: place.path ?? "/", component: () => <>{what}</> });
  const elsewhere = createRoute({ getParentRoute: () => root, path: "$", component: () => <p>elsewhere</p> });
  const history = createMemoryHistory({ initialEntries: [place.at ?? place.path ?? "/"] });
  const router = createRouter({ routeTree: root.addChildren([page, elsewhere]), history });
  const shown = render(
    <MantineProvider theme={theme} cssVariablesResolver={variables} env="test">
      <Notifications />
      <Provider value={client}>
        <ViewerContext value={place.viewer ?? viewerOf()}>
          <RouterProvider router={router as never} />
        </ViewerContext>
      </Provider>
    </MantineProvider>,
  );
  return { ...shown, history, router };
}
