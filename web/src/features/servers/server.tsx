import { Alert, Anchor, Badge, Button, Group, List, Menu, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAlertTriangle, IconDots } from "@tabler/icons-react";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useQuery } from "urql";
import { Ago } from "@/components/ago";
import { ConfirmAction } from "@/components/confirm-action";
import { CopyField } from "@/components/copy-field";
import { Dialog } from "@/components/dialog";
import { Fact, Facts } from "@/components/facts";
import { NotFound } from "@/components/not-found";
import { Page } from "@/components/page";
import { QueryView } from "@/components/query-view";
import { Section } from "@/components/section";
import { ShowGraphQL } from "@/components/show-graphql";
import { PageSkeleton } from "@/components/skeletons";
import { useAction } from "@/components/use-action";
import { useMay } from "@/components/use-viewer";
import { duration, number } from "@/lib/format";
import { useSay } from "@/sentences/use-say";
import { Maintenance } from "./maintenance";
import { CHECK, RELEASE, REMOVE, SERVER, type Server, SURVEY } from "./operations";
import { ServerForm } from "./server-form";
import { ServerState } from "./server-state";
import { useTexts } from "./texts";

const day = 86_400;
const route = getRouteApi("/servers/$id");

/** One database server: how it is, what can be done there, and what helps. */
export function ServerPage() {
  const t = useTexts();
  const { id } = route.useParams();
  const [result, retry] = useQuery({ query: SERVER, variables: { id } });
  return (
    <QueryView result={result} retry={retry} skeleton={<PageSkeleton label={t("loadingServer")} />}>
      {({ node }) => (node?.__typename === "DatabaseServer" ? <Details server={node} /> : <NotFound />)}
    </QueryView>
  );
}

