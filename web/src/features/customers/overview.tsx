import { Anchor, Stack } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Ago } from "@/components/ago";
import { CopyField } from "@/components/copy-field";
import { Fact, Facts } from "@/components/facts";
import { QuotaBars } from "@/components/quota-bars";
import { Section } from "@/components/section";
import { number } from "@/lib/format";
import { useCountryName } from "./country";
import type { Customer } from "./detail";
import { useTexts } from "./texts";

/** What a customer uses, and who it is. */
export function OverviewTab({ customer: c }: { customer: Customer }) {
  const t = useTexts();
  const countryName = useCountryName();
  return (
    <Stack gap="md">
      <Section title={t("usage")} intro={t("usageIntro")}><QuotaBars quotas={c.quotas} /></Section>
      <Section title={t("facts")}>
        <Facts>
          <Fact label={t("email")}><CopyField label={t("email")} value={c.email} /></Fact>
          <Fact label={t("company")}>{c.company ?? "–"}</Fact>
          <Fact label={t("country")}>{c.country ? countryName(c.country) : "–"}</Fact>
          {c.parent && <Fact label={t("parent")}><Anchor component={Link} to={`/customers/${c.parent.id}`} size="sm">{c.parent.name}</Anchor></Fact>}
          {c.databases && <Fact label={t("databases")}>{number(c.databases.totalCount)}</Fact>}
          {c.children && <Fact label={t("children")}>{number(c.children.totalCount)}</Fact>}
          <Fact label={t("createdAt")}><Ago at={c.createdAt} /></Fact>
          <Fact label={t("updatedAt")}><Ago at={c.updatedAt} /></Fact>
          <Fact label={t("id")}><CopyField label={t("id")} value={c.id} /></Fact>
        </Facts>
      </Section>
    </Stack>
  );
}
