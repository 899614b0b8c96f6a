import type { ReactNode } from "react";
import { useQuery } from "urql";
import { ViewerContext, type Viewer } from "@/components/use-viewer";
import { QueryView } from "@/components/query-view";
import { graphql } from "@/gql/document";
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

/** Gives who is signed in, and what that user may do, to all that is within. */
export function ViewerProvider(p: { children: ReactNode }) {
  const [result, retry] = useQuery({ query: VIEWER });
  return (
    <QueryView result={result} retry={retry} skeleton={<ShellSkeleton />}>
      {({ viewer }) => <ViewerContext value={viewer as Viewer}>{p.children}</ViewerContext>}
    </QueryView>
  );
}