function Details({ server }: { server: Server }) {
  const t = useTexts();
  const may = useMay();
  const go = useNavigate();
  const input = { input: { id: server.id } };
  const [maintaining, { open: openMaintenance, close: closeMaintenance }] = useDisclosure();
  const [editing, { open: openEdit, close: closeEdit }] = useDisclosure();
  const [removing, { open: openRemove, close: closeRemove }] = useDisclosure();
  const [releasing, { open: openRelease, close: closeRelease }] = useDisclosure();
  const say = useSay();
  const check = useAction(CHECK, { done: ({ checkDatabaseServer: c }) => (c.problems.length === 0 ? t("checkedFine") : t("checkedProblems", { count: c.problems.length })) });
  const survey = useAction(SURVEY, { done: t("surveyed") });
  return (
    <Page
      title={server.name} above={[{ label: t("servers"), to: "/servers" }]} beside={<ServerState server={server} />}
      actions={may("SERVERS_WRITE") && (
        <>
          <ShowGraphQL document={CHECK} variables={input} />
          <Button variant="default" loading={check.busy} onClick={() => void check.run(input)}>{t("check")}</Button>
          <Button variant="default" onClick={openMaintenance}>{server.maintenance ? t("endMaintenance") : t("beginMaintenance")}</Button>
          <Menu position="bottom-end">
            <Menu.Target><Button variant="default" px="xs" aria-label={t("more")}><IconDots size={18} aria-hidden /></Button></Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={openEdit}>{t("edit")}</Menu.Item>
              <Menu.Item c="var(--mantine-color-error)" onClick={openRemove}>{t("remove")}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      )}
    >
      {server.maintenance && <Alert color="yellow" title={t("inMaintenance")}>{server.maintenance.reason} <Text span size="sm" c="dimmed">({t("since")} <Ago at={server.maintenance.since} />)</Text></Alert>}
      {server.driftBrake === "ON" && (
        <Alert color="red" title={t("brakeOn")} icon={<IconAlertTriangle aria-hidden />}>
          <Stack gap="xs" align="flex-start">
            <Text size="sm">{t("brakeText")}</Text>
            <Group gap="xs">
              <Button size="xs" variant="default" component={Link} to="/drift" search={{ server: server.id, customer: undefined } as never}>{t("seeDrift")}</Button>
              {may("SERVERS_WRITE") && <Button size="xs" onClick={openRelease}>{t("release")}</Button>}
            </Group>
          </Stack>
        </Alert>
      )}
      {server.problems.length > 0 && (
        <Alert color={server.blocked || !server.reachable ? "red" : "orange"} title={t("problems")} icon={<IconAlertTriangle aria-hidden />}>
          <List size="sm" spacing="xs">{server.problems.map((problem) => <List.Item key={problem}>{say(problem)}</List.Item>)}</List>
        </Alert>
      )}
      <Section title={t("facts")}>
        <Facts rows>
          <Fact label={t("host")}><CopyField label={t("host")} value={`${server.host}:${server.port}`} /></Fact>
          <Fact label={t("version")}>{server.version ?? "–"}</Fact>
          <Fact label={t("databases")}>{number(server.databaseCount)}</Fact>
          <Fact label={t("grace")}>{server.deleteGraceSeconds % day === 0 ? t("days", { count: server.deleteGraceSeconds / day }) : duration(server.deleteGraceSeconds * 1000)}</Fact>
          <Fact label={t("checked")}><Ago at={server.checkedAt} never={t("never")} /></Fact>
        </Facts>
      </Section>
      <Section title={t("capabilities")} intro={server.capabilities.length === 0 ? t("noCapabilities") : t("capabilitiesIntro")}>
        <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: "none" }}>
          {server.capabilities.map(({ name, available, hint }) => (
            <Stack component="li" key={name} gap={2}>
              <Group gap="xs" wrap="nowrap" align="flex-start"><Badge color={available ? "green" : "orange"} miw="max-content">{available ? t("can") : t("cannot")}</Badge><Text size="sm">{name in about ? t(about[name as keyof typeof about]) : name}</Text></Group>
              {hint && <Text size="sm" c="dimmed">{say(hint)}</Text>}
            </Stack>
          ))}
        </Stack>
      </Section>
      <Section
        title={t("drift")} intro={t("driftIntro")}
        actions={
          <>
            {may("SERVERS_WRITE") && <ShowGraphQL document={SURVEY} variables={input} />}
            {may("SERVERS_WRITE") && <Button variant="default" loading={survey.busy} onClick={() => void survey.run(input)}>{t("survey")}</Button>}
          </>
        }
      >
        <Text size="sm" component="div">{t("surveyedAt")} <Ago at={server.surveyedAt} never={t("never")} /> · {server.driftBrake === "RELEASED" ? t("brakeReleased") : server.driftBrake === "ON" ? t("brakeOn") : t("brakeOff")} · <Anchor component={Link} to="/drift" search={{ server: server.id, customer: undefined } as never} size="sm" underline="always">{t("seeDrift")}</Anchor></Text>
      </Section>
      <Maintenance server={server} opened={maintaining} onClose={closeMaintenance} />
      <Dialog drawer opened={editing} onClose={closeEdit} title={t("edit")}><ServerForm server={server} onClose={closeEdit} onDone={closeEdit} /></Dialog>
      <ConfirmAction opened={releasing} onClose={closeRelease} title={t("release")} document={RELEASE} variables={input} submit={t("release")} done={t("released")}>{t("releaseText")}</ConfirmAction>
      <ConfirmAction opened={removing} onClose={closeRemove} title={t("removeTitle", { name: server.name })} document={REMOVE} variables={input} typed={server.name} submit={t("remove")} done={t("removed")} onDone={() => void go({ to: "/servers" })}>
        {server.databaseCount > 0 ? t("removeBusy", { count: server.databaseCount }) : t("removeText")}
      </ConfirmAction>
    </Page>
  );
}

/** What the panel's names of capabilities mean; one that is new has its name alone. */
const about = {
  create_databases: "can_create_databases", temp_file_limit: "can_temp_file_limit", read_statistics: "can_read_statistics", end_sessions: "can_end_sessions",
  isolated_from_public: "can_isolated_from_public", read_verifiers: "can_read_verifiers", pg_dump: "can_pg_dump", remote_access: "can_remote_access",
} as const;
