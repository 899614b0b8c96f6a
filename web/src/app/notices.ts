import { createElement, useEffect } from "react";
import { type CombinedError, useClient, useQuery } from "urql";
import { toastNotice } from "@/components/toasts";
import { graphql } from "@/gql/document";
import type { NoticesQuery } from "@/gql/generated/graphql";
import { refreshSoon } from "@/gql/refresh";
import { listen } from "@/gql/socket";
import { NoticeSentence } from "./notice-sentence";

const NOTICES = graphql(`
  query Notices {
    viewer {
      notifications(first: 30) {
        nodes {
          id at level kind message readAt
          object { __typename id ... on Job { kind waitingFor error { message } resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } } } ... on Database { name } ... on Customer { title: name } }
        }
        unreadCount
      }
    }
  }
`);

const NOTICE_FEED = graphql(`
  subscription NoticeFeed($after: StreamPosition) {
    notifications(after: $after) {
      ... on NotificationEntry {
        position
        notification {
          id level kind message
          object { __typename id ... on Job { kind waitingFor error { message } resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } } } ... on Database { name } ... on Customer { title: name } }
        }
      }
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

export interface Notices {
  /** Undefined until they are read. */
  notices: readonly Notice[] | undefined;
  unread: number;
  /** Why they could not be read, and how that is tried again. */
  error?: CombinedError;
  retry: () => void;
}

/** What the viewer was told by the panel, as it comes; what failed also appears at once, wherever the viewer is. */
export function useNotices(): Notices {
  const client = useClient();
  const [{ data, error }, ask] = useQuery({ query: NOTICES });
  useEffect(
    () =>
      listen(NOTICE_FEED, {}, {
        next: ({ notifications: item }) => {
          if (!("notification" in item)) return;
          const { notification: notice } = item;
          if (notice.level === "ERROR" || notice.level === "WARNING") toastNotice(createElement(NoticeSentence, { notice }), notice.level);
          refreshSoon(client);
        },
      }),
    [client],
  );
  const told = data?.viewer.notifications;
  return { notices: told?.nodes, unread: told?.unreadCount ?? 0, error, retry: () => ask({ requestPolicy: "network-only" }) };
}
