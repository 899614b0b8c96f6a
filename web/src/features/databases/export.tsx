import { Alert, Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { ActionForm } from "@/components/action-form";
import { CopyField } from "@/components/copy-field";
import { JobLive, type LiveJob } from "@/components/job-live";
import { Select } from "@/components/select";
import { ShowGraphQL } from "@/components/show-graphql";
import { useAction } from "@/components/use-action";
import { useViewer } from "@/components/use-viewer";
import { dateTime } from "@/lib/format";
import { DUMP_URL, EXPORT } from "./operations";
import { useTexts } from "./texts-dumps";

const formats = ["PLAIN_GZIP", "PLAIN", "CUSTOM"] as const;
type Format = (typeof formats)[number];

/** Makes a dump of a database: how it is written, the job as it goes on, and at the end where to fetch it. */
export function ExportFlow(p: { databaseId: string; onCancel?: () => void; onRunning?: (is: boolean) => void }) {
  const t = useTexts();
  const [format, setFormat] = useState<Format>("PLAIN_GZIP");
  const [ordered, setOrdered] = useState<{ job?: string; dump: string } | null>(null);
  const [job, setJob] = useState<LiveJob | null>(null);
  if (ordered === null) {
    return (
      <ActionForm
        document={EXPORT} variables={{ input: { id: p.databaseId, format } }} fields={["format"]} submit={t("export")} done={t("exporting")} onCancel={p.onCancel}
        onDone={({ exportDatabase: { job: made, dump } }) => {
          if (!dump) return;
          setOrdered({ job: made?.id, dump: dump.id });
          p.onRunning?.(true);
        }}
      >
        {(error) => (
          <Select
            name="format" label={t("format")} data={formats.map((value) => ({ value, label: t(`format_${value}`) }))} value={format} onChange={(value) => value && setFormat(value as Format)} allowDeselect={false}
            description={t("exportHint")} error={error("format")}
          />
        )}
      </ActionForm>
    );
  }
  return (
    <Stack gap="md">
      {ordered.job && (
        <JobLive
          id={ordered.job}
          onChange={(now) => {
            setJob(now);
            if (now.finishedAt) p.onRunning?.(false);
          }}
        />
      )}
      {job?.state === "SUCCEEDED" && <DownloadLink dumpId={ordered.dump} />}
      {p.onCancel && <Group justify="flex-end"><Button variant="default" onClick={p.onCancel}>{t("close")}</Button></Group>}
    </Stack>
  );
}

/** Makes the link at which a dump is fetched once, and says until when. */
export function DownloadLink(p: { dumpId: string }) {
  const t = useTexts();
  const { impersonatedBy } = useViewer();
  const [link, setLink] = useState<{ url: string; expiresAt?: string | null } | null>(null);
  const { run, busy } = useAction(DUMP_URL);
  async function make() {
    const { data } = await run({ input: { id: p.dumpId } });
    if (data?.createDatabaseDumpUrl.url) setLink({ url: data.createDatabaseDumpUrl.url, expiresAt: data.createDatabaseDumpUrl.expiresAt });
  }
  if (impersonatedBy) return <Text size="sm" c="dimmed">{t("notActing")}</Text>;
  if (link) {
    return (
      <Alert color="green" role="status" title={t("linkReady")}>
        <Stack gap="xs">
          <Group gap="xs"><IconDownload size={16} aria-hidden /><Anchor href={link.url} size="sm" underline="always" c="var(--mantine-color-text)">{t("download")}</Anchor></Group>
          <CopyField label={t("link")} value={link.url} />
          <Text size="xs" c="var(--mantine-color-text)">{link.expiresAt ? t("linkUntil", { at: dateTime(link.expiresAt) }) : t("linkOnce")}</Text>
        </Stack>
      </Alert>
    );
  }
  return (
    <Group gap="xs">
      <Button leftSection={<IconDownload size={16} aria-hidden />} loading={busy} onClick={() => void make()}>{t("makeLink")}</Button>
      <ShowGraphQL document={DUMP_URL} variables={{ input: { id: p.dumpId } }} />
    </Group>
  );
}
