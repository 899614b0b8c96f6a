import { Alert, Loader, Stack, Text } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useClient } from "urql";
import { ConfirmAction } from "@/components/confirm-action";
import { useSentence } from "@/components/use-sentence";
import { graphql } from "@/gql/document";
import type { DriftDecision } from "@/gql/generated/graphql";
import { type Problem, problemsOf } from "@/gql/problem";
import type { Finding } from "./drift";
import { useTexts } from "./texts";

const DECIDE = graphql(`
  mutation DecideDriftFinding($input: DecideDriftFindingInput!) {
    decideDriftFinding(input: $input) { driftFinding { id ignored resolvedAt } job { id state } preview { steps } }
  }
`);

/** Tells what a decision would do, and takes it. */
export function Decide(p: { chosen: { finding: Finding; decision: DriftDecision } | null; onClose: () => void }) {
  const t = useTexts();
  const [last, setLast] = useState(p.chosen); // what is shown while it closes
  if (p.chosen && p.chosen !== last) setLast(p.chosen);
  if (!last) return null;
  const { finding, decision } = last;
  return (
    <ConfirmAction
      opened={p.chosen !== null} onClose={p.onClose} title={`${t(`do_${decision}`)}: ${finding.externalName}`} harmless={decision !== "DELETE"} typed={decision === "DELETE" ? finding.externalName : undefined}
      document={DECIDE} variables={{ input: { id: finding.id, decision } }} submit={t(`do_${decision}`)} done={({ decideDriftFinding: d }) => (d.job ? t("ordered") : t("decided"))}
    >
      <Stack gap="sm">
        <Text size="sm">{t(`text_${decision}`)}</Text>
        <WouldDo id={finding.id} decision={decision} />
      </Stack>
    </ConfirmAction>
  );
}

/** The steps that would be taken, or why it would be refused: asked by a dry run, which writes nothing. */
function WouldDo(p: { id: string; decision: DriftDecision }) {
  const t = useTexts();
  const client = useClient();
  const sentence = useSentence();
  const [found, setFound] = useState<{ steps: readonly string[] } | { problem: Problem } | null>(null);
  useEffect(() => {
    let gone = false;
    setFound(null);
    void client.mutation(DECIDE, { input: { id: p.id, decision: p.decision, dryRun: true } }).toPromise().then(({ data, error }) => {
      if (gone) return;
      setFound(data ? { steps: data.decideDriftFinding.preview?.steps ?? [] } : { problem: problemsOf(error)[0]! }); // it has one at least
    });
    return () => {
      gone = true;
    };
  }, [client, p.id, p.decision]);
  if (!found) return <Loader size="sm" aria-label={t("asking")} />;
  if ("problem" in found) return <Alert color="red" role="alert" icon={<IconAlertCircle aria-hidden />} title={t("refused")}>{sentence(found.problem)}</Alert>;
  if (found.steps.length === 0) return <Text size="sm" c="dimmed">{t("noSteps")}</Text>;
  return (
    <Stack gap={4}>
      <Text size="sm" fw={500}>{t("steps")}</Text>
      <Stack component="ol" gap={2} m={0} pl="lg">{found.steps.map((step, place) => <Text component="li" key={`${place}${step}`} size="sm" ff="monospace">{step}</Text>)}</Stack>
    </Stack>
  );
}
