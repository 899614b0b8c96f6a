import { cacheExchange, type KeyGenerator } from "@urql/exchange-graphcache";

const embedded: KeyGenerator = () => null;

/** Types without an id of their own: they lie within the object that they were read of. */
const parts = [
  "ApiTokenConnection", "AuditEventConnection", "Capability", "ConnectionString", "CustomerConnection", "DatabaseConnection", "DatabaseCredentials",
  "DatabaseDumpConnection", "DatabaseServerConnection", "DatabaseServerMaintenance", "DatabaseUserConnection", "DriftBrake", "DriftFindingConnection",
  "Impersonation", "InvitationConnection", "JobConnection", "JobError", "JobEvent", "JobStep", "Membership", "MembershipConnection", "NotificationConnection", "PageInfo", "Panel", "Preview",
  "Quota", "RateLimit", "UserConnection", "Viewer",
];

/**
 * One object is the same on all pages. Which rows a list has only the panel knows: see
 * `refreshExchange`. Fragments are on types of objects alone, never on an interface: with
 * no possible types the cache takes them by their names, and does not guess by fields, which
 * loses whole answers when objects of several types have some of them.
 */
export const cache = () => cacheExchange({ keys: Object.fromEntries(parts.map((name) => [name, embedded])), possibleTypes: {} });
