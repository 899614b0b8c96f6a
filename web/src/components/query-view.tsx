import { Box, Button, Group, Text } from "@mantine/core";
import { type ReactNode, useDeferredValue, useEffect } from "react";
import { ErrorBoundary } from "react-error-boundary";
import type { UseQueryState } from "urql";
import { problemsOf } from "@/gql/problem";
import { isKept } from "@/gql/refresh";
import type { ListSearch } from "@/lib/list-search";
import { texts } from "@/lib/text";
import { PanelError } from "./panel-error";
import type { How } from "./use-address";
import { ReadingContext } from "./use-reading";

const useTexts = texts("query-view", {
  en: { kept: "This could not be read anew, and may be old.", retry: "Try again" },
  de: { kept: "Das ließ sich nicht neu laden und ist vielleicht veraltet.", retry: "Noch einmal versuchen" },
});

/**
 * What a query came to: a skeleton while it is under way, the error with a way to try
 * again, or the data, also old one while newer is fetched or when it cannot be had, which
 * is said. What it shows is told what is being read behind it.
 */
export function QueryView<Data>(p: {
  result: Pick<UseQueryState<Data>, "data" | "error" | "extensions"> & Partial<Pick<UseQueryState<Data>, "fetching" | "stale">>;
  retry: (options?: { requestPolicy: "network-only" }) => void;
  skeleton: ReactNode;
  /** Where the list is that is read: with a cursor that the panel refuses, which anybody can write into an address, it begins anew. */
  list?: { search: ListSearch; onSearch: (patch: ListSearch, how?: How) => void };
  children: (data: Data) => ReactNode;
}) {
  const { error, fetching, stale } = p.result;
  const data = p.result.data ?? undefined; // null is what the graph gives of a field that failed and must not be null
  const retry = () => p.retry({ requestPolicy: "network-only" });
  // What comes after the skeleton is made in pieces, between which people can go on.
  const there = useDeferredValue(data !== undefined);
  const { search, onSearch } = p.list ?? {};
  const refused = Boolean(search?.after || search?.before) && error !== undefined && problemsOf(error).some(({ field }) => field === "after" || field === "before");
  useEffect(() => {
    if (refused) onSearch?.({ after: undefined, before: undefined }, { replace: true });
  }, [refused]);
  if (refused) return p.skeleton;
  if (data === undefined && error) return <PanelError error={error} onRetry={retry} />;
  if (data === undefined || !there) return p.skeleton;
  return (
    <>
      {/* It is always there, or what comes into it would not be announced; and it takes no room. */}
      <Box aria-live="polite" display="contents">{isKept(p.result) && <Kept onRetry={retry} />}</Box>
      <ErrorBoundary fallbackRender={(f) => <PanelError error={f.error} onRetry={f.resetErrorBoundary} />} onReset={retry} resetKeys={[data]}>
        {/* Of another filter or page, which was never read, there is the data of the one before until the answer comes: that is fetched and not stale. */}
        <ReadingContext value={fetching ? "other" : stale ? "again" : undefined}>{p.children(data)}</ReadingContext>
      </ErrorBoundary>
    </>
  );
}

function Kept(p: { onRetry: () => void }) {
  const t = useTexts();
  return (
    <Group gap={4}>
      <Text size="sm" c="dimmed">{t("kept")}</Text>
      <Button size="compact-sm" variant="subtle" onClick={p.onRetry}>{t("retry")}</Button>
    </Group>
  );
}
