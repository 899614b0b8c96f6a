import { useCallback } from "react";
import type { AuditEventsQuery } from "@/gql/generated/graphql";
import { useJobTitle } from "./job-title";
import { useKindName } from "./kind-name";

/** What something was done to, as entries of the audit have it. */
export type AuditObject = NonNullable<AuditEventsQuery["auditEvents"]["nodes"][number]["object"]>;

/** The name of what something was done to, whatever it is; of what has none, what it is. */
export function useObjectName(): (object: AuditObject) => string {
  const kind = useKindName();
  const title = useJobTitle();
  return useCallback((object) => {
    if ("name" in object) return object.name;
    if ("username" in object) return object.username;
    if ("email" in object) return object.email;
    if ("kind" in object) return title(object.kind);
    return kind(object.__typename);
  }, [kind, title]);
}

/** Where that is shown; undefined where it has no page. */
export function pageOfObject(object: AuditObject): string | undefined {
  switch (object.__typename) {
    case "Database": return `/databases/${object.id}`;
    case "Customer": return `/customers/${object.id}`;
    case "User": return `/users/${object.id}`;
    case "DatabaseServer": return `/servers/${object.id}`;
    case "Job": return `/jobs/${object.id}`;
    default: return undefined;
  }
}
