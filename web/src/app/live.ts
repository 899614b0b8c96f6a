import { useEffect } from "react";
import { useClient } from "urql";
import { graphql } from "@/gql/document";
import { refresh } from "@/gql/refresh";
import { listen } from "@/gql/socket";

const JOB_FEED = graphql(`
  subscription JobFeed($after: StreamPosition) {
    jobFeed(after: $after) {
      ... on JobEvent { position jobId kind state step }
      ... on StreamGap { position }
    }
  }
`);

/** The page is read anew at most this often, in ms, however much happens. */
const pause = 1_000;

/** Keeps what the page shows true: whenever a job goes on, of whoever it is, it is read anew. */
export function useLive(enabled: boolean): void {
  const client = useClient();
  useEffect(() => {
    if (!enabled) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        last = Date.now();
        refresh(client);
      }, Math.max(50, last + pause - Date.now()));
    };
    let begun = false;
    const end = listen(JOB_FEED, {}, {
      next: ({ jobFeed: item }) => {
        // The stream begins with a gap that only says where it stands.
        if ("jobId" in item ? !item.step : begun) soon();
        begun = true;
      },
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [client, enabled]);
}
