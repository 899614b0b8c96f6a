import { useEffect } from "react";
import { useClient, useQuery } from "urql";
import { toastNotice } from "@/components/toasts";
import { graphql } from "@/gql/document";
import type { NoticesQuery } from "@/gql/generated/graphql";
import { refreshSoon } from "@/gql/refresh";
import { listen } from "@/gql/socket";

const NOTICES = graphql(`
  query Notices {
    viewer {
      notifications(first: 30) {
        nodes {
          id at level message readAt
          object { __typename id ... on Job { kind resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } } } ... on Database { name } ... on Customer { title: name } }
        }
        unreadCount
      }
    }
  }
`);

const NOTICE_FEED = graphql(`
  subscription NoticeFeed($after: StreamPosition) {
    notifications(after: $after) {
      ... on NotificationEntry { position notification { id level message } }
      ... on StreamGap { position }
    }
  }
`);

export const MARK_READ = graphql(`
  mutation MarkNotificationsRead($input: MarkNotificationsReadInput!) {
    markNotificationsRead(input: $input) { marked unreadCount }
  }
`);

export type Notice = NoticesQuery["viewer"]["notifications"]["nodes"][number];

/** What the viewer was told by the panel, as it comes; what failed also appears at once, wherever the viewer is. */
export function useNotices(): { notices: readonly Notice[]; unread: number } {
  const client = useClient();
  const [{ data }] = useQuery({ query: NOTICES });
  useEffect(
    () =>
      listen(NOTICE_FEED, {}, {
        next: ({ notifications: item }) => {
          if (!("notification" in item)) return;
          const { level, message } = item.notification;
          if (level === "ERROR" || level === "WARNING") toastNotice(message, level);
          refreshSoon(client);
        },
      }),
    [client],
  );
  return { notices: data?.viewer.notifications.nodes ?? [], unread: data?.viewer.notifications.unreadCount ?? 0 };
}
