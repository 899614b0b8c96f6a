import type { Problem } from "@/gql/problem";
import { sessions } from "@/gql/session";
import { save } from "@/lib/csv";
import type { filterOf } from "./operations";

const codes: Record<number, Problem["code"]> = { 400: "INVALID", 401: "UNAUTHENTICATED", 403: "FORBIDDEN", 429: "RATE_LIMITED", 503: "UNAVAILABLE" };

/** Has the panel write the entries of a filter, and the browser save them. It gives what went wrong. */
export async function exportAudit(format: "csv" | "json", filter: ReturnType<typeof filterOf>): Promise<Problem | null> {
  const query = new URLSearchParams({ format });
  for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, String(value));
  try {
    const token = await sessions.token();
    const answer = await fetch(`/audit/export?${query}`, { headers: { Authorization: `Bearer ${token}` } });
    if (!answer.ok) return { code: codes[answer.status] ?? "INTERNAL", message: (await answer.text()).trim(), requestId: answer.headers.get("X-Request-Id") ?? undefined };
    save(`audit.${format}`, answer.headers.get("Content-Type") ?? "text/plain", await answer.blob());
    return null;
  } catch {
    return { code: "OFFLINE", message: "The panel does not answer." }; // also an export that broke off: it is not saved
  }
}
