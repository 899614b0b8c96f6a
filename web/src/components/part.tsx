import { Group, Paper, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";

/** A part of a page with a title of its own, what it is about, and what can be done there. */
export function Part(p: { title: string; intro?: ReactNode; beside?: ReactNode; actions?: ReactNode; children?: ReactNode }) {
  const id = useId();
  return (
    <Paper withBorder p="md" component="section" aria-labelledby={id}>
      <Stack gap="md">
        <Group justify="space-between" align="flex-start" gap="sm">
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

/** One thing that is known of something, under its name. */
export function Fact(p: { label: string; children: ReactNode }) {
  return (
    <Stack gap={0} miw={110} maw="100%">
      <Text size="xs" c="dimmed">{p.label}</Text>
      <Text size="sm" component="div" style={{ overflowWrap: "anywhere" }}>{p.children}</Text>
    </Stack>
  );
}
