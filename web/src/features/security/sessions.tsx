import { ActionIcon, Badge, Button, Group, Stack, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDeviceDesktop, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Ago } from "@/components/ago";
import { ConfirmAction } from "@/components/confirm-action";
import { Section } from "@/components/section";
import { graphql } from "@/gql/document";
import type { SecurityQuery } from "@/gql/generated/graphql";
import { useTexts } from "./texts";

const REVOKE = graphql(`
  mutation RevokeSession($input: RevokeSessionInput!) {
    revokeSession(input: $input) { revoked }
  }
`);

type Session = SecurityQuery["viewer"]["sessions"][number];

/** Where the user is signed in; each can be ended, and all others at once. */
export function Sessions(p: { sessions: readonly Session[] }) {
  const t = useTexts();
  const [one, setOne] = useState<Session | null>(null);
  const [all, { open, close }] = useDisclosure();
  const others = p.sessions.filter(({ current }) => !current).length;
  return (
    <Section title={t("sessions")} intro={t("sessionsIntro")} actions={others > 0 && <Button variant="default" onClick={open}>{t("endOthers")}</Button>}>
      <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: "none" }}>
        {p.sessions.map((session) => (
          <Group component="li" key={session.id} justify="space-between" wrap="nowrap" gap="sm">
            <Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
              <IconDeviceDesktop size={22} stroke={1.5} aria-hidden style={{ flexShrink: 0 }} />
              <Stack gap={0} style={{ minWidth: 0 }}>
                <Group gap="xs">
                  <Text size="sm" fw={500}>{session.device || t("unknownDevice")}</Text>
                  {session.current && <Badge color="green">{t("current")}</Badge>}
                </Group>
                <Text size="sm" c="dimmed" component="div">
                  {session.ip || "–"} · {t("lastSeen")} <Ago at={session.lastSeenAt} /> · {t("signedIn")} <Ago at={session.createdAt} />
                </Text>
              </Stack>
            </Group>
            {!session.current && (
              <Tooltip label={t("endSession")}>
                <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("endSessionOf", { device: session.device || t("unknownDevice") })} onClick={() => setOne(session)}><IconTrash size={18} aria-hidden /></ActionIcon>
              </Tooltip>
            )}
          </Group>
        ))}
      </Stack>
      <ConfirmAction
        opened={one !== null} onClose={() => setOne(null)} title={t("endSession")} document={REVOKE} variables={{ input: { id: one?.id } }} submit={t("endSession")} done={t("sessionEnded")}
      >
        {t("endSessionText", { device: one?.device || t("unknownDevice"), ip: one?.ip ?? "" })}
      </ConfirmAction>
      <ConfirmAction
        opened={all} onClose={close} title={t("endOthers")} document={REVOKE} variables={{ input: { all: true } }} submit={t("endOthers")}
        done={({ revokeSession }) => t("sessionsEnded", { count: revokeSession.revoked })}
      >
        {t("endOthersText", { count: others })}
      </ConfirmAction>
    </Section>
  );
}
