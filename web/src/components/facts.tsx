import { Group, SimpleGrid, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

/** What is known of something, each with its name: in columns, or one after the other in rows. */
export function Facts(p: { rows?: boolean; children: ReactNode }) {
  if (p.rows) return <Group component="dl" m={0} gap="xl" align="flex-start">{p.children}</Group>;
  return <SimpleGrid component="dl" m={0} cols={{ base: 1, xs: 2, md: 3 }} spacing="md" verticalSpacing="sm">{p.children}</SimpleGrid>;
}

/** One of the facts. */
export function Fact(p: { label: string; children: ReactNode }) {
  return (
    <Stack gap={0} miw={110} maw="100%">
      <Text component="dt" size="xs" c="dimmed">{p.label}</Text>
      <Text component="dd" m={0} size="sm" style={{ overflowWrap: "anywhere" }}>{p.children}</Text>
    </Stack>
  );
}
