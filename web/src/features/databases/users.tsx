import { ActionIcon, Button, Group, Tooltip } from "@mantine/core";
import { IconKey, IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useClient, useQuery } from "urql";
import { Ago } from "@/components/ago";
import { EmptyState } from "@/components/empty-state";
import { QueryView } from "@/components/query-view";
import { type Column, exportLimit, ResourceTable } from "@/components/resource-table";
import { TableSkeleton } from "@/components/skeletons";
import { StateBadge } from "@/components/states";
import { allPages } from "@/gql/all-pages";
import { graphql } from "@/gql/document";
import type { DatabaseUsersQuery } from "@/gql/generated/graphql";
import { number } from "@/lib/format";
import { type ListSearch, pageOf } from "@/lib/list-search";
import type { Database } from "./detail";
import { useTexts } from "./texts-users";
import { UserDialogs } from "./user-dialogs";

const USERS = graphql(`
  query DatabaseUsers($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
    database(id: $id) {
      id
      users(first: $first, after: $after, last: $last, before: $before) {
        nodes { id name username rights state connectionLimit statementTimeoutSeconds createdAt }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        totalCount
      }
    }
  }
`);

export type DatabaseUser = NonNullable<NonNullable<DatabaseUsersQuery["database"]>["users"]>["nodes"][number];
export type Asked = { what: "create" } | { what: "change" | "rotate" | "delete"; user: DatabaseUser } | null;

const none = { nodes: [], pageInfo: { hasNextPage: false } };

/** The further logins of a database: made, changed, given another password, removed. */
export function UsersTab({ database, writes, search, onSearch }: { database: Database; writes: boolean; search: ListSearch; onSearch: (patch: ListSearch) => void }) {
  const t = useTexts();
  const client = useClient();
  const variables = { id: database.id, ...pageOf(search, 25) };
  const [result, retry] = useQuery({ query: USERS, variables });
  const [asked, setAsked] = useState<Asked>(null);
  const add = writes && <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAsked({ what: "create" })}>{t("add")}</Button>;

  const columns: Column<DatabaseUser>[] = [
    { key: "name", title: t("name"), render: (u) => u.name, text: (u) => u.name },
    { key: "username", title: t("username"), render: (u) => u.username, text: (u) => u.username },
    { key: "rights", title: t("rights"), render: (u) => t(`rights_${u.rights}`), text: (u) => u.rights },
    { key: "state", title: t("state"), render: (u) => <StateBadge state={u.state} />, text: (u) => u.state },
    { key: "limit", title: t("limit"), align: "right", render: (u) => number(u.connectionLimit), text: (u) => u.connectionLimit },
    { key: "timeout", title: t("timeout"), align: "right", render: (u) => (u.statementTimeoutSeconds === 0 ? "–" : `${number(u.statementTimeoutSeconds)} s`), text: (u) => u.statementTimeoutSeconds, optional: true },
    { key: "created", title: t("created"), render: (u) => <Ago at={u.createdAt} />, text: (u) => u.createdAt, optional: true },
    ...(writes
      ? [{
          key: "do", title: t("actions"), align: "right" as const,
          render: (user: DatabaseUser) => (
            <Group gap={2} wrap="nowrap" justify="flex-end">
              {([["change", IconPencil], ["rotate", IconKey], ["delete", IconTrash]] as const).map(([what, Icon]) => (
                <Tooltip key={what} label={t(`${what}_label`, { name: user.name })}>
                  <ActionIcon variant="subtle" color={what === "delete" ? "red" : "gray"} aria-label={t(`${what}_label`, { name: user.name })} onClick={() => setAsked({ what, user })}><Icon size={16} aria-hidden /></ActionIcon>
                </Tooltip>
              ))}
            </Group>
          ),
        }]
      : []),
  ];
  return (
    <>
      <QueryView result={result} retry={retry} list={{ search, onSearch }} skeleton={<TableSkeleton label={t("loading")} rows={3} columns={5} />}>
        {({ database: read }) => {
          const users = read?.users;
          return !users || (users.nodes.length === 0 && !search.after && !search.before) ? (
            <EmptyState text={t("none", { username: database.username })} action={add} />
          ) : (
            <>
              <Group justify="flex-end" mb="xs">{add}</Group>
              <ResourceTable
                name="database-users" label={t("users")} columns={columns} page={users} search={search} onSearch={onSearch}
                exportRows={() => allPages(client, USERS, variables, (data) => data.database?.users ?? none, exportLimit)}
              />
            </>
          );
        }}
      </QueryView>
      <UserDialogs database={database} asked={asked} onClose={() => setAsked(null)} />
    </>
  );
}
