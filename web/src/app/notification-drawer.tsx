import { Button, Drawer, Group, Paper, Stack, Text } from "@mantine/core";
import { Ago } from "@/components/ago";
import { CopyDetails, told } from "@/components/toasts";
import { useStore } from "@/lib/store";
import { useTexts } from "./texts";

/** Everything that was told, also what has gone from the screen. */
export function NotificationDrawer(p: { opened: boolean; onClose: () => void }) {
  const t = useTexts();
  const list = useStore(told);
  return (
    <Drawer opened={p.opened} onClose={p.onClose} position="right" title={t("notifications")} closeButtonProps={{ "aria-label": t("close") }}>
      {list.length === 0 ? (
        <Text c="dimmed" size="sm">{t("noNotifications")}</Text>
      ) : (
        <Stack gap="xs">
          <Group justify="flex-end"><Button size="compact-sm" variant="subtle" onClick={() => told.set([])}>{t("clear")}</Button></Group>
          {list.map(({ id, at, message, problem }) => (
            <Paper key={id} withBorder p="sm">
              <Text size="sm" style={{ overflowWrap: "anywhere" }}>{message}</Text>
              <Group justify="space-between" gap="xs">
                <Ago at={at.toISOString()} />
                {problem && <CopyDetails problem={problem} />}
              </Group>
            </Paper>
          ))}
        </Stack>
      )}
    </Drawer>
  );
}
