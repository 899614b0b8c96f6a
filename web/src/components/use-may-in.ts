import { useQuery } from "urql";
import { graphql } from "@/gql/document";
import { type Permission, useMay } from "./use-viewer";

const PERMISSIONS_IN = graphql(`
  query PermissionsIn($customerId: ID!) {
    viewer { permissions(customerId: $customerId) }
  }
`);

/** Whether the viewer holds a permission within one customer; until that is known, whether anywhere. */
export function useMayIn(customerId: string | undefined): (permission: Permission) => boolean {
  const may = useMay();
  const [{ data }] = useQuery({ query: PERMISSIONS_IN, variables: { customerId: customerId ?? "" }, pause: customerId === undefined, requestPolicy: "cache-first" });
  const held = data?.viewer.permissions;
  return (permission) => (held ? held.includes(permission) : may(permission));
}
