import { createRootRoute, createRoute, createRouter, lazyRouteComponent, retainSearchParams } from "@tanstack/react-router";
import { NotFound } from "@/components/not-found";
import { PageSkeleton } from "@/components/skeletons";
import { PanelError } from "@/components/panel-error";
import { listWords, searchOf } from "@/lib/list-search";
import { Shell } from "./shell";
import { useTexts } from "./texts";
import { ViewerProvider } from "./viewer";

function Loading() {
  return <PageSkeleton label={useTexts()("starting")} />;
}

const root = createRootRoute({
  // The customer that was chosen goes along from page to page.
  validateSearch: searchOf({ customer: "text" }),
  search: { middlewares: [retainSearchParams(["customer"])] },
  component: () => (
    <ViewerProvider>
      <Shell />
    </ViewerProvider>
  ),
  notFoundComponent: NotFound,
});

const dashboard = createRoute({
  getParentRoute: () => root, path: "/",
  component: lazyRouteComponent(() => import("@/features/dashboard/dashboard"), "DashboardPage"),
});

const states = ["PENDING", "ACTIVE", "DEGRADED", "SUSPENDED", "FAILED", "DELETING"] as const;
const databases = createRoute({
  getParentRoute: () => root, path: "/databases",
  validateSearch: searchOf({ ...listWords("NAME", "SIZE", "CREATED_AT"), new: "flag", q: "text", state: states, customer: "text" }),
  component: lazyRouteComponent(() => import("@/features/databases/list"), "DatabasesPage"),
});
const database = createRoute({
  getParentRoute: () => root, path: "/databases/$id",
  validateSearch: searchOf({ ...listWords(), tab: ["overview", "users", "dumps", "jobs", "settings"] }),
  component: lazyRouteComponent(() => import("@/features/databases/detail"), "DatabasePage"),
});

const customerStates = ["ACTIVE", "SUSPENDED", "ARCHIVED"] as const;
const customers = createRoute({
  getParentRoute: () => root, path: "/customers",
  validateSearch: searchOf({ ...listWords("NAME", "EMAIL", "CREATED_AT"), new: "flag", q: "text", state: customerStates, country: /^[A-Z]{2}$/ }),
  component: lazyRouteComponent(() => import("@/features/customers/list"), "CustomersPage"),
});
const customer = createRoute({
  getParentRoute: () => root, path: "/customers/$id",
  validateSearch: searchOf({ ...listWords(), tab: ["overview", "children", "databases", "members", "jobs", "audit", "settings"], event: "text" }),
  component: lazyRouteComponent(() => import("@/features/customers/detail"), "CustomerPage"),
});

const jobStates = ["PENDING", "RUNNING", "COMPENSATING", "SUCCEEDED", "FAILED", "CANCELED", "STUCK"] as const;
const jobs = createRoute({
  getParentRoute: () => root, path: "/jobs",
  validateSearch: searchOf({ ...listWords(), state: jobStates, customer: "text", resource: "text", from: "text" }),
  component: lazyRouteComponent(() => import("@/features/jobs/list"), "JobsPage"),
});
const job = createRoute({
  getParentRoute: () => root, path: "/jobs/$id",
  component: lazyRouteComponent(() => import("@/features/jobs/job"), "JobPage"),
});

const security = createRoute({
  getParentRoute: () => root, path: "/security",
  validateSearch: searchOf({ new: "flag" }),
  component: lazyRouteComponent(() => import("@/features/security/security"), "SecurityPage"),
});
const settings = createRoute({
  getParentRoute: () => root, path: "/settings",
  component: lazyRouteComponent(() => import("@/features/settings/settings"), "SettingsPage"),
});
const users = createRoute({
  getParentRoute: () => root, path: "/users",
  validateSearch: searchOf({ ...listWords(), new: "flag", q: "text", customer: "text" }),
  component: lazyRouteComponent(() => import("@/features/users/list"), "UsersPage"),
});
const user = createRoute({
  getParentRoute: () => root, path: "/users/$id",
  component: lazyRouteComponent(() => import("@/features/users/user"), "UserPage"),
});
const audit = createRoute({
  getParentRoute: () => root, path: "/audit",
  validateSearch: searchOf({ ...listWords(), actor: "text", customer: "text", action: "text", object: "text", ip: "text", allowed: ["yes", "no"], from: "text", to: "text", event: "text", paused: "flag", renewals: "flag" }),
  component: lazyRouteComponent(() => import("@/features/audit/audit"), "AuditPage"),
});
const servers = createRoute({
  getParentRoute: () => root, path: "/servers",
  validateSearch: searchOf({ ...listWords(), new: "flag", attention: "flag" }),
  component: lazyRouteComponent(() => import("@/features/servers/list"), "ServersPage"),
});
const server = createRoute({
  getParentRoute: () => root, path: "/servers/$id",
  component: lazyRouteComponent(() => import("@/features/servers/server"), "ServerPage"),
});
const drift = createRoute({
  getParentRoute: () => root, path: "/drift",
  validateSearch: searchOf({ ...listWords(), kind: ["MISSING", "DIFFERS", "ORPHAN", "FOREIGN"], server: "text", database: "text", customer: "text", resolved: ["yes", "all"] }),
  component: lazyRouteComponent(() => import("@/features/drift/drift"), "DriftPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    dashboard, customers, customer, databases, database, jobs, job,
    security, settings, users, user, audit, servers, server, drift,
  ]),
  defaultPendingComponent: Loading,
  defaultErrorComponent: ({ error, reset }) => <PanelError error={error} onRetry={reset} />,
  defaultNotFoundComponent: NotFound,
  defaultPreload: "intent",
  defaultRemountDeps: ({ params }) => params, // the page of another object begins anew, without anything of the one before
  scrollRestoration: true, // Back comes to where the page was
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
