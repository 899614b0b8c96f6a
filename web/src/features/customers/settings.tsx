import { Button, Checkbox, Group, NumberInput, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { ActionForm } from "@/components/action-form";
import { ConfirmAction } from "@/components/confirm-action";
import { OrderDialog } from "@/components/order-dialog";
import { Section } from "@/components/section";
import { useIsStaff } from "@/components/use-viewer";
import { CountrySelect } from "./country";
import type { Customer } from "./detail";
import { ARCHIVE, UPDATE } from "./operations";
import { ResumeForm, SuspendForm } from "./suspend";
import { useTexts } from "./texts";

/** What can be changed about a customer, what it may use, and how it is stopped and ended. */
export function SettingsTab({ customer: c }: { customer: Customer }) {
  const t = useTexts();
  const staff = useIsStaff();
  const [asked, setAsked] = useState<"suspend" | "resume" | "archive" | null>(null);
  const close = () => setAsked(null);
  if (c.state === "ARCHIVED") return <Text c="dimmed">{t("archivedText")}</Text>;
  const blocked = c.databases?.totalCount || c.children?.totalCount ? t("notEmpty") : undefined;
  const above = staff || c.parent !== null; // who is not above it is refused by the panel
  return (
    <Stack gap="md">
      <Section title={t("profile")}><ProfileForm customer={c} /></Section>
      {above && <Section title={t("limits")} intro={t("limitsIntro")}><QuotaForm customer={c} /></Section>}
      {above && (c.state === "SUSPENDED" ? (
        <Section title={t("resume")} intro={t("resumeIntro")} actions={<Button variant="default" onClick={() => setAsked("resume")}>{t("resume")}</Button>} />
      ) : (
        <Section title={t("suspend")} intro={t("suspendIntro")} danger actions={<Button color="red" variant="light" onClick={() => setAsked("suspend")}>{t("suspend")}</Button>} />
      ))}
      {above && (
        <Section title={t("archive")} intro={t("archiveIntro")} danger actions={<Button color="red" disabled={blocked !== undefined} onClick={() => setAsked("archive")}>{t("archive")}</Button>}>
          {blocked && <Text size="sm" c="dimmed">{blocked}</Text>}
        </Section>
      )}
      <OrderDialog opened={asked === "suspend"} onClose={close} title={t("suspendOf", { name: c.name })}>{(onOrdered) => <SuspendForm customer={c} onOrdered={onOrdered} onCancel={close} />}</OrderDialog>
      <OrderDialog opened={asked === "resume"} onClose={close} title={t("resumeOf", { name: c.name })}>{(onOrdered) => <ResumeForm customer={c} onOrdered={onOrdered} onCancel={close} />}</OrderDialog>
      <ConfirmAction opened={asked === "archive"} onClose={close} title={t("archiveOf", { name: c.name })} document={ARCHIVE} variables={{ input: { id: c.id } }} typed={c.name} submit={t("archive")} done={t("archived")}>
        {t("archiveText")}
      </ConfirmAction>
    </Stack>
  );
}

interface Profile {
  name: string;
  email: string;
  company: string;
  country: string | null;
}

/** A field has what there is until something is typed into it, whatever else changes about the customer. */
function ProfileForm({ customer: c }: { customer: Customer }) {
  const t = useTexts();
  const [typed, setTyped] = useState<Partial<Profile>>({});
  const { name, email, company, country } = { name: c.name, email: c.email, company: c.company ?? "", country: c.country ?? null, ...typed };
  const set = (field: Partial<Profile>) => setTyped((before) => ({ ...before, ...field }));
  return (
    <ActionForm
      document={UPDATE} variables={{ input: { id: c.id, name: name.trim(), email: email.trim(), company: company.trim(), country: country ?? "" } }} fields={["name", "email", "company", "country"]} submit={t("save")} done={t("saved")} onDone={() => setTyped({})}
    >
      {(error) => (
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput name="name" label={t("name")} value={name} onChange={({ currentTarget: { value } }) => set({ name: value })} error={error("name")} autoComplete="off" required />
          <TextInput name="email" type="email" label={t("email")} value={email} onChange={({ currentTarget: { value } }) => set({ email: value })} error={error("email")} autoComplete="off" required />
          <TextInput name="company" label={t("company")} value={company} onChange={({ currentTarget: { value } }) => set({ company: value })} error={error("company")} autoComplete="off" />
          <CountrySelect name="country" label={t("country")} value={country} onChange={(value) => set({ country: value })} error={error("country")} />
        </SimpleGrid>
      )}
    </ActionForm>
  );
}

const gib = 1024 ** 3;

/** Limits: of databases by their number, of their size in GiB as people think of it. */
function QuotaForm({ customer: c }: { customer: Customer }) {
  const t = useTexts();
  const start = (name: "DATABASES" | "DATABASE_BYTES", unit: number) => {
    const max = c.quotas.find((q) => q.name === name)?.max;
    return max === null || max === undefined ? null : Number(max) / unit;
  };
  const [typed, setTyped] = useState<{ databases?: number | string | null; size?: number | string | null }>({});
  const { databases, size } = { databases: start("DATABASES", 1), size: start("DATABASE_BYTES", gib), ...typed };
  const max = (value: number | string | null, unit: number) => (value === null || value === "" ? null : String(Math.round(Number(value) * unit)));
  const quotas = [{ name: "DATABASES" as const, max: max(databases, 1) }, { name: "DATABASE_BYTES" as const, max: max(size, gib) }];
  return (
    <ActionForm document={UPDATE} variables={{ input: { id: c.id, quotas } }} fields={["quotas"]} submit={t("saveLimits")} done={t("limitsSaved")} onDone={() => setTyped({})}>
      {(error) => (
        <Stack gap="sm">
          <Limit label={t("databases")} value={databases} onChange={(value) => setTyped({ ...typed, databases: value })} />
          <Limit label={t("sizeGib")} value={size} onChange={(value) => setTyped({ ...typed, size: value })} decimal />
          {error("quotas") && <Text size="sm" c="var(--mantine-color-error)" role="alert">{error("quotas")}</Text>}
        </Stack>
      )}
    </ActionForm>
  );
}

function Limit(p: { label: string; value: number | string | null; onChange: (value: number | string | null) => void; decimal?: boolean }) {
  const t = useTexts();
  return (
    <Group gap="md" align="flex-end">
      <NumberInput label={p.label} value={p.value ?? ""} onChange={p.onChange} disabled={p.value === null} placeholder={p.value === null ? t("unlimited") : undefined} min={0} allowDecimal={p.decimal ?? false} decimalScale={2} w={{ base: "100%", xs: 220 }} />
      <Checkbox label={t("unlimitedOf", { what: p.label })} checked={p.value === null} onChange={({ currentTarget: { checked } }) => p.onChange(checked ? null : 0)} mb={8} />
    </Group>
  );
}
