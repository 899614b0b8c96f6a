import { useQuery } from "urql";
import { graphql } from "@/gql/document";
import { useMay } from "./use-viewer";

const SEES_SEVERAL = graphql(`
  query SeesSeveralCustomers {
    customers(first: 2) { nodes { id } }
  }
`);

/** Whether the viewer sees more than one customer, so that there is something to choose. */
export function useSeesSeveral(): boolean {
  const may = useMay();
  const [{ data }] = useQuery({ query: SEES_SEVERAL, pause: !may("CUSTOMERS_READ"), requestPolicy: "cache-first" });
  return data !== undefined && data.customers.nodes.length > 1;
}
