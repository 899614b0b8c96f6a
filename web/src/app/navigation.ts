import {
  IconActivity, IconDatabase, IconGauge, IconHistory, IconLayoutDashboard, IconLock, IconServer, IconSettings, IconUsers, IconUsersGroup, type Icon,
} from "@tabler/icons-react";
import type { Permission } from "@/components/use-viewer";

/** A page of the navigation: for those who hold its permission, and reached by `g` and its key. */
export interface Place {
  name: "dashboard" | "customers" | "databases" | "jobs" | "users" | "servers" | "drift" | "audit" | "security" | "settings";
  to: string;
  icon: Icon;
  key: string;
  needs?: Permission;
  /** In the user's menu, and not in the navigation. */
  own?: boolean;
}

export const places: Place[] = [
  { name: "dashboard", to: "/", icon: IconLayoutDashboard, key: "o" },
  { name: "customers", to: "/customers", icon: IconUsersGroup, key: "c", needs: "CUSTOMERS_READ" },
  { name: "databases", to: "/databases", icon: IconDatabase, key: "d", needs: "DATABASES_READ" },
  { name: "jobs", to: "/jobs", icon: IconActivity, key: "j", needs: "JOBS_READ" },
  { name: "users", to: "/users", icon: IconUsers, key: "u", needs: "USERS_READ" },
  { name: "servers", to: "/servers", icon: IconServer, key: "s", needs: "SERVERS_READ" },
  { name: "drift", to: "/drift", icon: IconGauge, key: "f", needs: "JOBS_READ" },
  { name: "audit", to: "/audit", icon: IconHistory, key: "a", needs: "AUDIT_READ" },
  { name: "security", to: "/security", icon: IconLock, key: "p", own: true },
  { name: "settings", to: "/settings", icon: IconSettings, key: "e", own: true },
];
