import { Group, Loader, Stack, Text, ThemeIcon } from "@mantine/core";
import { IconArrowBackUp, IconCheck, IconCircleDashed, IconX } from "@tabler/icons-react";
import { duration } from "@/lib/format";
import { texts } from "@/lib/text";
import { useSay } from "@/sentences/use-say";
import { StateBadge } from "./states";

const useTexts = texts("job-steps", { en: { try: "Try {{count}}" }, de: { try: "Versuch {{count}}" } });

type StepState = "PENDING" | "APPLYING" | "DONE" | "FAILED" | "UNDOING" | "UNDONE";

export interface Step {
  name: string;
  state: StepState;
  attempt: number;
  durationMs?: number | null;
  error?: string | null;
}

const look = {
  PENDING: { color: "gray", icon: IconCircleDashed }, APPLYING: { color: "blue", icon: null }, DONE: { color: "green", icon: IconCheck },
  FAILED: { color: "red", icon: IconX }, UNDOING: { color: "orange", icon: null }, UNDONE: { color: "gray", icon: IconArrowBackUp },
} as const;

/** The steps of a job in their order, with how long each took and what went wrong. */
export function JobSteps(p: { steps: readonly Step[] }) {
  const t = useTexts();
  const say = useSay();
  return (
    <Stack component="ol" gap="sm" p={0} m={0} style={{ listStyle: "none" }}>
      {p.steps.map((step) => {
        const { color, icon: Icon } = look[step.state];
        return (
          <Group component="li" key={step.name} gap="sm" wrap="nowrap" align="flex-start" data-step={step.name} data-state={step.state}>
            <ThemeIcon variant="light" color={color} radius="xl" size={26} aria-hidden>{Icon ? <Icon size={15} /> : <Loader size={14} color={color} />}</ThemeIcon>
            <Stack gap={0} style={{ flex: 1, minWidth: 0 }}>
              <Group justify="space-between" gap="xs">
                <Text size="sm" ff="monospace">{step.name}</Text>
                <Group gap="xs">
                  {step.attempt > 1 && <Text size="xs" c="dimmed">{t("try", { count: step.attempt })}</Text>}
                  {step.durationMs !== null && step.durationMs !== undefined && <Text size="xs" c="dimmed">{duration(step.durationMs)}</Text>}
                  <StateBadge state={step.state} />
                </Group>
              </Group>
              {step.error && <Text size="sm" c="var(--mantine-color-error)">{say(step.error)}</Text>}
            </Stack>
          </Group>
        );
      })}
    </Stack>
  );
}
