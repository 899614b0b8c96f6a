import { Button, List, Stack, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { ActionForm } from "@/components/action-form";
import { OrderDialog } from "@/components/order-dialog";
import { Select } from "@/components/select";
import { graceChoices, secondsOf } from "./grace";
import { CHANGE_ALL } from "./operations";
import { useTexts } from "./texts";

const actions = ["SUSPEND", "RESUME", "DELETE"] as const;
type Action = (typeof actions)[number];
type Chosen = { id: string; name: string };

/** What can be done to the databases that are selected: each is named, and the panel says what would happen. */
export function BulkActions(p: { rows: readonly Chosen[]; onDone: () => void }) {
  const t = useTexts();
  const [action, setAction] = useState<Action | null>(null);
  const [last, setLast] = useState<Action>("SUSPEND");
  const many = p.rows.length > 100;
  return (
    <>
      {many && <Text size="sm" c="dimmed">{t("atMost")}</Text>}
      {actions.map((one) => (
        <Button
          key={one} size="xs" variant="default" color={one === "DELETE" ? "red" : undefined} disabled={many}
          onClick={() => {
            setLast(one);
            setAction(one);
          }}
        >
          {t(`all_${one}`)}
        </Button>
      ))}
      <OrderDialog opened={action !== null} onClose={() => setAction(null)} title={t(`allOf_${last}`, { count: p.rows.length })}>
        {(onOrdered) => <BulkForm action={last} rows={p.rows} onCancel={() => setAction(null)} onOrdered={(job) => onOrdered({ job, then: p.onDone })} />}
      </OrderDialog>
    </>
  );
}

function BulkForm(p: { action: Action; rows: readonly Chosen[]; onCancel: () => void; onOrdered: (job: { id: string } | null | undefined) => void }) {
  const t = useTexts();
  const [reason, setReason] = useState("");
  const [grace, setGrace] = useState("default");
  const deletes = p.action === "DELETE";
  const input = {
    action: p.action, ids: p.rows.map(({ id }) => id),
    ...(p.action === "SUSPEND" ? { reason: reason.trim() || undefined } : {}),
    ...(deletes ? { graceSeconds: secondsOf(grace) } : {}),
  };
  return (
    <ActionForm
      document={CHANGE_ALL} variables={{ input }} fields={["reason", "graceSeconds", "ids"]} submit={t(`all_${p.action}`)} danger={p.action !== "RESUME"} typed={deletes ? t("deleteWord") : undefined}
      done={t("allOrdered")} preview onCancel={p.onCancel} onDone={({ changeDatabases: { job } }) => p.onOrdered(job)}
    >
      {(error) => (
        <Stack gap="sm">
          <Text size="sm">{t(`allText_${p.action}`)}</Text>
          <List size="sm" aria-label={t("databases")} style={{ maxHeight: 200, overflowY: "auto" }}>{p.rows.map(({ id, name }) => <List.Item key={id}>{name}</List.Item>)}</List>
          {error("ids") && <Text size="sm" c="var(--mantine-color-error)" role="alert">{error("ids")}</Text>}
          {p.action === "SUSPEND" && <Textarea name="reason" label={t("reason")} description={t("reasonHint")} value={reason} onChange={({ currentTarget: { value } }) => setReason(value)} error={error("reason")} rows={2} />}
          {deletes && <Select name="graceSeconds" label={t("deleteGrace")} data={graceChoices.map((value) => ({ value, label: t(`grace_${value}`) }))} value={grace} onChange={(value) => value && setGrace(value)} allowDeselect={false} error={error("graceSeconds")} />}
        </Stack>
      )}
    </ActionForm>
  );
}
