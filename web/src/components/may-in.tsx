import type { ReactNode } from "react";
import { useMayIn } from "./use-may-in";
import { type Permission, useIsStaff } from "./use-viewer";

/** What a row of a list has for who holds a permission within the row's customer; the staff's is the same within all, and is not asked for each. */
export function MayIn(p: { customerId: string | undefined; permission: Permission; children: ReactNode }) {
  const may = useMayIn(useIsStaff() ? undefined : p.customerId);
  return may(p.permission) && p.children;
}
