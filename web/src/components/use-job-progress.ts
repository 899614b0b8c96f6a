import { useEffect, useState } from "react";
import { graphql } from "@/gql/document";
import type { JobProgressSubscription } from "@/gql/generated/graphql";
import type { Problem } from "@/gql/problem";
import { listen } from "@/gql/socket";

const JOB_PROGRESS = graphql(`
  subscription JobProgress($id: ID!, $after: StreamPosition) {
    jobProgress(id: $id, after: $after) {
      ... on JobEvent { position at kind state step stepState percent message error { code message retryable } }
      ... on StreamGap { position }
    }
  }
`);

type Item = JobProgressSubscription["jobProgress"];
export type JobEvent = Extract<Item, { kind: string }>;

export interface Progress {
  events: readonly JobEvent[];
  /** Events before those are not kept any more. */
  gap: boolean;
  /** Why it cannot be followed any more. */
  problem?: Problem;
}

/**
 * All that happened to a job and happens, each event once, also over lost connections
 * and while nobody looks.
 */
export function useJobProgress(id: string): Progress {
  const [progress, setProgress] = useState<Progress>({ events: [], gap: false });
  useEffect(() => {
    setProgress({ events: [], gap: false });
    return listen(JOB_PROGRESS, { id }, {
      next: ({ jobProgress: item }) => setProgress((p) => ("kind" in item ? { ...p, events: [...p.events, item] } : { ...p, gap: true })),
      error: ({ problems: [problem] }) => setProgress((p) => ({ ...p, problem })),
    });
  }, [id]);
  return progress;
}
