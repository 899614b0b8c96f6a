import { useEffect, useState } from "react";
import type { TypedDocumentNode } from "@urql/core";
import { useClient } from "urql";
import { type Problem, problemsOf } from "@/gql/problem";

/** What a dry run found. */
export interface Previewed {
  steps: readonly string[];
  quotas?: readonly { name: string; used: string; max?: string | null }[];
}

export interface PreviewState {
  preview?: Previewed;
  /** What the order would be refused with. */
  problem?: Problem;
}

/** How long nothing may be changed before the panel is asked, in ms. */
const pause = 250;

/**
 * What a mutation would do, asked of the panel whenever its variables change: the same
 * with `dryRun`, which writes nothing. Its document has to ask for `preview`.
 */
export function usePreview<Data, Variables extends object>(document: TypedDocumentNode<Data, Variables>, variables: Variables, enabled: boolean): PreviewState {
  const client = useClient();
  const [state, setState] = useState<PreviewState>({});
  const sent = JSON.stringify(variables);
  useEffect(() => {
    setState({});
    if (!enabled) return;
    let over = false;
    const timer = setTimeout(async () => {
      const { input } = JSON.parse(sent) as { input: object };
      const { data, error } = await client.mutation(document, { input: { ...input, dryRun: true } } as unknown as Variables).toPromise();
      if (over) return;
      if (error || !data) setState({ problem: problemsOf(error)[0] });
      else setState({ preview: (Object.values(data)[0] as { preview?: Previewed | null }).preview ?? undefined });
    }, pause);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [client, document, sent, enabled]);
  return state;
}
