import { Group, Paper, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** A part of a page on a card: its heading, what it is for, and what can be done there. */
export function Section(p: { title: string; intro?: ReactNode; actions?: ReactNode; danger?: boolean; children?: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section" aria-label={p.title} style={p.danger ? { borderColor: "var(--mantine-color-red-6)" } : undefined}>
      <Stack gap="sm">
        <Group justify="space-between" gap="sm" align="flex-start">
          <Stack gap={2} style={{ flex: "1 1 240px", minWidth: 0 }}>
            <Title order={2} size="h4">{p.title}</Title>
            {p.intro && <Text size="sm" c="dimmed" maw={680}>{p.intro}</Text>}
          </Stack>
          {p.actions && <Group gap="xs">{p.actions}</Group>}
        </Group>
        {p.children}
      </Stack>
    </Paper>
  );
}
