import { Alert, Anchor, Group, Progress, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useQuery } from "urql";
import { graphql } from "@/gql/document";
import type { JobLiveQuery } from "@/gql/generated/graphql";
import { percent } from "@/lib/format";
import { texts } from "@/lib/text";
import { useSay } from "@/sentences/use-say";
import { JobSteps } from "./job-steps";
import { useJobTitle } from "./job-title";
import { QueryView } from "./query-view";
import { PartSkeleton } from "./skeletons";
import { StateBadge } from "./states";
import { type Progress as Followed, useJobProgress } from "./use-job-progress";
import { useSentence } from "./use-sentence";

const JOB_LIVE = graphql(`
  query JobLive($id: ID!) {
    job(id: $id) {
      id kind state percent waitingFor finishedAt
      steps { name state attempt durationMs error }
      error { code message retryable }
    }
  }
`);

const useTexts = texts("job-live", {
  en: { loading: "Loading the job", open: "Open the job", progress: "Progress", waiting: "Waits: {{reason}}", failedAt: "The step {{step}} failed.", undone: "Rolled back: {{steps}}.", begun: "What it had begun was rolled back.", nothing: "Nothing had to be rolled back.", rolling: "What was done is being rolled back.", helps: "Once the cause is gone, the job can be tried again on its page.", unfollowed: "What goes on is not shown here any more." },
  de: { loading: "Auftrag wird geladen", open: "Auftrag öffnen", progress: "Fortschritt", waiting: "Wartet: {{reason}}", failedAt: "Der Schritt {{step}} ist gescheitert.", undone: "Zurückgenommen: {{steps}}.", begun: "Was er begonnen hatte, wurde zurückgenommen.", nothing: "Es war nichts zurückzunehmen.", rolling: "Was getan war, wird zurückgenommen.", helps: "Ist die Ursache behoben, lässt sich der Auftrag auf seiner Seite noch einmal versuchen.", unfollowed: "Was weiter geschieht, wird hier nicht mehr gezeigt." },
});

export type LiveJob = NonNullable<JobLiveQuery["job"]>;

/** The step that a job failed at: the last that was begun, unless the job failed between two. */
function failedOf(steps: LiveJob["steps"]): string | undefined {
  const last = steps.findLast(({ state }) => state !== "PENDING");
  return last?.error ? last.name : undefined;
}

/** A job as it goes on, for who ordered it: its steps with their times, and if it fails why, what was taken back and what can be done. */
export function JobLive(p: { id: string; onChange?: (job: LiveJob) => void; /** What can be done where that is more than to try it again. */ ifFailed?: string }) {
  const t = useTexts();
  const [result, again] = useQuery({ query: JOB_LIVE, variables: { id: p.id } });
  const followed = useJobProgress(p.id);
  const { events } = followed;
  const told = useRef(p.onChange);
  told.current = p.onChange;
  useEffect(() => {
    if (events.length > 0) again({ requestPolicy: "network-only" });
  }, [events.length, again]);
  const job = result.data?.job;
  useEffect(() => {
    if (job) told.current?.(job);
  }, [job]);

  return (
    <QueryView result={result} retry={again} skeleton={<PartSkeleton label={t("loading")} height={160} />}>
      {/* One that is null is not the viewer's to see. */}
      {(data) => data.job && <Shown job={data.job} {...followed} ifFailed={p.ifFailed} />}
    </QueryView>
  );
}

function Shown({ job, events, problem, ifFailed }: Followed & { job: LiveJob; ifFailed?: string }) {
  const t = useTexts();
  const title = useJobTitle();
  const sentence = useSentence();
  const say = useSay();
  const last = events.at(-1);
  const done = last?.percent ?? job.percent;
  const failed = failedOf(job.steps);
  const undone = job.steps.filter(({ state }) => state === "UNDONE").map(({ name }) => name);
  const others = undone.filter((name) => name !== failed);
  const became = !job.finishedAt ? t("rolling") : others.length > 0 ? t("undone", { steps: others.join(", ") }) : undone.length > 0 ? t("begun") : t("nothing");
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="xs">
        <Group gap="xs"><Text size="sm" fw={500}>{title(job.kind)}</Text><StateBadge state={job.state} /></Group>
        <Anchor component={Link} to={`/jobs/${job.id}`} size="sm">{t("open")}</Anchor>
      </Group>
      {!job.finishedAt && <Progress value={done} animated aria-label={`${t("progress")} ${percent(done)}`} />}
      {problem && !job.finishedAt && <Alert color="yellow" role="status">{t("unfollowed")} {sentence(problem)}</Alert>}
      {job.waitingFor && <Alert color="yellow">{t("waiting", { reason: say(job.waitingFor) })}</Alert>}
      {!job.finishedAt && last?.message && <Text size="xs" c="dimmed">{say(last.message)}</Text>}
      {job.error && (
        <Alert color="red" role="alert" title={job.error.code}>
          {[say(job.error.message), failed && t("failedAt", { step: failed }), became].filter(Boolean).join(" ")}
        </Alert>
      )}
      <JobSteps steps={job.steps} />
      {job.state === "FAILED" && <Text size="sm">{ifFailed ?? t("helps")}</Text>}
    </Stack>
  );
}
