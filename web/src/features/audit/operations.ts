import { graphql } from "@/gql/document";
import type { AuditEventsQuery } from "@/gql/generated/graphql";
import { timeOf } from "@/lib/clock-field";
import { addressOf, isWithin } from "./address";

export const EVENTS = graphql(`
  query AuditEvents($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: AuditFilter) {
    auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes {
        id at action allowed times ip objectId
        actor { id name }
        impersonator { id name }
        customer { id name }
        object {
          __typename id
          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }
          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }
        }
      }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);

export const FEED = graphql(`
  subscription AuditFeed($after: StreamPosition) {
    auditFeed(after: $after) {
      ... on AuditEntry {
        position
        event {
          id at action allowed times ip objectId
          actor { id name }
          impersonator { id name }
          customer { id name }
          object {
            __typename id
            ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }
            ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }
          }
        }
      }
      ... on StreamGap { position }
    }
  }
`);

/** An entry as the list shows it. */
export type Entry = AuditEventsQuery["auditEvents"]["nodes"][number];

/** What the address says of the list. */
export interface AuditSearch {
  after?: string;
  before?: string;
  actor?: string;
  customer?: string;
  action?: string;
  object?: string;
  ip?: string;
  allowed?: "yes" | "no";
  from?: string;
  to?: string;
  event?: string;
  paused?: boolean;
  /** Whether entries of what pages do by themselves are shown, too. */
  renewals?: boolean;
}

/** What each tab does by itself each quarter of an hour: it would hide what people do. */
export const renewal = "session.refresh";

/** The graph's filter of what the page's address says; what is no address of the network is left to the panel to refuse. */
export const filterOf = (s: AuditSearch) => ({
  actorId: s.actor, customerId: s.customer, action: s.action, exceptActions: s.renewals || s.action === renewal ? undefined : [renewal], objectId: s.object, ip: s.ip && (addressOf(s.ip) ?? s.ip), allowed: s.allowed && s.allowed === "yes", from: timeOf(s.from), to: timeOf(s.to),
});

/** Whether an entry that comes live belongs to the list, by the rules of the graph's filter. */
export function fits(e: Entry, f: ReturnType<typeof filterOf>): boolean {
  return (
    (!f.actorId || e.actor?.id === f.actorId || e.impersonator?.id === f.actorId) && (!f.customerId || e.customer?.id === f.customerId) && (!f.action || e.action === f.action) && !f.exceptActions?.includes(e.action) &&
    (!f.objectId || e.objectId === f.objectId) && (!f.ip || (e.ip != null && isWithin(e.ip, f.ip))) && (f.allowed === undefined || e.allowed === f.allowed) && (!f.from || Date.parse(e.at) >= Date.parse(f.from)) && (!f.to || Date.parse(e.at) < Date.parse(f.to))
  );
}
