import type { CustomerRole, ProviderRole } from "@/gql/generated/graphql";
import { texts } from "@/lib/text";
import { Select } from "./select";

const useTexts = texts("roles", {
  en: {
    role: "Role",
    OWNER: "Owner", ADMIN: "Administrator", SUPPORT: "Support", BILLING: "Billing", DEVELOPER: "Developer", READ_ONLY: "Read only",
    provider_OWNER: "May do everything, also give the owner's role.", provider_ADMIN: "May do everything.", provider_SUPPORT: "Sees everything, changes nothing.", provider_BILLING: "Sees customers.",
    customer_OWNER: "Everything of the customer's and of its own customers.", customer_ADMIN: "Everything of the customer's and of its own customers.", customer_DEVELOPER: "Databases and what runs on them.", customer_BILLING: "The customer's own data.", customer_READ_ONLY: "Sees, changes nothing.",
  },
  de: {
    role: "Rolle",
    OWNER: "Inhaber", ADMIN: "Administrator", SUPPORT: "Support", BILLING: "Buchhaltung", DEVELOPER: "Entwickler", READ_ONLY: "Nur lesen",
    provider_OWNER: "Darf alles, auch die Rolle des Inhabers vergeben.", provider_ADMIN: "Darf alles.", provider_SUPPORT: "Sieht alles, ändert nichts.", provider_BILLING: "Sieht Kunden.",
    customer_OWNER: "Alles des Kunden und seiner eigenen Kunden.", customer_ADMIN: "Alles des Kunden und seiner eigenen Kunden.", customer_DEVELOPER: "Datenbanken und was darauf läuft.", customer_BILLING: "Die eigenen Daten des Kunden.", customer_READ_ONLY: "Sieht, ändert nichts.",
  },
});

export const providerRoles: readonly ProviderRole[] = ["OWNER", "ADMIN", "SUPPORT", "BILLING"];
const customerRoles: readonly CustomerRole[] = ["OWNER", "ADMIN", "DEVELOPER", "BILLING", "READ_ONLY"];

/** Roles in words, and what the provider's are for. */
export function useRoles() {
  const t = useTexts();
  return {
    provider: (role: ProviderRole) => t(role),
    customer: (role: CustomerRole) => t(role),
    ofProvider: (role: ProviderRole) => t(`provider_${role}`),
  };
}

/** A role within a customer, and what the one chosen is for. */
export function CustomerRoleSelect(p: { name: string; value: CustomerRole; onChange: (role: CustomerRole) => void; error?: string }) {
  const t = useTexts();
  return (
    <Select
      name={p.name} label={t("role")} description={t(`customer_${p.value}`)} inputWrapperOrder={["label", "input", "description", "error"]} allowDeselect={false} error={p.error}
      data={customerRoles.map((value) => ({ value, label: t(value) }))} value={p.value} onChange={(value) => value && p.onChange(value as CustomerRole)}
    />
  );
}
