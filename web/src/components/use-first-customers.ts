import { useQuery } from "urql";
import { graphql } from "@/gql/document";
import { useIsStaff, useMay } from "./use-viewer";

const FIRST_CUSTOMERS = graphql(`
  query FirstCustomers {
    customers(first: 2) { nodes { id } }
  }
`);

/** Two of the customers that the viewer sees, or the only one; undefined until they are known and for who may see none. */
function useFirstCustomers() {
  const may = useMay();
  const [{ data }] = useQuery({ query: FIRST_CUSTOMERS, pause: !may("CUSTOMERS_READ"), requestPolicy: "cache-first" });
  return data?.customers.nodes;
}

/** Whether the viewer sees more than one customer, so that there is something to choose. */
export function useSeesSeveral(): boolean {
  return (useFirstCustomers()?.length ?? 0) > 1;
}

/** The customer for whom there is nothing to choose, since the viewer sees no other; staff chooses always. */
export function useOnlyCustomer(): string | undefined {
  const customers = useFirstCustomers();
  return !useIsStaff() && customers?.length === 1 ? customers[0]?.id : undefined;
}
