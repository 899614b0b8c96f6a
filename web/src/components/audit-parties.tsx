import { Anchor, Badge, Stack, Text } from "@mantine/core";
import type { AuditEventsQuery } from "@/gql/generated/graphql";
import { plain } from "@/lib/plain";
import { useActionTitle } from "./action-titles";
import { useTexts } from "./audit-texts";

type Entry = AuditEventsQuery["auditEvents"]["nodes"][number];

/** Two lines are as high as the row of any other list. */
const tight = 1.15;

/** What was done, in words, which open the entry; its code stands below, as filters and programs have it. */
export function Action(p: { of: string; open: () => void }) {
  const title = useActionTitle()(p.of);
  return (
    <Stack gap={0} align="flex-start">
      <Anchor component="button" type="button" size="sm" lh={tight} fw={500} ta="left" onClick={p.open}>{plain(title)}</Anchor>
      {title !== p.of && <Text span size="xs" lh={tight} c="dimmed">{plain(p.of)}</Text>}
    </Stack>
  );
}

/** Who did it, and who acted as them. */
export function Who(p: Pick<Entry, "actor" | "impersonator">) {
  const t = useTexts();
  return (
    <Stack gap={0}>
      <Text span size="sm" lh={tight}>{p.actor ? plain(p.actor.name) : t("nobody")}</Text>
      {p.impersonator && <Text span size="xs" lh={tight} c="dimmed">{t("by", { name: plain(p.impersonator.name) })}</Text>}
    </Stack>
  );
}

/** Whether it was done, in words and in a colour. */
export function Outcome(p: { allowed: boolean; times: number }) {
  const t = useTexts();
  return <Badge color={p.allowed ? "green" : "red"}>{p.allowed ? t("done") : t("refused")}{p.times > 1 && ` × ${p.times}`}</Badge>;
}
