import type { Client, TypedDocumentNode } from "@urql/core";

interface Connection<Row> {
  nodes: readonly Row[];
  pageInfo: { hasNextPage: boolean; endCursor?: string | null };
}

/** The rows of a list, and whether there are more of them. */
export interface Rows<Row> {
  rows: readonly Row[];
  more: boolean;
}

/** All rows of a list, page by page past the cache, at most limit. Throws the error of a page that could not be read. */
export async function allPages<Data, Variables extends object, Row>(
  client: Client, document: TypedDocumentNode<Data, Variables>, variables: Variables, of: (data: Data) => Connection<Row>, limit: number,
): Promise<Rows<Row>> {
  const rows: Row[] = [];
  let after: string | null | undefined = null;
  for (;;) {
    const { data, error } = await client.query(document, { ...variables, first: 100, last: undefined, before: undefined, after }, { requestPolicy: "network-only" }).toPromise();
    if (error || !data) throw error ?? new Error("The panel gave no answer.");
    const { nodes, pageInfo } = of(data);
    const room = limit - rows.length;
    rows.push(...nodes.slice(0, room));
    const more = pageInfo.hasNextPage || nodes.length > room;
    if (!more || rows.length === limit) return { rows, more };
    after = pageInfo.endCursor;
  }
}
