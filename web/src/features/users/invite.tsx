import { SegmentedControl, TextInput } from "@mantine/core";
import { useState } from "react";
import { ActionForm } from "@/components/action-form";
import { CustomerSelect } from "@/components/customer-select";
import { CustomerRoleSelect, providerRoles, useRoles } from "@/components/roles";
import { Select } from "@/components/select";
import { useIsStaff } from "@/components/use-viewer";
import { graphql } from "@/gql/document";
import type { CustomerRole, ProviderRole } from "@/gql/generated/graphql";
import { languages } from "@/lib/text";
import { useTexts } from "./texts";

const INVITE = graphql(`
  mutation InviteUser($input: InviteUserInput!) {
    inviteUser(input: $input) { invitation { id email } }
  }
`);

/** Asks somebody by mail to take a role, with a customer or with the provider. */
export function Invite(p: { customerId?: string; onClose: () => void }) {
  const t = useTexts();
  const role = useRoles();
  const staff = useIsStaff();
  const [where, setWhere] = useState<"customer" | "provider">("customer");
  const [customer, setCustomer] = useState<string | null>(p.customerId ?? null);
  const [customerRole, setCustomerRole] = useState<CustomerRole>("DEVELOPER");
  const [providerRole, setProviderRole] = useState<ProviderRole>("SUPPORT");
  const [language, setLanguage] = useState<string | null>(null);
  return (
    <ActionForm
      document={INVITE} fields={["email", "name", "customerId", "customerRole", "providerRole"]} submit={t("sendInvitation")} done={({ inviteUser }) => t("invited", { email: inviteUser.invitation.email })}
      blocked={where === "customer" && customer === null && t("chooseCustomer")} onCancel={p.onClose} onDone={p.onClose}
      variables={(v) => ({
        input: {
          email: v.email ?? "", name: v.name ?? "", language: language as "EN" | "DE" | null,
          ...(where === "customer" ? { customerId: customer, customerRole } : { providerRole }),
        },
      })}
    >
      {(of) => (
        <>
          <TextInput name="name" label={t("fullName")} autoComplete="off" error={of("name")} data-autofocus />
          <TextInput name="email" type="email" label={t("email")} description={t("inviteHint")} autoComplete="off" error={of("email")} />
          {staff && (
            <SegmentedControl
              aria-label={t("where")} value={where} onChange={(value) => setWhere(value as typeof where)} fullWidth
              data={[{ value: "customer", label: t("inCustomer") }, { value: "provider", label: t("inProvider") }]}
            />
          )}
          {where === "customer" ? (
            <>
              <CustomerSelect clearable label={t("customer")} value={customer} onChange={setCustomer} error={of("customerId")} />
              <CustomerRoleSelect name="customerRole" value={customerRole} onChange={setCustomerRole} error={of("customerRole")} />
            </>
          ) : (
            <Select label={t("role")} description={role.ofProvider(providerRole)} inputWrapperOrder={["label", "input", "description", "error"]} allowDeselect={false} value={providerRole} onChange={(value) => setProviderRole((value ?? "SUPPORT") as ProviderRole)} data={providerRoles.map((value) => ({ value, label: role.provider(value) }))} error={of("providerRole")} />
          )}
          <Select label={t("mailLanguage")} placeholder={t("mailLanguageDefault")} clearable clearButtonProps={{ "aria-label": "×" }} value={language} onChange={setLanguage} data={[{ value: "EN", label: languages.en }, { value: "DE", label: languages.de }]} />
        </>
      )}
    </ActionForm>
  );
}
