import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { createMemoryHistory, createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { Client, fetchExchange, Provider } from "urql";
import { theme, variables } from "@/components/theme";
import { type Permission, type Viewer, ViewerContext } from "@/components/use-viewer";
import { refreshExchange } from "@/gql/refresh";
import type { graphOf } from "./render";

const everything: Permission[] = [
  "CUSTOMERS_READ", "CUSTOMERS_WRITE", "USERS_READ", "USERS_WRITE", "DATABASES_READ", "DATABASES_WRITE", "SERVERS_READ", "JOBS_READ", "JOBS_WRITE", "AUDIT_READ",
];

/** Somebody of the staff who may do everything, but for what is given. */
export const viewerOf = (patch: Partial<Viewer> = {}): Viewer => ({
  user: { id: "user_1", name: "Ada", email: "ada@example.com", role: "OWNER", totpEnabled: true }, permissions: everything, secondFactorMissing: false, impersonatedBy: null, ...patch,
});

/**
 * Shows a page at an address of its route, with a graph and a viewer, and gives the router,
 * which knows where the page has gone.
 */
export function showPage(component: () => ReactNode, at: { path: string; address: string; graph: ReturnType<typeof graphOf>; viewer?: Viewer }) {
  const client = new Client({ url: "http://panel.test/graphql", exchanges: [refreshExchange, fetchExchange], fetch: at.graph.fetch, preferGetMethod: false, requestPolicy: "network-only" });
  const root = createRootRoute({});
  const page = createRoute({ getParentRoute: () => root, path: at.path, component, validateSearch: (search: Record<string, unknown>) => search });
  const elsewhere = createRoute({ getParentRoute: () => root, path: "$", component: () => <p>elsewhere</p> });
  const router = createRouter({ routeTree: root.addChildren([page, elsewhere]), history: createMemoryHistory({ initialEntries: [at.address] }) });
  const shown = render(
    <MantineProvider theme={theme} cssVariablesResolver={variables} env="test">
      <Notifications />
      <Provider value={client}>
        <ViewerContext value={at.viewer ?? viewerOf()}>
          <RouterProvider router={router as never} />
        </ViewerContext>
      </Provider>
    </MantineProvider>,
  );
  return { ...shown, router };
}
