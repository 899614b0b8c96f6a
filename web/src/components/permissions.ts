import type { Permission } from "@/components/use-viewer";
import { texts } from "@/lib/text";

const useTexts = texts("permissions", {
  en: {
    CUSTOMERS: "Customers", USERS: "Users", DATABASES: "Databases", JOBS: "Jobs", SERVERS: "Servers", AUDIT: "Audit log",
    CUSTOMERS_READ: "See customers", CUSTOMERS_WRITE: "Change customers", USERS_READ: "See users", USERS_WRITE: "Change users", DATABASES_READ: "See databases", DATABASES_WRITE: "Create, change and delete databases",
    SERVERS_READ: "See servers", SERVERS_WRITE: "Change servers", JOBS_READ: "Follow jobs", JOBS_WRITE: "Cancel and repeat jobs", AUDIT_READ: "Read the audit log", USERS_IMPERSONATE: "Act as users",
  },
  de: {
    CUSTOMERS: "Kunden", USERS: "Benutzer", DATABASES: "Datenbanken", JOBS: "Aufträge", SERVERS: "Server", AUDIT: "Protokoll",
    CUSTOMERS_READ: "Kunden sehen", CUSTOMERS_WRITE: "Kunden ändern", USERS_READ: "Benutzer sehen", USERS_WRITE: "Benutzer ändern", DATABASES_READ: "Datenbanken sehen", DATABASES_WRITE: "Datenbanken anlegen, ändern und löschen",
    SERVERS_READ: "Server sehen", SERVERS_WRITE: "Server ändern", JOBS_READ: "Aufträge verfolgen", JOBS_WRITE: "Aufträge abbrechen und wiederholen", AUDIT_READ: "Protokoll lesen", USERS_IMPERSONATE: "Als Benutzer handeln",
  },
});

/** What a token can be given, by what it is about. */
export const groups: { name: "CUSTOMERS" | "USERS" | "DATABASES" | "JOBS" | "SERVERS" | "AUDIT"; permissions: Permission[] }[] = [
  { name: "DATABASES", permissions: ["DATABASES_READ", "DATABASES_WRITE"] },
  { name: "JOBS", permissions: ["JOBS_READ", "JOBS_WRITE"] },
  { name: "CUSTOMERS", permissions: ["CUSTOMERS_READ", "CUSTOMERS_WRITE"] },
  { name: "USERS", permissions: ["USERS_READ"] },
  { name: "SERVERS", permissions: ["SERVERS_READ", "SERVERS_WRITE"] },
  { name: "AUDIT", permissions: ["AUDIT_READ"] },
];

/** What a pinned token can be given: all else is not about its databases. */
export const ofDatabases: readonly Permission[] = ["DATABASES_READ", "DATABASES_WRITE", "JOBS_READ", "JOBS_WRITE"];

/** Permissions, and their groups, in plain words. */
export const usePermissionText = (): ((name: Permission | (typeof groups)[number]["name"]) => string) => useTexts();
