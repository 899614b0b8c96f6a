import { Alert, Checkbox, Stack, TagsInput, Text } from "@mantine/core";
import { useState } from "react";
import { ActionForm } from "@/components/action-form";
import { JobLive } from "@/components/job-live";
import { useSay } from "@/sentences/use-say";
import type { Database } from "./detail";
import { SET_ACCESS } from "./operations";
import { useTexts } from "./texts-detail";

const everybody = ["0.0.0.0/0", "::/0"];

/** From which networks a database may be reached. */
export function AccessForm({ database: d }: { database: Database }) {
  const t = useTexts();
  const say = useSay();
  const [typed, setTyped] = useState<string[] | null>(null); // until then, what there is
  const cidrs = typed ?? d.accessCidrs.slice();
  const [sure, setSure] = useState(false);
  const [job, setJob] = useState<string | null>(null);
  const open = cidrs.some((cidr) => everybody.includes(cidr));
  const can = d.server?.capabilities.find(({ name }) => name === "remote_access");
  if (can && !can.available) {
    return <Alert color="yellow">{t("accessMissing")} {can.hint && say(can.hint)}</Alert>;
  }
  return (
    <>
      <ActionForm
        document={SET_ACCESS} variables={{ input: { id: d.id, cidrs, allowEverywhere: sure && open } }} fields={["cidrs", "allowEverywhere"]} submit={t("save")} done={t("accessSet")}
        blocked={open && !sure ? t("everywhereFirst") : undefined} onDone={({ setDatabaseAccess: { job: made } }) => {
          setTyped(null);
          setSure(false);
          setJob(made?.id ?? null);
        }}
      >
        {(error) => (
          <Stack gap="sm">
            <TagsInput name="cidrs" label={t("networks")} description={t("networksHint")} value={cidrs} onChange={setTyped} error={error("cidrs")} maxTags={50} splitChars={[",", " ", "\n"]} acceptValueOnBlur clearButtonProps={{ "aria-label": t("clear") }} />
            {open && <Checkbox label={t("everywhere")} checked={sure} onChange={({ currentTarget: { checked } }) => setSure(checked)} error={error("allowEverywhere")} />}
            {cidrs.length === 0 && <Text size="sm" c="dimmed">{t("thisMachine")}</Text>}
          </Stack>
        )}
      </ActionForm>
      {job && <JobLive id={job} />}
    </>
  );
}
