import { Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { ActionForm } from "@/components/action-form";
import { CustomerRoleSelect } from "@/components/roles";
import type { CustomerRole } from "@/gql/generated/graphql";
import { INVITE } from "./operations";
import { useTexts } from "./texts-members";

/** Invites somebody to a role within a customer. */
export function InviteForm(p: { customerId: string; onClose: () => void }) {
  const t = useTexts();
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<CustomerRole>("DEVELOPER");
  return (
    <ActionForm
      document={INVITE} variables={{ input: { email: email.trim(), name: name.trim(), customerId: p.customerId, customerRole: role } }} fields={["email", "name", "customerRole"]} submit={t("send")}
      done={t("invited", { email: email.trim() })} onCancel={p.onClose} onDone={p.onClose}
    >
      {(error) => (
        <Stack gap="md">
          <TextInput name="email" type="email" label={t("email")} description={t("emailHint")} value={email} onChange={({ currentTarget: { value } }) => setEmail(value)} error={error("email")} autoComplete="off" required data-autofocus />
          <TextInput name="name" label={t("name")} value={name} onChange={({ currentTarget: { value } }) => setName(value)} error={error("name")} autoComplete="off" required />
          <CustomerRoleSelect name="customerRole" value={role} onChange={setRole} error={error("customerRole")} />
        </Stack>
      )}
    </ActionForm>
  );
}
