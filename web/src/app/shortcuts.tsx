import { Group, Kbd, Modal, Stack, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import type { Place } from "./navigation";
import { useTexts } from "./texts";

/** How long after `g` the key of a page counts, in ms. */
const patience = 1_500;

const writes = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

/** `g` and a page's key goes there, `?` lists them; nothing while somebody writes or a dialog is open. */
export function useShortcuts(places: Place[], onHelp: () => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    let going = 0;
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || writes(event.target) || document.querySelector("[role=dialog]")) return;
      if (event.key === "?") {
        event.preventDefault();
        onHelp();
      } else if (event.key === "g") going = event.timeStamp;
      else if (going > 0 && event.timeStamp - going < patience) {
        going = 0;
        const place = places.find(({ key }) => key === event.key);
        if (place) void navigate({ to: place.to });
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [places, onHelp, navigate]);
}

/** The list of what the keyboard can do. */
export function ShortcutHelp(p: { opened: boolean; onClose: () => void; places: Place[] }) {
  const t = useTexts();
  const rows: [string[], string][] = [
    [["Ctrl", "K"], t("shortcutPalette")],
    [["?"], t("shortcutHelp")],
    ...p.places.map(({ name, key }): [string[], string] => [["g", key], t("shortcutGo", { page: t(name) })]),
  ];
  return (
    <Modal opened={p.opened} onClose={p.onClose} title={t("shortcuts")} closeButtonProps={{ "aria-label": t("close") }}>
      <Stack gap="xs">
        {rows.map(([keys, what]) => (
          <Group key={what} justify="space-between" wrap="nowrap">
            <Text size="sm">{what}</Text>
            <Group gap={4} wrap="nowrap">{keys.map((key) => <Kbd key={key}>{key}</Kbd>)}</Group>
          </Group>
        ))}
      </Stack>
    </Modal>
  );
}
