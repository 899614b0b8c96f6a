import { useEffect } from "react";
import { useClient } from "urql";
import { graphql } from "@/gql/document";
import { refresh } from "@/gql/refresh";
import { listen } from "@/gql/socket";

const DONE = graphql(`
  subscription Done($after: StreamPosition) {
    auditFeed(after: $after) {
      ... on AuditEntry { position event { action allowed } }
      ... on StreamGap { position }
    }
  }
`);

/** The page is read anew at most this often, in ms, however much is done. */
const pause = 1_000;

/** Has the page read anew when somebody has done something, wherever; of sessions that come and go it tells nothing. */
export function useDone(enabled: boolean): void {
  const client = useClient();
  useEffect(() => {
    if (!enabled) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    let begun = false;
    const end = listen(DONE, {}, {
      next: ({ auditFeed: item }) => {
        const counts = "event" in item ? item.event.allowed && !item.event.action.startsWith("session.") : begun; // the first gap only says where the stream stands
        begun = true;
        if (!counts) return;
        timer ??= setTimeout(() => {
          timer = undefined;
          last = Date.now();
          refresh(client);
        }, Math.max(50, last + pause - Date.now()));
      },
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [client, enabled]);
}
