import { Alert, Anchor, Button, Checkbox, Group, Paper, Progress, ScrollArea, Stack, Text } from "@mantine/core";
import { IconPlayerStop, IconRefresh } from "@tabler/icons-react";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useQuery } from "urql";
import { Ago, useNow } from "@/components/ago";
import { CopyText } from "@/components/copy-text";
import { Fact, Facts } from "@/components/facts";
import { JobSteps } from "@/components/job-steps";
import { ResourceLink, useJobTitle } from "@/components/job-title";
import { More } from "@/components/more";
import { NotFound } from "@/components/not-found";
import { Page } from "@/components/page";
import { QueryView } from "@/components/query-view";
import { Section } from "@/components/section";
import { ShowGraphQL } from "@/components/show-graphql";
import { PageSkeleton } from "@/components/skeletons";
import { StateBadge } from "@/components/states";
import { useAction } from "@/components/use-action";
import { useJobProgress } from "@/components/use-job-progress";
import { useMayIn } from "@/components/use-may-in";
import { useSentence } from "@/components/use-sentence";
import { graphql } from "@/gql/document";
import type { JobQuery } from "@/gql/generated/graphql";
import { dateTime, duration, number, percent, relative } from "@/lib/format";
import { useSay } from "@/sentences/use-say";
import { useTexts } from "./texts";

const JOB = graphql(`
  query Job($id: ID!) {
    job(id: $id) {
      id kind state percent waitingFor nextAttemptAt attempts cancelRequestedAt createdAt startedAt finishedAt
      customer { id name }
      actor { id name }
      resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }
      steps { name state attempt durationMs error }
      error { code message retryable }
      children(first: 100) { nodes { id kind state percent } totalCount }
    }
  }
`);

const CANCEL = graphql(`
  mutation CancelJob($input: CancelJobInput!) {
    cancelJob(input: $input) { job { id state cancelRequestedAt } }
  }
`);

const RETRY = graphql(`
  mutation RetryJob($input: RetryJobInput!) {
    retryJob(input: $input) { job { id state } }
  }
`);

type Job = NonNullable<JobQuery["job"]>;
const route = getRouteApi("/jobs/$id");

/** One job as it goes on: its steps, its log, and what can be done about it. */
export function JobPage() {
  const t = useTexts();
  const { id } = route.useParams();
  const [result, retry] = useQuery({ query: JOB, variables: { id } });
  return (
    <QueryView result={result} retry={retry} skeleton={<PageSkeleton label={t("loadingJob")} />}>
      {({ job }) => (job ? <JobView job={job} onStep={() => retry({ requestPolicy: "network-only" })} /> : <NotFound />)}
    </QueryView>
  );
}

