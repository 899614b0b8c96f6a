import { useNavigate, useSearch } from "@tanstack/react-router";
import { useQuery } from "urql";
import { CustomerSelect } from "@/components/customer-select";
import { useMay } from "@/components/use-viewer";
import { graphql } from "@/gql/document";
import { useTexts } from "./texts";

const SEES_SEVERAL = graphql(`
  query SeesSeveralCustomers {
    customers(first: 2) { nodes { id } }
  }
`);

/**
 * Chooses the customer that lists are of, for who sees more than one. It stands in the
 * address, which each page keeps; other pages than lists go on as they are.
 */
export function CustomerSwitcher(p: { w: React.ComponentProps<typeof CustomerSelect>["w"] }) {
  const t = useTexts();
  const may = useMay();
  const navigate = useNavigate();
  const { customer } = useSearch({ strict: false });
  const [{ data }] = useQuery({ query: SEES_SEVERAL, pause: !may("CUSTOMERS_READ"), requestPolicy: "cache-first" });
  if (!data || data.customers.nodes.length < 2) return null;
  return (
    <CustomerSelect
      bare clearable size="xs" label={t("customer")} placeholder={t("allCustomers")} value={customer ?? null} w={p.w}
      onChange={(next) => void navigate({ to: ".", search: (old: object) => ({ ...old, customer: next ?? undefined, after: undefined, before: undefined }) } as never)}
    />
  );
}
