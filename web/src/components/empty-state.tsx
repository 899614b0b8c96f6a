import { Button, Paper, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { texts } from "@/lib/text";

const useTexts = texts("empty-state", { en: { clear: "Clear filters" }, de: { clear: "Filter zurücksetzen" } });

/** Nothing is there yet: a sentence, and what to do next, which of a list with filters is to take these off. */
export function EmptyState(p: { text: string; action?: ReactNode; onClear?: () => void }) {
  const t = useTexts();
  return (
    <Paper withBorder p="xl">
      <Stack align="center" gap="md" py="lg">
        <Text c="dimmed" ta="center" maw={460}>{p.text}</Text>
        {p.onClear ? <Button variant="default" onClick={p.onClear}>{t("clear")}</Button> : p.action}
      </Stack>
    </Paper>
  );
}
