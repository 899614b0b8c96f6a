import { createContext, use } from "react";
import type { ViewerQuery } from "@/gql/generated/graphql";

export type Viewer = ViewerQuery["viewer"];
export type Permission = Viewer["permissions"][number];

export const ViewerContext = createContext<Viewer | null>(null);

/** Who is signed in. */
export function useViewer(): Viewer {
  const viewer = use(ViewerContext);
  if (!viewer) throw new Error("useViewer is for what is within the shell");
  return viewer;
}

/**
 * Whether the viewer holds a permission somewhere. It decides what is shown; what may be
 * done the panel decides.
 */
export function useMay(): (permission: Permission) => boolean {
  const { permissions } = useViewer();
  return (permission) => permissions.includes(permission);
}

/** Whether the viewer is of the provider's staff. */
export const useIsStaff = (): boolean => useViewer().user.role !== null;
