import { useEffect, useState } from "react";
import { graphql } from "@/gql/document";
import type { JobProgressSubscription } from "@/gql/generated/graphql";
import type { Refusal } from "@/gql/problem";
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
  /** Nothing more will come. */
  complete: boolean;
  problem?: Refusal;
}

/**
 * All that happened to a job and happens, each event once, also over lost connections
 * and while nobody looks. An id of undefined follows nothing.
 */
export function useJobProgress(id: string | undefined): Progress {
  const [progress, setProgress] = useState<Progress>({ events: [], gap: false, complete: false });
  useEffect(() => {
    setProgress({ events: [], gap: false, complete: false });
    if (id === undefined) return;
    return listen(JOB_PROGRESS, { id }, {
      next: ({ jobProgress: item }) => setProgress((p) => ("kind" in item ? { ...p, events: [...p.events, item] } : { ...p, gap: true })),
      complete: () => setProgress((p) => ({ ...p, complete: true })),
      error: (problem) => setProgress((p) => ({ ...p, problem })),
    });
  }, [id]);
  return progress;
}
