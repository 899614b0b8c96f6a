import { Group, Kbd, Stack, Text } from "@mantine/core";
import { Dialog } from "@/components/dialog";
import type { Place } from "./navigation";
import { useTexts } from "./texts";

/** The list of what the keyboard can do. */
export function ShortcutHelp(p: { opened: boolean; onClose: () => void; places: Place[] }) {
  const t = useTexts();
  const rows: [string[], string][] = [
    [[t("ctrl"), "K"], t("shortcutPalette")],
    [["?"], t("shortcutHelp")],
    ...p.places.map(({ name, key }): [string[], string] => [["g", key], t("shortcutGo", { page: t(name) })]),
  ];
  return (
    <Dialog opened={p.opened} onClose={p.onClose} title={t("shortcuts")}>
      <Stack gap="xs">
        {rows.map(([keys, what]) => (
          <Group key={what} justify="space-between" wrap="nowrap">
            <Text size="sm">{what}</Text>
            <Group gap={4} wrap="nowrap">{keys.map((key) => <Kbd key={key}>{key}</Kbd>)}</Group>
          </Group>
        ))}
      </Stack>
    </Dialog>
  );
}
