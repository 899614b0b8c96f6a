import { Alert, Stack, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { ActionForm } from "@/components/action-form";
import type { Ordered } from "@/components/order-dialog";
import { PartSkeleton } from "@/components/skeletons";
import { graphql } from "@/gql/document";
import type { Customer } from "./detail";
import { RESUME, SUSPEND } from "./operations";
import { useTexts } from "./texts";

const AFFECTED = graphql(`
  query CustomerServices($id: ID!) {
    customer(id: $id) {
      id
      quotas { name used max level }
      databases(first: 10) { nodes { id name state } totalCount }
      children(first: 10) { nodes { id name state } totalCount }
    }
  }
`);

type Form = { customer: Customer; onOrdered: (ordered: Ordered) => void; onCancel: () => void };

/** Whose services stop or go on: by name, as far as a glance takes, and all by number. */
function Affected({ id }: { id: string }) {
  const t = useTexts();
  const [{ data, error }] = useQuery({ query: AFFECTED, variables: { id }, requestPolicy: "network-only" });
  if (error) return <Alert color="yellow">{t("affectedUnknown")}</Alert>;
  if (!data?.customer) return <PartSkeleton label={t("loading")} height={60} />;
  const { quotas, databases, children } = data.customer;
  const all = quotas.find(({ name }) => name === "DATABASES")?.used ?? "0";
  const names = (list: { nodes: readonly { name: string }[]; totalCount: number } | null | undefined) =>
    list && list.totalCount > 0 ? list.nodes.map(({ name }) => name).join(", ") + (list.totalCount > list.nodes.length ? ` ${t("more", { count: list.totalCount - list.nodes.length })}` : "") : "–";
  return (
    <Stack gap={4} role="status">
      <Text size="sm" fw={500}>{t("affected", { count: Number(all) })}</Text>
      <Text size="sm">{t("ownDatabases", { names: names(databases) })}</Text>
      <Text size="sm">{t("customersBelow", { names: names(children) })}</Text>
    </Stack>
  );
}

/** Stops every service of a customer, and says which those are first. */
export function SuspendForm({ customer: c, onOrdered, onCancel }: Form) {
  const t = useTexts();
  const [reason, setReason] = useState("");
  return (
    <ActionForm
      document={SUSPEND} variables={{ input: { id: c.id, reason: reason.trim() } }} fields={["reason"]} submit={t("suspend")} danger done={t("suspending")} preview={reason.trim() !== ""} onCancel={onCancel}
      onDone={({ suspendCustomer: { job } }) => onOrdered({ job })}
    >
      {(error) => (
        <Stack gap="md">
          <Text size="sm">{t("suspendIntro")}</Text>
          <Affected id={c.id} />
          <Textarea name="reason" label={t("reason")} description={t("reasonHint")} value={reason} onChange={({ currentTarget: { value } }) => setReason(value)} error={error("reason")} rows={2} required data-autofocus />
        </Stack>
      )}
    </ActionForm>
  );
}

/** Lets the services of a customer run again. */
export function ResumeForm({ customer: c, onOrdered, onCancel }: Form) {
  const t = useTexts();
  return (
    <ActionForm document={RESUME} variables={{ input: { id: c.id } }} submit={t("resume")} done={t("resuming")} preview onCancel={onCancel} onDone={({ resumeCustomer: { job } }) => onOrdered({ job })}>
      {() => (
        <Stack gap="md">
          <Text size="sm">{t("resumeIntro")}</Text>
          <Affected id={c.id} />
        </Stack>
      )}
    </ActionForm>
  );
}
