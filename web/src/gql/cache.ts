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
 * Interfaces, and the types that have them, of which fragments are: none, as each fragment of ours
 * is of a type. Without the list the cache takes a fragment of one type for one of another
 * that has fields of the same names, and misses some there.
 */
const possibleTypes = {};

/**
 * One object is the same on all pages. Which rows a list has only the panel knows: see
 * `refreshExchange`.
 */
export const cache = () => cacheExchange({ possibleTypes, keys: Object.fromEntries(parts.map((name) => [name, embedded])) });
