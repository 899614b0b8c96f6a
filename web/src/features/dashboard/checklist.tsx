import { Anchor, Button, Group, Paper, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconCheck, IconCircleDashed } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTexts } from "./texts";

export interface FirstStep {
  name: "totp" | "server" | "customer" | "database" | "invite";
  to: string;
  done: boolean;
}

/** What somebody does first, each ticked as soon as it is done; gone once all are, or when it is hidden. */
export function Checklist({ steps }: { steps: FirstStep[] }) {
  const t = useTexts();
  const [hidden, setHidden] = useLocalStorage({ key: "mpanel-checklist-hidden", defaultValue: false, getInitialValueInEffect: false });
  if (hidden || steps.every(({ done }) => done)) return null;
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4">{t("checklist")}</Title>
        <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setHidden(true)}>{t("hide")}</Button>
      </Group>
      <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: "none" }}>
        {steps.map(({ name, to, done }) => (
          <Group component="li" key={name} gap="sm" wrap="nowrap" data-step={name} data-done={done}>
            <ThemeIcon size={22} radius="xl" variant="light" color={done ? "green" : "gray"} aria-hidden>{done ? <IconCheck size={14} /> : <IconCircleDashed size={14} />}</ThemeIcon>
            {done ? <Text size="sm" c="dimmed" td="line-through">{t(`step_${name}`)}</Text> : <Anchor component={Link} to={to} size="sm">{t(`step_${name}`)}</Anchor>}
            <Text size="xs" c="dimmed" ml="auto" style={{ whiteSpace: "nowrap" }}>{done ? t("done") : t("open")}</Text>
          </Group>
        ))}
      </Stack>
    </Paper>
  );
}
