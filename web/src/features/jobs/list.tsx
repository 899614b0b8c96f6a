import { Group } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { JobsOf } from "@/components/jobs-of";
import { ObjectFilter } from "@/components/object-filter";
import { Page } from "@/components/page";
import { Select } from "@/components/select";
import { TimeField } from "@/components/time-field";
import { useAddress } from "@/components/use-address";
import { useMay } from "@/components/use-viewer";
import { timeOf } from "@/lib/clock-field";
import { useTexts } from "./texts";

const states = ["PENDING", "RUNNING", "COMPENSATING", "SUCCEEDED", "FAILED", "CANCELED", "STUCK"] as const;
const route = getRouteApi("/jobs");

/** Lists the jobs that the viewer may see, the newest first. */
export function JobsPage() {
  const t = useTexts();
  const may = useMay();
  const search = route.useSearch();
  const filter = { state: search.state, customerId: search.customer, resourceId: search.resource, since: timeOf(search.from) };
  const { set } = useAddress<typeof search>(route.useNavigate());
  const filtered = Boolean(search.state || search.customer || search.resource || filter.since);
  return (
    <Page title={t("jobs")}>
      <Group gap="xs" align="flex-end">
        <Select data={states.map((value) => ({ value, label: t(`state_${value}`) }))} value={search.state ?? null} onChange={(state) => set({ state: (state as typeof search.state) ?? undefined })} placeholder={t("anyState")} aria-label={t("state")} clearable w={{ base: "100%", xs: 200 }} />
        <TimeField end="from" value={filter.since} onChange={(from) => set({ from })} />
        {search.resource && <ObjectFilter id={search.resource} onRemove={() => set({ resource: undefined })} />}
      </Group>
      <JobsOf filter={filter} search={search} onSearch={set} creates={may("DATABASES_WRITE")} none={filtered ? t("noneFound") : t("none")} onClear={filtered ? () => set({ state: undefined, customer: undefined, resource: undefined, from: undefined }) : undefined} />
    </Page>
  );
}
