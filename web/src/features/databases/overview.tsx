import { Code, Stack, Text } from "@mantine/core";
import { Ago } from "@/components/ago";
import { ConnectionStrings } from "@/components/credentials";
import { CopyField } from "@/components/copy-field";
import { Fact, Facts } from "@/components/facts";
import { Section } from "@/components/section";
import { bytes, dateTime, number } from "@/lib/format";
import type { Database } from "./detail";
import { useTexts } from "./texts-detail";

/** What is known of a database, and how to reach it. */
export function OverviewTab({ database: d }: { database: Database }) {
  const t = useTexts();
  return (
    <Stack gap="md">
      <Section title={t("connect")} intro={t("connectIntro")}>
        <Facts>
          <Fact label={t("host")}><CopyField label={t("host")} value={d.host} /></Fact>
          <Fact label={t("port")}><Text span size="sm" ff="monospace">{d.port}</Text></Fact>
          <Fact label={t("externalName")}><CopyField label={t("externalName")} value={d.externalName} /></Fact>
          <Fact label={t("username")}><CopyField label={t("username")} value={d.username} /></Fact>
          {d.previousUsername && d.previousUntil && (
            <Fact label={t("previousUsername")}>{d.previousUsername} <Text span size="sm" c="dimmed">{t("until", { at: dateTime(d.previousUntil) })}</Text></Fact>
          )}
        </Facts>
        <ConnectionStrings strings={d.connectionStrings} />
      </Section>
      <Section title={t("facts")}>
        <Facts>
          <Fact label={t("size")}>{bytes(d.sizeBytes)}</Fact>
          <Fact label={t("connections")}>{d.connections === null ? t("limit", { max: number(d.connectionLimit) }) : t("ofLimit", { used: number(d.connections), max: number(d.connectionLimit) })}</Fact>
          <Fact label={t("measured")}><Ago at={d.measuredAt} never={t("notYet")} /></Fact>
          <Fact label={t("created")}><Ago at={d.createdAt} /></Fact>
          <Fact label={t("updated")}><Ago at={d.updatedAt} /></Fact>
          {d.server && <Fact label={t("server")}>{d.server.name}</Fact>}
          <Fact label={t("access")}>{d.accessCidrs.length === 0 ? t("thisMachine") : d.accessCidrs.map((cidr) => <Code key={cidr} mr={4}>{cidr}</Code>)}</Fact>
          <Fact label={t("driftPolicy")}>{t(`drift_${d.driftPolicy}`)}</Fact>
        </Facts>
      </Section>
    </Stack>
  );
}
