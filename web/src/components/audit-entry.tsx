import { Anchor, Badge, Button, Code, Group, Stack, Table, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useQuery } from "urql";
import { graphql } from "@/gql/document";
import type { AuditEventQuery } from "@/gql/generated/graphql";
import { type Change, changes } from "@/lib/changes";
import { dateTime } from "@/lib/format";
import { plain, told } from "@/lib/plain";
import { useActionTitle } from "./action-titles";
import { pageOfObject, useObjectName } from "./audit-object";
import { Outcome } from "./audit-parties";
import { useTexts } from "./audit-texts";
import { CopyField } from "./copy-field";
import { Fact, Facts } from "./facts";
import { useKindName } from "./kind-name";
import { QueryView } from "./query-view";
import { CardsSkeleton } from "./skeletons";

const EVENT = graphql(`
  query AuditEvent($id: ID!) {
    node(id: $id) {
      __typename id
      ... on AuditEvent {
        at action allowed times ip userAgent requestId sessionId apiTokenId objectId before after
        actor { id name email }
        impersonator { id name email }
        customer { id name }
        apiToken { id name prefix }
        object {
          __typename id
          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }
          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }
        }
      }
    }
  }
`);

/** What more is asked for than the entry itself. */
export interface AuditMore {
  actor?: string;
  object?: string;
  action?: string;
  ip?: string;
}

type Event = Extract<NonNullable<AuditEventQuery["node"]>, { __typename: "AuditEvent" }>;

/** All that an entry says. People have typed some of it, so that it is shown as text alone. */
export function EntryDetails(p: { id: string; onFilter: (patch: AuditMore) => void }) {
  const t = useTexts();
  const [result, retry] = useQuery({ query: EVENT, variables: { id: p.id } });
  return (
    <QueryView result={result} retry={retry} skeleton={<CardsSkeleton label={t("loadingEntry")} cards={1} height={300} />}>
      {({ node }) => (node?.__typename === "AuditEvent" ? <Details event={node} onFilter={p.onFilter} /> : <Text>{t("gone")}</Text>)}
    </QueryView>
  );
}

function Details({ event: e, onFilter }: { event: Event; onFilter: (patch: AuditMore) => void }) {
  const t = useTexts();
  const nameOf = useObjectName();
  const titleOf = useActionTitle();
  const kindOf = useKindName();
  const page = e.object ? pageOfObject(e.object) : undefined;
  const { objectId } = e;
  return (
    <Stack>
      <Group gap="xs"><Title order={2} size="h4">{plain(titleOf(e.action))}</Title><Outcome allowed={e.allowed} times={e.times} /></Group>
      <Facts rows>
        <Fact label={t("action")}><Text span size="sm" ff="monospace">{plain(e.action)}</Text></Fact>
        <Fact label={t("at")}><time dateTime={e.at}>{dateTime(e.at)}</time></Fact>
        <Fact label={t("actor")}>{e.actor ? `${plain(e.actor.name)} (${plain(e.actor.email)})` : t("nobody")}</Fact>
        {e.impersonator && <Fact label={t("impersonator")}>{plain(e.impersonator.name)} ({plain(e.impersonator.email)})</Fact>}
        {e.object && <Fact label={t("object")}>{page ? <Anchor component={Link} to={page} size="sm">{plain(nameOf(e.object))}</Anchor> : plain(nameOf(e.object))} <Text span size="xs" c="dimmed">{kindOf(e.object.__typename)}</Text></Fact>}
        {e.customer && <Fact label={t("customer")}><Anchor component={Link} to={`/customers/${e.customer.id}`} size="sm">{plain(e.customer.name)}</Anchor></Fact>}
        {e.ip && <Fact label={t("ip")}>{e.ip}</Fact>}
        {e.apiTokenId && <Fact label={t("apiToken")}>{e.apiToken ? `${plain(e.apiToken.name)} (${e.apiToken.prefix}…)` : t("tokenOver")}</Fact>}
        {e.userAgent && <Fact label={t("userAgent")}>{plain(e.userAgent)}</Fact>}
        {e.requestId && <Fact label={t("request")}><CopyField label={t("request")} value={e.requestId} /></Fact>}
      </Facts>
      <Group gap="xs">
        {e.actor && <Button size="xs" variant="default" onClick={() => onFilter({ actor: e.actor?.id })}>{t("moreOfActor")}</Button>}
        {objectId && <Button size="xs" variant="default" onClick={() => onFilter({ object: objectId })}>{t("moreOfObject")}</Button>}
        <Button size="xs" variant="default" onClick={() => onFilter({ action: e.action })}>{t("moreOfAction")}</Button>
        {e.ip && <Button size="xs" variant="default" onClick={() => onFilter({ ip: e.ip ?? undefined })}>{t("moreFromIp")}</Button>}
      </Group>
      <Difference changes={changes(e.before, e.after)} />
    </Stack>
  );
}

const look = { added: { sign: "+", color: "green" }, removed: { sign: "−", color: "red" }, changed: { sign: "~", color: "yellow" }, same: { sign: "=", color: "gray" } } as const;

/** Field by field: what there was and what there is then. A sign and a word say which way, not the colour alone. */
export function Difference(p: { changes: Change[] }) {
  const t = useTexts();
  if (p.changes.length === 0) return <Text size="sm" c="dimmed">{t("noChange")}</Text>;
  return (
    <Stack gap="xs">
      <Title order={3} size="h5">{t("difference")}</Title>
      <Table.ScrollContainer minWidth={680} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table verticalSpacing={6} aria-label={t("difference")}>
          <Table.Thead>
            <Table.Tr>{[t("change"), t("field"), t("before"), t("after")].map((title) => <Table.Th key={title} scope="col" style={{ whiteSpace: "nowrap" }}>{title}</Table.Th>)}</Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {p.changes.map((c) => (
              <Table.Tr key={c.field} data-change={c.kind} style={{ verticalAlign: "top" }}>
                <Table.Td><Badge color={look[c.kind].color}><span aria-hidden>{look[c.kind].sign} </span>{t(c.kind)}</Badge></Table.Td>
                <Table.Td><Text size="sm" ff="monospace">{c.field === "" ? t("value") : plain(c.field)}</Text></Table.Td>
                <Table.Td><Value of={c.before} /></Table.Td>
                <Table.Td><Value of={c.after} /></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

function Value(p: { of: unknown }) {
  return p.of === undefined ? <Text span c="dimmed">–</Text> : <Code style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{told(p.of)}</Code>;
}
