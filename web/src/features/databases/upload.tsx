import { Alert, Button, FileInput, Group, Progress, Stack, Text } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useClient } from "urql";
import { ShowGraphQL } from "@/components/show-graphql";
import { toastDone } from "@/components/toasts";
import { useAction } from "@/components/use-action";
import { useViewer } from "@/components/use-viewer";
import { refresh } from "@/gql/refresh";
import { bytes, percent } from "@/lib/format";
import { useSay } from "@/sentences/use-say";
import { UPLOAD } from "./operations";
import { useTexts } from "./texts-dumps";

/** Sends a file by PUT, past fetch, which cannot tell how much has gone. The returned function gives up. */
export function sendFile(url: string, file: File, on: { progress: (sent: number) => void; end: (answer: { status: number; text: string } | null) => void }): () => void {
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", ({ loaded }) => on.progress(loaded));
  request.addEventListener("load", () => on.end({ status: request.status, text: request.responseText }));
  request.addEventListener("error", () => on.end(null));
  // The page's policy lets it speak with the address that it came from alone, which may be another of the panel's.
  const { pathname, search } = new URL(url, location.origin);
  request.open("PUT", pathname + search);
  request.send(file);
  return () => request.abort();
}

/** Sends a dump from this machine, with how much has gone, and a way to give up. */
export function UploadForm(p: { databaseId: string; onDone: (dumpId: string) => void; onCancel: () => void }) {
  const t = useTexts();
  const client = useClient();
  const say = useSay();
  const { impersonatedBy } = useViewer();
  const [file, setFile] = useState<File | null>(null);
  const [sent, setSent] = useState<number | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const { run, busy } = useAction(UPLOAD, { fields: ["sizeBytes"] });
  const abort = useRef<(() => void) | null>(null);
  useEffect(() => () => abort.current?.(), []);
  const variables = { input: { databaseId: p.databaseId, sizeBytes: String(file?.size ?? 0) } };

  async function send() {
    if (!file) return;
    setFailed(null);
    const { data, problems } = await run(variables);
    const { url, dump } = data?.createDatabaseUpload ?? {};
    const wrong = problems.find(({ field }) => field === "sizeBytes");
    if (wrong) setFailed(say(wrong.message));
    if (!url || !dump) return;
    setSent(0);
    abort.current = sendFile(url, file, {
      progress: setSent,
      end: (answer) => {
        abort.current = null;
        setSent(null);
        refresh(client);
        if (answer && answer.status < 300) {
          toastDone(t("uploaded"));
          return p.onDone(dump.id);
        }
        setFailed(say(answer?.text.trim().slice(0, 300) ?? "") || t("uploadBroken"));
      },
    });
  }
  function giveUp() {
    abort.current?.();
    abort.current = null;
    setSent(null);
    refresh(client);
  }

  const share = file && sent !== null ? (file.size === 0 ? 100 : (sent / file.size) * 100) : 0;
  return (
    <Stack gap="md">
      <FileInput label={t("file")} description={t("fileHint")} placeholder={t("choose")} value={file} onChange={setFile} disabled={sent !== null} clearable leftSection={<IconUpload size={16} aria-hidden />} clearButtonProps={{ "aria-label": t("noFile") }} />
      {sent !== null && file && (
        <Stack gap={4} role="status">
          <Progress value={share} aria-label={`${t("uploading")} ${percent(share)}`} />
          <Text size="sm" c="dimmed">{t("sent", { sent: bytes(sent), all: bytes(file.size), share: percent(share) })}</Text>
        </Stack>
      )}
      {failed && <Alert color="red" role="alert" title={t("uploadFailed")}>{failed}</Alert>}
      {impersonatedBy && <Text size="sm" c="dimmed" role="status">{t("notActing")}</Text>}
      {!file && <Text size="sm" c="dimmed">{t("chooseFirst")}</Text>}
      <Group justify="space-between" gap="xs">
        <ShowGraphQL document={UPLOAD} variables={variables} />
        <Group gap="xs">
          <Button variant="default" onClick={sent !== null ? giveUp : p.onCancel}>{sent !== null ? t("stop") : t("cancel")}</Button>
          <Button onClick={() => void send()} loading={busy || sent !== null} disabled={!file || impersonatedBy !== null}>{failed ? t("again") : t("upload")}</Button>
        </Group>
      </Group>
    </Stack>
  );
}
