import { Group, Paper, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";

/** A part of a page on a card: its heading with what stands beside it, what it is for, and what can be done there. */
export function Section(p: { title: string; intro?: ReactNode; beside?: ReactNode; actions?: ReactNode; danger?: boolean; children?: ReactNode }) {
  const id = useId();
  return (
    <Paper withBorder p="md" component="section" aria-labelledby={id} style={p.danger ? { borderColor: "var(--mantine-color-red-6)" } : undefined}>
      <Stack gap="md">
        <Group justify="space-between" gap="sm" align="flex-start">
          <Stack gap={2} style={{ flex: "1 1 240px", minWidth: 0 }}>
            <Group gap="xs">
              <Title order={2} size="h4" id={id}>{p.title}</Title>
              {p.beside}
            </Group>
            {p.intro && <Text size="sm" c="dimmed" maw={680}>{p.intro}</Text>}
          </Stack>
          {p.actions && <Group gap="xs">{p.actions}</Group>}
        </Group>
        {p.children}
      </Stack>
    </Paper>
  );
}
