import { Stack, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ActionForm } from "@/components/action-form";
import { CustomerSelect } from "@/components/customer-select";
import { Dialog } from "@/components/dialog";
import { useIsStaff } from "@/components/use-viewer";
import { CountrySelect } from "./country";
import { CREATE } from "./operations";
import { useTexts } from "./texts";

/** Creates a customer, with four fields: the rest is told on its own page. */
export function CreateCustomer(p: { opened: boolean; onClose: () => void; parentId?: string }) {
  const t = useTexts();
  return <Dialog drawer size="lg" opened={p.opened} onClose={p.onClose} title={t("create")}><CreateForm {...p} /></Dialog>;
}

function CreateForm(p: { onClose: () => void; parentId?: string }) {
  const t = useTexts();
  const navigate = useNavigate();
  const staff = useIsStaff();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [country, setCountry] = useState<string | null>(null);
  const [parent, setParent] = useState<string | null>(p.parentId ?? null);
  return (
    <ActionForm
      document={CREATE} variables={{ input: { name: name.trim(), email: email.trim(), country: country ?? undefined, parentId: parent ?? undefined } }} fields={["name", "email", "country", "parentId"]}
      submit={t("create")} done={({ createCustomer: { customer } }) => t("created_toast", { name: customer.name })} onCancel={p.onClose} blocked={!staff && parent === null ? t("parentFirst") : undefined}
      onDone={({ createCustomer: { customer } }) => {
        p.onClose();
        void navigate({ to: "/customers/$id", params: { id: customer.id } });
      }}
    >
      {(error) => (
        <Stack gap="md">
          <TextInput name="name" label={t("name")} description={t("nameHint")} value={name} onChange={({ currentTarget: { value } }) => setName(value)} error={error("name")} autoComplete="off" required data-autofocus />
          <TextInput name="email" type="email" label={t("email")} description={t("emailHint")} value={email} onChange={({ currentTarget: { value } }) => setEmail(value)} error={error("email")} autoComplete="off" required />
          <CountrySelect name="country" label={t("country")} value={country} onChange={setCountry} error={error("country")} />
          <CustomerSelect name="parentId" label={t("parent")} placeholder={staff ? t("noParent") : undefined} value={parent} onChange={setParent} clearable={staff} error={error("parentId")} />
        </Stack>
      )}
    </ActionForm>
  );
}
