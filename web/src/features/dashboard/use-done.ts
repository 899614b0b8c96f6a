import { useEffect } from "react";
import { useClient } from "urql";
import { graphql } from "@/gql/document";
import { refreshSoon } from "@/gql/refresh";
import { listen } from "@/gql/socket";

const DONE = graphql(`
  subscription Done($after: StreamPosition) {
    auditFeed(after: $after) {
      ... on AuditEntry { position event { action allowed } }
      ... on StreamGap { position }
    }
  }
`);

/** Has the page read anew when somebody has done something, wherever; of sessions that come and go it tells nothing. */
export function useDone(enabled: boolean): void {
  const client = useClient();
  useEffect(() => {
    if (!enabled) return;
    let begun = false;
    return listen(DONE, {}, {
      next: ({ auditFeed: item }) => {
        const counts = "event" in item ? item.event.allowed && !item.event.action.startsWith("session.") : begun; // the first gap only says where the stream stands
        begun = true;
        if (counts) refreshSoon(client);
      },
    });
  }, [client, enabled]);
}
