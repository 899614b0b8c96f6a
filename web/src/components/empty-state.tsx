import { Paper, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

/** Nothing is there yet: a sentence, and what to do next. */
export function EmptyState(p: { text: string; action?: ReactNode }) {
  return (
    <Paper withBorder p="xl">
      <Stack align="center" gap="md" py="lg">
        <Text c="dimmed" ta="center" maw={460}>{p.text}</Text>
        {p.action}
      </Stack>
    </Paper>
  );
}
