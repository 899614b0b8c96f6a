import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Section } from "@/components/section";
import { Select } from "@/components/select";
import { ShowGraphQL } from "@/components/show-graphql";
import { useAction } from "@/components/use-action";
import { AccessForm } from "./access";
import type { Database } from "./detail";
import { SET_DRIFT_POLICY } from "./operations";
import { SettingsDialogs, type SettingsAsked } from "./settings-dialogs";
import { useTexts } from "./texts-detail";

const policies = ["REPAIR", "REPORT", "IGNORE"] as const;

/** What can be done to a database; what destroys comes last. */
export function SettingsTab({ database: d }: { database: Database }) {
  const t = useTexts();
  const [asked, setAsked] = useState<SettingsAsked>(null);
  const ask = (what: SettingsAsked) => () => setAsked(what);
  const running = d.state === "ACTIVE" || d.state === "DEGRADED";
  return (
    <Stack gap="md">
      <Section
        title={t("rotateTitle")} intro={t("rotateIntro")}
        actions={
          <>
            {d.previousUsername && <Button variant="default" onClick={ask("keep")}>{t("keep")}</Button>}
            <Button variant="default" disabled={!running} onClick={ask("rotate")}>{t("rotate")}</Button>
          </>
        }
      >
        {!running && <Text size="sm" c="dimmed">{t("onlyRunning")}</Text>}
      </Section>
      <Section title={t("accessTitle")} intro={t("accessIntro")}><AccessForm database={d} /></Section>
      <DriftPolicy database={d} />
      <Section title={t("cloneTitle")} intro={t("cloneIntro")} actions={<Button variant="default" disabled={!running} onClick={ask("clone")}>{t("clone")}</Button>}>
        {!running && <Text size="sm" c="dimmed">{t("onlyRunning")}</Text>}
      </Section>
      {d.overQuota && <Section title={t("cleanupTitle")} intro={t("cleanupIntro")} actions={<Button variant="default" onClick={ask("cleanup")}>{t("cleanup")}</Button>} />}
      {d.state === "SUSPENDED" && d.suspendReason !== null ? (
        <Section title={t("resumeTitle")} intro={t("resumeIntro")} actions={<Button variant="default" onClick={ask("resume")}>{t("resume")}</Button>} />
      ) : (
        <Section title={t("suspendTitle")} intro={t("suspendIntro")} danger actions={<Button color="red" variant="light" disabled={!running && d.state !== "SUSPENDED"} onClick={ask("suspend")}>{t("suspend")}</Button>}>
          {!running && d.state !== "SUSPENDED" && <Text size="sm" c="dimmed">{t("onlyRunning")}</Text>}
        </Section>
      )}
      <Section
        title={t("deleteTitle")} intro={t("deleteIntro")} danger
        actions={<Button color="red" disabled={d.state === "DELETING"} onClick={ask("delete")}>{t("delete")}</Button>}
      >
        {d.state === "DELETING" && <Text size="sm" c="dimmed">{t("isDeleting")}</Text>}
      </Section>
      <SettingsDialogs database={d} asked={asked} onClose={() => setAsked(null)} />
    </Stack>
  );
}

/** What happens by itself when the server is not as it is to be. */
function DriftPolicy({ database: d }: { database: Database }) {
  const t = useTexts();
  const { run, busy } = useAction(SET_DRIFT_POLICY, { done: t("driftSet") });
  const [chosen, setChosen] = useState<(typeof policies)[number] | null>(null);
  const policy = chosen ?? d.driftPolicy;
  const variables = { input: { id: d.id, policy } };
  return (
    <Section title={t("driftTitle")} intro={t("driftIntro")}>
      <Group gap="xs" align="flex-end">
        <Select label={t("driftPolicy")} data={policies.map((value) => ({ value, label: t(`drift_${value}`) }))} value={policy} onChange={(value) => value && setChosen(value as typeof policy)} allowDeselect={false} w={{ base: "100%", xs: 320 }} />
        <Button variant="default" loading={busy} disabled={policy === d.driftPolicy} onClick={() => void run(variables).then(({ data }) => data && setChosen(null))}>{t("save")}</Button>
        <ShowGraphQL document={SET_DRIFT_POLICY} variables={variables} />
      </Group>
    </Section>
  );
}
