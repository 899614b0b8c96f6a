import { Button, Stack, Text, TextInput, Textarea } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ActionForm } from "@/components/action-form";
import { CustomerSelect } from "@/components/customer-select";
import { OrderDialog, type Ordered } from "@/components/order-dialog";
import { Select } from "@/components/select";
import { useViewer } from "@/components/use-viewer";
import type { Database } from "./detail";
import { ExportFlow } from "./export";
import { graceChoices, secondsOf } from "./grace";
import { CLEANUP, CLONE, DELETE, KEEP_PREVIOUS, RESUME, ROTATE, SUSPEND } from "./operations";
import { useTexts } from "./texts-detail";

export type SettingsAsked = "rotate" | "keep" | "suspend" | "resume" | "cleanup" | "clone" | "delete" | null;
type Form = { database: Database; onOrdered: (ordered: Ordered) => void; onCancel: () => void };

/** What is asked before something is done to a database. */
export function SettingsDialogs({ database: d, asked, onClose }: { database: Database; asked: SettingsAsked; onClose: () => void }) {
  const t = useTexts();
  const form = { database: d, onCancel: onClose };
  const input = { id: d.id };
  return (
    <>
      <OrderDialog opened={asked === "rotate"} onClose={onClose} title={t("rotateOf", { name: d.name })}>{(onOrdered) => <RotateForm {...form} onOrdered={onOrdered} />}</OrderDialog>
      <OrderDialog opened={asked === "keep"} onClose={onClose} title={t("keep")}>
        {(onOrdered) => (
          <ActionForm document={KEEP_PREVIOUS} variables={{ input }} submit={t("keep")} done={t("keeping")} preview onCancel={onClose} onDone={({ keepPreviousDatabaseLogin: { job } }) => onOrdered({ job })}>
            {() => <Text size="sm">{t("keepText", { username: d.previousUsername ?? "" })}</Text>}
          </ActionForm>
        )}
      </OrderDialog>
      <OrderDialog opened={asked === "suspend"} onClose={onClose} title={t("suspendOf", { name: d.name })}>{(onOrdered) => <SuspendForm {...form} onOrdered={onOrdered} />}</OrderDialog>
      <OrderDialog opened={asked === "resume"} onClose={onClose} title={t("resumeOf", { name: d.name })}>
        {(onOrdered) => (
          <ActionForm document={RESUME} variables={{ input }} submit={t("resume")} done={t("resuming")} preview onCancel={onClose} onDone={({ resumeDatabase: { job } }) => onOrdered({ job })}>
            {() => <Text size="sm">{t("resumeIntro")}</Text>}
          </ActionForm>
        )}
      </OrderDialog>
      <OrderDialog opened={asked === "cleanup"} onClose={onClose} title={t("cleanup")}>
        {(onOrdered) => (
          <ActionForm document={CLEANUP} variables={{ input }} submit={t("cleanup")} done={t("cleaning")} preview onCancel={onClose} onDone={({ openDatabaseForCleanup: { job } }) => onOrdered({ job })}>
            {() => <Text size="sm">{t("cleanupIntro")}</Text>}
          </ActionForm>
        )}
      </OrderDialog>
      <OrderDialog drawer opened={asked === "clone"} onClose={onClose} title={t("cloneOf", { name: d.name })}>{(onOrdered) => <CloneForm {...form} onOrdered={onOrdered} />}</OrderDialog>
      <OrderDialog opened={asked === "delete"} onClose={onClose} title={t("deleteOf", { name: d.name })}>{(onOrdered) => <DeleteForm {...form} onOrdered={onOrdered} />}</OrderDialog>
    </>
  );
}

const rotateGraces = ["0", "3600", "86400", "604800", "2592000"] as const;

function RotateForm({ database: d, onOrdered, onCancel }: Form) {
  const t = useTexts();
  const { impersonatedBy } = useViewer();
  const [grace, setGrace] = useState<string>("0");
  return (
    <ActionForm
      document={ROTATE} variables={{ input: { id: d.id, graceSeconds: Number(grace) } }} fields={["graceSeconds"]} submit={t("rotate")} done={t("rotating")} preview onCancel={onCancel}
      blocked={impersonatedBy ? t("notActing") : undefined}
      onDone={({ rotateDatabasePassword: { job, credentials } }) => onOrdered({ job, credentials: credentials ?? null })}
    >
      {(error) => (
        <Stack gap="sm">
          <Select name="graceSeconds" label={t("grace")} data={rotateGraces.map((value) => ({ value, label: t(`rotateGrace_${value}`) }))} value={grace} onChange={(value) => value && setGrace(value)} allowDeselect={false} error={error("graceSeconds")} />
          <Text size="sm">{grace === "0" ? t("rotateNow") : t("rotateLater")}</Text>
        </Stack>
      )}
    </ActionForm>
  );
}

