import type { Client, TypedDocumentNode } from "@urql/core";

interface Connection<Row> {
  nodes: readonly Row[];
  pageInfo: { hasNextPage: boolean; endCursor?: string | null };
}

/** All rows of a list, page by page past the cache, at most limit. Throws the error of a page that could not be read. */
export async function allPages<Data, Variables extends object, Row>(
  client: Client, document: TypedDocumentNode<Data, Variables>, variables: Variables, of: (data: Data) => Connection<Row>, limit: number,
): Promise<Row[]> {
  const rows: Row[] = [];
  let after: string | null | undefined = null;
  while (rows.length < limit) {
    const { data, error } = await client.query(document, { ...variables, first: 100, last: undefined, before: undefined, after }, { requestPolicy: "network-only" }).toPromise();
    if (error || !data) throw error ?? new Error("The panel gave no answer.");
    const { nodes, pageInfo } = of(data);
    rows.push(...nodes.slice(0, limit - rows.length));
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  return rows;
}
