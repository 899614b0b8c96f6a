import { useEffect } from "react";
import { useClient } from "urql";
import { graphql } from "@/gql/document";
import { refreshSoon } from "@/gql/refresh";
import { connection, listen } from "@/gql/socket";

const JOB_FEED = graphql(`
  subscription JobFeed($after: StreamPosition) {
    jobFeed(after: $after) {
      ... on JobEvent { position jobId kind state step }
      ... on StreamGap { position }
    }
  }
`);

/**
 * Keeps what the page shows true: it is read anew whenever a job goes on, of whoever it
 * is and where the viewer may follow them, and when a line that was lost is there again.
 */
export function useLive(follows: boolean): void {
  const client = useClient();
  useEffect(() => {
    // What was asked meanwhile had no answer, also when nothing has happened.
    let lost = connection.get() === "lost";
    const endLine = connection.subscribe(() => {
      if (connection.get() === "open" && lost) refreshSoon(client);
      lost = connection.get() === "lost" || (lost && connection.get() === "idle");
    });
    let begun = false;
    const endFeed = follows && listen(JOB_FEED, {}, {
      next: ({ jobFeed: item }) => {
        // The stream begins with a gap that only says where it stands.
        if ("jobId" in item ? !item.step : begun) refreshSoon(client);
        begun = true;
      },
    });
    return () => {
      endLine();
      if (endFeed) endFeed();
    };
  }, [client, follows]);
}
