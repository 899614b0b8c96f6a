import { Anchor, Group, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useActionTitle } from "@/components/action-titles";
import { Ago } from "@/components/ago";
import { useObjectName } from "@/components/audit-object";
import type { DashboardQuery } from "@/gql/generated/graphql";
import { plain } from "@/lib/plain";
import { useTexts } from "./texts";

/** What was done last, and to what; each leads to its entry, and has its code for who points at it. */
export function Recent(p: { events: NonNullable<DashboardQuery["auditEvents"]>["nodes"] }) {
  const t = useTexts();
  const actionOf = useActionTitle();
  const nameOf = useObjectName();
  return (
    <Stack gap="xs">
      {p.events.map((e) => (
        <Group key={e.id} justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
          <Stack gap={0}>
            <Anchor component={Link} to="/audit" search={{ event: e.id } as never} size="sm" title={e.action}>{e.allowed ? "" : `${t("refused")}: `}{plain(actionOf(e.action))}</Anchor>
            <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>{[e.object && plain(nameOf(e.object)), e.actor ? plain(e.actor.name) : t("panel")].filter(Boolean).join(" · ")}</Text>
          </Stack>
          <Ago at={e.at} short />
        </Group>
      ))}
    </Stack>
  );
}
