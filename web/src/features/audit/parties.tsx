import { Badge, Stack, Text } from "@mantine/core";
import { useCallback } from "react";
import { useJobTitle } from "@/components/job-title";
import { useKindName } from "@/components/kind-name";
import type { Entry } from "./operations";
import { plain } from "./plain";
import { useTexts } from "./texts";

type Thing = NonNullable<Entry["object"]>;

/** The name of what something was done to, whatever it is; of what has none, what it is. */
export function useName(): (object: Thing) => string {
  const kind = useKindName();
  const title = useJobTitle();
  return useCallback((object) => {
    if ("name" in object) return object.name;
    if ("username" in object) return object.username;
    if ("email" in object) return object.email;
    if ("kind" in object) return title(object.kind);
    return kind(object.__typename);
  }, [kind, title]);
}

/** Where that is shown; undefined where it has no page. */
export function pageOfObject(object: Thing): string | undefined {
  switch (object.__typename) {
    case "Database": return `/databases/${object.id}`;
    case "Customer": return `/customers/${object.id}`;
    case "User": return `/users/${object.id}`;
    case "DatabaseServer": return `/servers/${object.id}`;
    case "Job": return `/jobs/${object.id}`;
    default: return undefined;
  }
}

/** Who did it, and who acted as them. */
export function Who(p: Pick<Entry, "actor" | "impersonator">) {
  const t = useTexts();
  return (
    <Stack gap={0}>
      <Text span size="sm">{p.actor ? plain(p.actor.name) : t("nobody")}</Text>
      {p.impersonator && <Text span size="xs" c="dimmed">{t("by", { name: plain(p.impersonator.name) })}</Text>}
    </Stack>
  );
}

/** Whether it was done, in words and in a colour. */
export function Outcome(p: { allowed: boolean; times: number }) {
  const t = useTexts();
  return <Badge color={p.allowed ? "green" : "red"}>{p.allowed ? t("done") : t("refused")}{p.times > 1 && ` × ${p.times}`}</Badge>;
}