function JobView({ job, onStep }: { job: Job; onStep: () => void }) {
  const t = useTexts();
  const title = useJobTitle();
  const may = useMayIn(job.customer?.id);
  const now = useNow();
  const navigate = useNavigate();
  const cancel = useAction(CANCEL, { done: t("canceling") });
  const again = useAction(RETRY, { done: t("retried") });
  const over = job.finishedAt !== null;
  const waits = job.waitingFor !== null || job.state === "STUCK";
  const { events, gap, problem } = useJobProgress(job.id);
  const sentence = useSentence();
  const say = useSay();
  const last = events.at(-1);
  const steps = useRef(0);
  useEffect(() => {
    if (events.length > steps.current && steps.current > 0) onStep();
    steps.current = events.length;
  }, [events.length]);

  async function retry() {
    const { data } = await again.run({ input: { id: job.id } });
    if (data && data.retryJob.job.id !== job.id) await navigate({ to: "/jobs/$id", params: { id: data.retryJob.job.id } });
  }

  const state = last?.state ?? job.state;
  return (
    <Page
      title={title(job.kind)} above={[{ label: t("jobs"), to: "/jobs" }]} beside={<StateBadge state={state === "RUNNING" && job.waitingFor ? "WAITING" : state} />}
      actions={may("JOBS_WRITE") && (
        <>
          <ShowGraphQL document={CANCEL} variables={{ input: { id: job.id } }} of={t("cancel")} />
          <Button variant="default" leftSection={<IconPlayerStop size={16} aria-hidden />} disabled={over || job.cancelRequestedAt !== null || state === "COMPENSATING"} loading={cancel.busy} onClick={() => void cancel.run({ input: { id: job.id } })}>{t("cancel")}</Button>
          <ShowGraphQL document={RETRY} variables={{ input: { id: job.id } }} of={t("retry")} />
          <Button leftSection={<IconRefresh size={16} aria-hidden />} disabled={!(waits || state === "FAILED" || state === "CANCELED")} loading={again.busy} onClick={() => void retry()}>{t("retry")}</Button>
        </>
      )}
    >
      {!over && <Progress value={last?.percent ?? job.percent} animated aria-label={`${t("progress")} ${percent(last?.percent ?? job.percent)}`} />}
      {job.error && <Alert color="red" title={job.error.code} role="alert">{say(job.error.message)}</Alert>}
      {problem && !over && <Alert color="yellow" role="status">{t("unfollowed")} {sentence(problem)}</Alert>}
      {job.waitingFor && (
        <Alert color="yellow">
          {t("waiting", { reason: say(job.waitingFor) })} {job.nextAttemptAt && t("next", { when: relative(job.nextAttemptAt, "long", now) })}
        </Alert>
      )}
      <Paper withBorder p="md">
        <Facts rows>
          <Fact label={t("created")}><Ago at={job.createdAt} /></Fact>
          {job.startedAt && <Fact label={t("started")}><Ago at={job.startedAt} /></Fact>}
          {job.finishedAt && <Fact label={t("finished")}><Ago at={job.finishedAt} /></Fact>}
          {job.startedAt && job.finishedAt && <Fact label={t("took")}>{duration(Date.parse(job.finishedAt) - Date.parse(job.startedAt))}</Fact>}
          {job.attempts > 1 && <Fact label={t("tries")}>{number(job.attempts)}</Fact>}
          <Fact label={t("by")}>{job.actor?.name ?? t("panel")}</Fact>
          {job.customer && <Fact label={t("customer")}><Anchor component={Link} to={`/customers/${job.customer.id}`} size="sm">{job.customer.name}</Anchor></Fact>}
          <Fact label={t("kind")}>{job.kind}</Fact>
          {job.resource && <Fact label={t("resource")}><ResourceLink of={job.resource} /></Fact>}
        </Facts>
      </Paper>
      <Section title={t("steps")}><JobSteps steps={job.steps} /></Section>
      {job.children && job.children.nodes.length > 0 && (
        <Section title={t("jobs")}>
          <Stack gap="xs">
            {job.children.nodes.map((child) => (
              <Group key={child.id} justify="space-between"><Anchor component={Link} to={`/jobs/${child.id}`} size="sm">{title(child.kind)}</Anchor><StateBadge state={child.state} /></Group>
            ))}
            <More shown={job.children.nodes.length} of={job.children.totalCount} />
          </Stack>
        </Section>
      )}
      <Log events={events} gap={gap} />
    </Page>
  );
}

/** Every event, with the newest in sight until somebody scrolls up. */
function Log({ events, gap }: Pick<ReturnType<typeof useJobProgress>, "events" | "gap">) {
  const t = useTexts();
  const [follows, setFollows] = useState(true);
  const view = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (follows) view.current?.scrollTo({ top: view.current.scrollHeight });
  }, [events.length, follows]);
  const say = useSay();
  const line = (e: (typeof events)[number]) => [e.kind, e.step, say(e.message ?? e.error?.message ?? "")].filter(Boolean).join("  ");
  return (
    <Section
      title={t("log")}
      actions={
        <>
          <Checkbox label={t("follow")} checked={follows} onChange={({ currentTarget: { checked } }) => setFollows(checked)} />
          <CopyText size="compact-sm" variant="default" label={t("copyLog")} text={() => events.map((e) => `${e.at}  ${line(e)}`).join("\n")} />
        </>
      }
    >
      {gap && <Text size="sm" c="dimmed">{t("gap")}</Text>}
      <ScrollArea.Autosize mah={420} viewportRef={view} viewportProps={{ tabIndex: 0, role: "log", "aria-label": t("log") }}
        onScrollPositionChange={({ y }) => view.current && setFollows(y + view.current.clientHeight >= view.current.scrollHeight - 8)}>
        {events.length === 0 ? (
          <Text size="sm" c="dimmed">{t("emptyLog")}</Text>
        ) : (
          events.map((e) => (
            <Group key={e.position} gap="md" wrap="nowrap" align="flex-start">
              <Text size="xs" c="dimmed" ff="monospace" style={{ whiteSpace: "nowrap" }} title={e.at}>{dateTime(e.at)}</Text>
              <Text size="xs" ff="monospace" style={{ overflowWrap: "anywhere" }}>{line(e)}</Text>
            </Group>
          ))
        )}
      </ScrollArea.Autosize>
    </Section>
  );
}
