import { everything, graphOf, show, viewerOf } from "./render";
import type { Viewer } from "@/components/use-viewer";
import { DatabasePage } from "@/features/databases/detail";

type Sent = { variables: Record<string, unknown> };

export const pageOf = (...nodes: object[]) => ({ nodes, totalCount: nodes.length, pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null } });
export const dryRun = (sent: Sent): boolean => (sent.variables.input as { dryRun?: boolean } | undefined)?.dryRun === true;

/** A database as its page reads it. */
export const databaseOf = (patch: object = {}) => ({
  id: "db_1", name: "shop", externalName: "c7_shop", username: "c7_shop", previousUsername: null, previousUntil: null, state: "ACTIVE", host: "db.test", port: 5432, accessCidrs: [], connectionLimit: 20, suspendReason: null,
  suspendedFromAbove: false, sizeBytes: "1536", connections: 3, overQuota: false, cleanupUntil: null, measuredAt: null, createdAt: "2026-11-01T10:00:00Z", updatedAt: "2026-11-01T10:00:00Z", deleteAfter: null, driftPolicy: "REPAIR",
  customer: { id: "cust_1", name: "Acme", state: "ACTIVE" }, server: { id: "srv_1", name: "pg-1", capabilities: [{ name: "remote_access", available: true, hint: null }] },
  connectionStrings: [{ format: "URI", value: "postgresql://c7_shop@db.test/c7_shop" }], ...patch,
});

export const dump = (id: string, patch: object = {}) => ({ id, origin: "EXPORT", state: "READY", format: "CUSTOM", sizeBytes: "1536", rawBytes: "4096", sha256: "abc", createdAt: "2026-11-01T10:00:00Z", expiresAt: "2099-01-01T00:00:00Z", ...patch });
export const databaseUser = (name: string, patch: object = {}) => ({ id: `du_${name}`, name, username: `c7_${name}`, rights: "READ_ONLY", state: "ACTIVE", connectionLimit: 5, statementTimeoutSeconds: 30, createdAt: "2026-11-01T10:00:00Z", ...patch });
export const credentials = { host: "db.test", port: 5432, database: "c7_shop", username: "c7_shop", password: "n3w-word", connectionStrings: [{ format: "URI", value: "postgresql://c7_shop:n3w-word@db.test/c7_shop" }] };

/** What the graph answers of a mutation that has a dry run: the steps, and then its job and whatever else. */
export const ordered = (field: string, more: object = {}) => (sent: Sent) => ({
  data: { [field]: { preview: dryRun(sent) ? { steps: [`step-of-${field}`], quotas: [] } : null, job: dryRun(sent) ? null : { id: "job_1" }, database: null, credentials: null, ...(dryRun(sent) ? {} : more) } },
});

/** The page of a database at one of its tabs, with a graph that answers all that it reads. */
export function openDatabase(p: { tab?: string; database?: object; answers?: object; viewer?: Viewer }) {
  const graph = graphOf({
    DatabaseDetail: { data: { database: databaseOf(p.database) } },
    PermissionsIn: { data: { viewer: { permissions: ["DATABASES_READ", "DATABASES_WRITE", "JOBS_READ"] } } },
    JobLive: { data: { job: { id: "job_1", kind: "database.job", state: "SUCCEEDED", percent: 100, waitingFor: null, finishedAt: "2026-11-26T10:00:00Z", steps: [], error: null } } },
    DatabaseUsers: { data: { database: { id: "db_1", users: pageOf() } } }, DatabaseDumps: { data: { database: { id: "db_1", dumps: pageOf() } } }, JobsOf: { data: { jobs: pageOf() } },
    ChooseCustomer: { data: { customers: { nodes: [] } } }, ChosenCustomer: { data: { customer: { id: "cust_1", name: "Acme" } } },
    ...p.answers,
  });
  const shown = show(<DatabasePage />, graph, { path: "/databases/$id", at: `/databases/db_1${p.tab ? `?tab=${p.tab}` : ""}`, viewer: p.viewer ?? viewerOf(everything) });
  /** What was sent of one mutation, without its dry runs. */
  const inputs = (name: string) => graph.sent.filter((s) => s.operationName === name && !dryRun(s)).map(({ variables }) => variables.input);
  return { graph, inputs, ...shown };
}
