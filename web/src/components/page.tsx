import { Anchor, Breadcrumbs, Group, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { texts } from "@/lib/text";

const useTexts = texts("page", { en: { above: "Pages above" }, de: { above: "Übergeordnete Seiten" } });

/** A page: its title, the way to it, what can be done, and what it shows. */
export function Page(p: {
  title: string;
  /** Beside the title, such as a state. */
  beside?: ReactNode;
  intro?: ReactNode;
  /** The pages above, the outermost first. */
  above?: { label: string; to: string }[];
  actions?: ReactNode;
  children: ReactNode;
}) {
  const t = useTexts();
  useEffect(() => {
    document.title = `${p.title} · MPanel`;
  }, [p.title]);
  return (
    <Stack gap="lg">
      <Stack gap={4}>
        {p.above && (
          <Breadcrumbs separatorMargin={6} aria-label={t("above")} component="nav">
            {p.above.map(({ label, to }) => <Anchor key={to} component={Link} to={to} size="sm">{label}</Anchor>)}
          </Breadcrumbs>
        )}
        <Group justify="space-between" align="flex-start" gap="md">
          <Group gap="sm" maw="100%">
            <Title order={1} size="h2" tabIndex={-1} style={{ overflowWrap: "anywhere" }}>{p.title}</Title>
            {p.beside}
          </Group>
          {p.actions && <Group gap="xs">{p.actions}</Group>}
        </Group>
        {p.intro && <Text c="dimmed" size="sm" maw={760}>{p.intro}</Text>}
      </Stack>
      {p.children}
    </Stack>
  );
}