function SuspendForm({ database: d, onOrdered, onCancel }: Form) {
  const t = useTexts();
  const [reason, setReason] = useState("");
  return (
    <ActionForm document={SUSPEND} variables={{ input: { id: d.id, reason: reason.trim() } }} fields={["reason"]} submit={t("suspend")} danger done={t("suspending")} preview onCancel={onCancel} onDone={({ suspendDatabase: { job } }) => onOrdered({ job })}>
      {(error) => (
        <Stack gap="sm">
          <Text size="sm">{t("suspendIntro")}</Text>
          <Textarea name="reason" label={t("reason")} description={t("reasonHint")} value={reason} onChange={({ currentTarget: { value } }) => setReason(value)} error={error("reason")} rows={2} data-autofocus />
        </Stack>
      )}
    </ActionForm>
  );
}

function CloneForm({ database: d, onOrdered, onCancel }: Form) {
  const t = useTexts();
  const navigate = useNavigate();
  const { user, impersonatedBy } = useViewer();
  const [name, setName] = useState("");
  const [customer, setCustomer] = useState<string | null>(d.customer.id);
  return (
    <ActionForm
      document={CLONE} variables={{ input: { id: d.id, name: name.trim(), customerId: customer } }} fields={["name", "customerId"]} submit={t("clone")} done={t("cloning")} quotas preview={name.trim() !== ""} onCancel={onCancel}
      blocked={impersonatedBy ? t("notActing") : undefined}
      onDone={({ cloneDatabase: { job, credentials, database } }) =>
        onOrdered({ job, credentials: credentials ?? null, then: database ? () => void navigate({ to: "/databases/$id", params: { id: database.id } }) : undefined })}
    >
      {(error) => (
        <Stack gap="md">
          <Text size="sm">{t("cloneIntro")}</Text>
          <TextInput name="name" label={t("newName")} description={t("nameHint")} value={name} onChange={({ currentTarget: { value } }) => setName(value)} error={error("name")} autoComplete="off" spellCheck={false} required data-autofocus />
          {user.role !== null && <CustomerSelect name="customerId" label={t("customer")} value={customer} onChange={setCustomer} error={error("customerId")} />}
        </Stack>
      )}
    </ActionForm>
  );
}

/** Asks for the name, says until when it can be taken back, and offers a copy first. */
function DeleteForm({ database: d, onOrdered, onCancel }: Form) {
  const t = useTexts();
  const [grace, setGrace] = useState("default");
  const [exports, setExports] = useState(false);
  const [exporting, setExporting] = useState(false);
  const can = d.state === "ACTIVE" || d.state === "DEGRADED";
  return (
    <Stack gap="md">
      <Text size="sm">{t("deleteIntro")}</Text>
      {can && !exports && <Button variant="default" onClick={() => setExports(true)} style={{ alignSelf: "flex-start" }}>{t("exportFirst")}</Button>}
      {!can && d.state !== "FAILED" && <Text size="sm" c="dimmed">{t("exportNot")}</Text>}
      {exports && <ExportFlow databaseId={d.id} onRunning={setExporting} />}
      <ActionForm
        document={DELETE} variables={{ input: { id: d.id, graceSeconds: secondsOf(grace) } }} fields={["graceSeconds"]} submit={t("delete")} danger typed={d.name} done={t("deleting")} preview={!exporting} onCancel={onCancel}
        blocked={exporting ? t("exportRuns") : undefined} onDone={({ deleteDatabase: { job } }) => onOrdered({ job })}
      >
        {(error) => (
          <Select
            name="graceSeconds" label={t("deleteGrace")} data={graceChoices.map((value) => ({ value, label: t(`grace_${value}`) }))} value={grace} onChange={(value) => value && setGrace(value)} allowDeselect={false}
            description={grace === "0" ? t("graceNone") : t("graceHint")} error={error("graceSeconds")}
          />
        )}
      </ActionForm>
    </Stack>
  );
}
