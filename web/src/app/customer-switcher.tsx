import { useNavigate, useSearch } from "@tanstack/react-router";
import { CustomerSelect } from "@/components/customer-select";
import { useSeesSeveral } from "@/components/use-first-customers";
import { useTexts } from "./texts";

/**
 * Chooses the customer that lists are of, for who sees more than one. It stands in the
 * address, which each page keeps; other pages than lists go on as they are.
 */
export function CustomerSwitcher(p: { w: React.ComponentProps<typeof CustomerSelect>["w"] }) {
  const t = useTexts();
  const navigate = useNavigate();
  const { customer } = useSearch({ strict: false });
  if (!useSeesSeveral()) return null;
  return (
    <CustomerSelect
      bare clearable size="xs" label={t("customer")} placeholder={t("allCustomers")} value={customer ?? null} w={p.w}
      onChange={(next) => void navigate({ to: ".", search: (old: object) => ({ ...old, customer: next ?? undefined, after: undefined, before: undefined }) } as never)}
    />
  );
}
