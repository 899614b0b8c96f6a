import { type ReactNode, useEffect } from "react";
import { useQuery } from "urql";
import { ViewerContext, type Viewer } from "@/components/use-viewer";
import { QueryView } from "@/components/query-view";
import { graphql } from "@/gql/document";
import { store } from "@/lib/store";
import { ShellSkeleton } from "./shell-skeleton";

const VIEWER = graphql(`
  query Viewer {
    viewer {
      user { id name email role totpEnabled }
      permissions
      secondFactorMissing
      impersonatedBy { id name }
    }
  }
`);

/** Whose pages these are, known to what stands outside of them. */
export const viewerId = store<string | null>(null);

/** Gives who is signed in, and what that user may do, to all that is within. */
export function ViewerProvider(p: { children: ReactNode }) {
  const [result, retry] = useQuery({ query: VIEWER });
  const id = result.data?.viewer.user.id ?? null;
  useEffect(() => {
    if (result.data && !result.data.viewer.impersonatedBy) viewerId.set(id);
  }, [id, result.data]);
  return (
    <QueryView result={result} retry={retry} skeleton={<ShellSkeleton />}>
      {({ viewer }) => <ViewerContext value={viewer as Viewer}>{p.children}</ViewerContext>}
    </QueryView>
  );
}
