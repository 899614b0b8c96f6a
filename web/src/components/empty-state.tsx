import { Button, Loader, Paper, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { texts } from "@/lib/text";
import { useReading } from "./use-reading";

const useTexts = texts("empty-state", { en: { clear: "Clear filters" }, de: { clear: "Filter zurücksetzen" } });

/** Nothing is there yet: a sentence, and what to do next, which of a list with filters is to take these off. While another list is read, of which that is not known, the sentence is not in sight. */
export function EmptyState(p: { text: string; action?: ReactNode; onClear?: () => void }) {
  const t = useTexts();
  const reading = useReading() === "other";
  return (
    <Paper withBorder p="xl" pos="relative" aria-busy={reading}>
      <Stack align="center" gap="md" py="lg">
        <Text c="dimmed" ta="center" maw={460} style={{ visibility: reading ? "hidden" : undefined }}>{p.text}</Text>
        {p.onClear ? <Button variant="default" onClick={p.onClear}>{t("clear")}</Button> : p.action}
      </Stack>
      {reading && <Loader aria-hidden className="mpanel-late" />}
    </Paper>
  );
}
