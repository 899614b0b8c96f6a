import { Button, Divider, Group, Stack, Text } from "@mantine/core";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { texts } from "@/lib/text";
import { type Credentials, CredentialsOnce } from "./credentials";
import { Dialog } from "./dialog";
import { JobLive, type LiveJob } from "./job-live";
import { PutAside } from "./put-aside";

const useTexts = texts("order-dialog", {
  en: { saved: "I have saved it", close: "Close", again: "Change and try again", works: "They work once the job has succeeded.", gone: "The password was shown before and cannot be shown again. Rotate it to get another." },
  de: { saved: "Ich habe es gesichert", close: "Schließen", again: "Ändern und noch einmal versuchen", works: "Sie gelten, sobald der Auftrag erledigt ist.", gone: "Das Passwort wurde schon gezeigt und lässt sich nicht noch einmal zeigen. Erneuern Sie es, um ein anderes zu bekommen." },
});

/** What an order answered with. */
export interface Ordered {
  job?: { id: string } | null;
  /** Undefined for an order that has none; null when they were shown before. */
  credentials?: Credentials | null;
  /** Where to go when the dialog is closed. */
  then?: () => void;
}

/**
 * A dialog that asks for an order, and then shows its job's steps live and the secret
 * once; with one it is left by saying that it is saved. When the job comes to nothing, the form
 * can be changed and sent again as another order. Nothing of it stays when it closes.
 */
export function OrderDialog(p: { opened: boolean; onClose: () => void; title: string; drawer?: boolean; ifFailed?: string; children: (onOrdered: (ordered: Ordered) => void) => ReactNode }) {
  const t = useTexts();
  const [ordered, setOrdered] = useState<Ordered | null>(null);
  const [job, setJob] = useState<LiveJob | null>(null);
  const failed = job?.state === "FAILED" || job?.state === "CANCELED";
  const over = ordered !== null && (!ordered.job || job?.state === "SUCCEEDED");
  const form = useRef<HTMLDivElement>(null);
  const returns = useRef(false);
  const secret = !failed && ordered?.credentials ? ordered.credentials : null;

  function close() {
    const then = failed ? undefined : ordered?.then;
    setOrdered(null);
    setJob(null);
    p.onClose();
    then?.();
  }
  function again() {
    returns.current = true;
    setOrdered(null);
    setJob(null);
  }
  useLayoutEffect(() => {
    if (ordered !== null || !returns.current) return;
    returns.current = false;
    const controls = (which: string) => form.current?.querySelector<HTMLElement>(which);
    (controls("input:not([type=hidden], :disabled), textarea:not(:disabled)") ?? controls("button[type=submit]"))?.focus();
  }, [ordered]);
  function onOrdered(next: Ordered) {
    if (next.job || next.credentials) return setOrdered(next);
    p.onClose();
    next.then?.();
  }

  return (
    <Dialog size="lg" opened={p.opened} onClose={close} title={p.title} drawer={p.drawer} locked={secret !== null}>
      {!over && <div ref={form} style={ordered === null ? undefined : { display: "none" }}><PutAside value={ordered !== null}>{p.children(onOrdered)}</PutAside></div>}
      {ordered !== null && (
        <Stack gap="md">
          {secret && <CredentialsOnce of={secret} />}
          {secret && ordered.job && <Text size="sm" c="dimmed">{t("works")}</Text>}
          {ordered.credentials === null && <Text size="sm" c="dimmed">{t("gone")}</Text>}
          {secret && ordered.job && <Divider />}
          {ordered.job && <JobLive id={ordered.job.id} onChange={setJob} ifFailed={p.ifFailed} />}
          <Group justify="flex-end" gap="xs">
            {failed && <Button variant="default" onClick={again}>{t("again")}</Button>}
            <Button onClick={close} data-autofocus>{secret ? t("saved") : t("close")}</Button>
          </Group>
        </Stack>
      )}
    </Dialog>
  );
}
