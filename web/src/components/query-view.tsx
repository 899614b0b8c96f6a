import { type ReactNode, useDeferredValue } from "react";
import { ErrorBoundary } from "react-error-boundary";
import type { UseQueryState } from "urql";
import { PanelError } from "./panel-error";

/**
 * What a query came to: a skeleton while it is under way, the error with a way to try
 * again, or the data, also old one while newer is fetched.
 */
export function QueryView<Data>(p: {
  result: Pick<UseQueryState<Data>, "data" | "error">;
  retry: (options?: { requestPolicy: "network-only" }) => void;
  skeleton: ReactNode;
  children: (data: Data) => ReactNode;
}) {
  const { error } = p.result;
  const data = p.result.data ?? undefined; // null is what the graph gives of a field that failed and must not be null
  const retry = () => p.retry({ requestPolicy: "network-only" });
  // What comes after the skeleton is made in pieces, between which people can go on.
  const there = useDeferredValue(data !== undefined);
  if (data === undefined && error) return <PanelError error={error} onRetry={retry} />;
  if (data === undefined || !there) return p.skeleton;
  return (
    <ErrorBoundary fallbackRender={(f) => <PanelError error={f.error} onRetry={f.resetErrorBoundary} />} onReset={retry} resetKeys={[data]}>
      {p.children(data)}
    </ErrorBoundary>
  );
}
