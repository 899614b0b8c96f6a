import { Anchor, Badge, Button, Group, Paper, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Ago } from "@/components/ago";
import { Dialog } from "@/components/dialog";
import { PanelError } from "@/components/panel-error";
import { ShowGraphQL } from "@/components/show-graphql";
import { TableSkeleton } from "@/components/skeletons";
import { CopyDetails, type Told, told } from "@/components/toasts";
import { useAction } from "@/components/use-action";
import { useSentence } from "@/components/use-sentence";
import { useStore } from "@/lib/store";
import { useNoticeText } from "./notice-sentence";
import { MARK_READ, type Notice, type Notices } from "./notices";
import { useTexts } from "./texts";

const colors = { INFO: "gray", SUCCESS: "green", WARNING: "yellow", ERROR: "red" } as const;

/** Where what a notification is about can be seen; undefined when it is gone. */
function placeOf(object: Notice["object"]): string | undefined {
  switch (object?.__typename) {
    case "Job": return `/jobs/${object.id}`;
    case "Database": return `/databases/${object.id}`;
    case "Customer": return `/customers/${object.id}`;
    default: return undefined;
  }
}

/** What the panel has told the viewer, and what was told in this tab, also when it has gone from the screen; the newest first. */
export function NotificationDrawer(p: Notices & { opened: boolean; onClose: () => void }) {
  const t = useTexts();
  const here = useStore(told);
  const { run, busy } = useAction(MARK_READ);
  const all = [
    ...(p.notices ?? []).map((notice) => ({ key: notice.id, at: notice.at, shown: <NoticeCard notice={notice} onOpen={p.onClose} /> })),
    ...here.map((one) => ({ key: String(one.id), at: one.at.toISOString(), shown: <ToldCard one={one} /> })),
  ].sort((a, b) => b.at.localeCompare(a.at));
  return (
    <Dialog drawer opened={p.opened} onClose={p.onClose} title={t("notifications")}>
      <Stack gap="xs">
        {all.length > 0 && (
          <Group justify="flex-end" gap="xs">
            <ShowGraphQL document={MARK_READ} variables={{ input: { all: true } }} />
            <Button size="compact-sm" variant="subtle" disabled={p.unread === 0} loading={busy} onClick={() => void run({ input: { all: true } })}>{t("allRead")}</Button>
            <Button size="compact-sm" variant="subtle" disabled={here.length === 0} onClick={() => told.set([])}>{t("clear")}</Button>
          </Group>
        )}
        {!p.notices && (p.error ? <PanelError error={p.error} onRetry={p.retry} /> : <TableSkeleton bare label={t("loadingNotifications")} rows={3} columns={1} />)}
        {p.notices && all.length === 0 && <Text c="dimmed" size="sm">{t("noNotifications")}</Text>}
        {all.map(({ key, shown }) => <Paper key={key} withBorder p="sm">{shown}</Paper>)}
      </Stack>
    </Dialog>
  );
}

function NoticeCard({ notice: n, onOpen }: { notice: Notice; onOpen: () => void }) {
  const t = useTexts();
  const { sentence, reason } = useNoticeText()(n);
  const to = placeOf(n.object);
  return (
    <div data-level={n.level} data-read={n.readAt !== null}>
      <Text size="sm" fw={n.readAt ? undefined : 600} style={{ overflowWrap: "anywhere" }}>
        {to ? <Anchor component={Link} to={to} inherit onClick={onOpen}>{sentence}</Anchor> : sentence}
      </Text>
      {reason && <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>{reason}</Text>}
      <Group justify="space-between" gap="xs" mt={4}>
        <Ago at={n.at} />
        <Group gap={4}>
          {!n.readAt && <Badge color="blue">{t("unread")}</Badge>}
          <Badge color={colors[n.level]}>{t(`level_${n.level}`)}</Badge>
        </Group>
      </Group>
    </div>
  );
}

function ToldCard({ one: { at, what } }: { one: Told }) {
  const sentence = useSentence();
  return (
    <>
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>{typeof what === "string" ? what : sentence(what)}</Text>
      <Group justify="space-between" gap="xs">
        <Ago at={at.toISOString()} />
        {typeof what !== "string" && <CopyDetails problem={what} />}
      </Group>
    </>
  );
}
