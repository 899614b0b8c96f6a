import { Group, Select } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { JobsOf } from "@/components/jobs-of";
import { Page } from "@/components/page";
import { useTexts } from "./texts";

const states = ["PENDING", "RUNNING", "COMPENSATING", "SUCCEEDED", "FAILED", "CANCELED", "STUCK"] as const;
const route = getRouteApi("/jobs");

/** Lists the jobs that the viewer may see, the newest first. */
export function JobsPage() {
  const t = useTexts();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filter = { state: search.state, customerId: search.customer, resourceId: search.resource };
  const set = (patch: Partial<typeof search>) => void navigate({ search: (old) => ({ ...old, after: undefined, before: undefined, ...patch }), replace: true });
  return (
    <Page title={t("jobs")}>
      <Group gap="xs">
        <Select data={states.map((value) => ({ value, label: t(`state_${value}`) }))} value={search.state ?? null} onChange={(state) => set({ state: (state as typeof search.state) ?? undefined })} placeholder={t("anyState")} aria-label={t("state")} clearable w={{ base: "100%", xs: 200 }} />
      </Group>
      <JobsOf filter={filter} search={search} onSearch={set} none={search.state || search.customer || search.resource ? t("noneFound") : t("none")} />
    </Page>
  );
}
