import type { ReactNode } from "react";
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
  const data = p.result.data ?? undefined; // an answer that is an error alone has null
  const retry = () => p.retry({ requestPolicy: "network-only" });
  if (data === undefined && error) return <PanelError error={error} onRetry={retry} />;
  if (data === undefined) return p.skeleton;
  return (
    <ErrorBoundary fallbackRender={(f) => <PanelError error={f.error} onRetry={f.resetErrorBoundary} />} onReset={retry} resetKeys={[data]}>
      {p.children(data)}
    </ErrorBoundary>
  );
}
