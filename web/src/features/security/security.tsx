import { Stack, Text } from "@mantine/core";
import { useQuery } from "urql";
import { Ago } from "@/components/ago";
import { Page } from "@/components/page";
import { QueryView } from "@/components/query-view";
import { Section } from "@/components/section";
import { CardsSkeleton } from "@/components/skeletons";
import { useViewer } from "@/components/use-viewer";
import { graphql } from "@/gql/document";
import type { SecurityQuery } from "@/gql/generated/graphql";
import { dateTime } from "@/lib/format";
import { SignInData } from "./password";
import { SecondFactor } from "./second-factor";
import { Sessions } from "./sessions";
import { useTexts } from "./texts";
import { OwnTokens } from "./tokens";

const SECURITY = graphql(`
  query Security {
    viewer {
      user { id }
      sessions { id device ip lastSeenAt createdAt expiresAt current }
      apiTokens { id name prefix permissions objectIds cidrs expiresAt lastUsedAt lastUsedIp createdAt customer { id name } }
      impersonations { staffName reason startedAt expiresAt endedAt }
    }
  }
`);

/** What keeps the user's account theirs. */
export function SecurityPage() {
  const t = useTexts();
  const { secondFactorMissing, impersonatedBy } = useViewer();
  const [result, retry] = useQuery({ query: SECURITY, pause: secondFactorMissing || impersonatedBy !== null });
  if (impersonatedBy) return <Page title={t("security")}><Text>{t("notYours")}</Text></Page>;
  return (
    <Page title={t("security")} intro={t("securityIntro")}>
      {!secondFactorMissing && <SignInData />}
      <SecondFactor />
      {/* Whoever has to set up an app first is refused all else. */}
      {!secondFactorMissing && (
        <QueryView result={result} retry={retry} skeleton={<CardsSkeleton label={t("loading")} />}>
          {({ viewer }) => (
            <>
              <Sessions sessions={viewer.sessions} />
              <OwnTokens tokens={viewer.apiTokens} />
              <Impersonations list={viewer.impersonations} />
            </>
          )}
        </QueryView>
      )}
    </Page>
  );
}

/** When the provider's staff acted as the user, and why. */
function Impersonations(p: { list: SecurityQuery["viewer"]["impersonations"] }) {
  const t = useTexts();
  return (
    <Section title={t("impersonations")} intro={p.list.length === 0 ? t("noImpersonations") : t("impersonationsIntro")}>
      {p.list.length > 0 && (
        <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: "none" }}>
          {p.list.map((one) => (
            <Stack component="li" key={one.startedAt} gap={0}>
              <Text size="sm" fw={500}>{one.staffName}</Text>
              <Text size="sm">{one.reason}</Text>
              <Text size="sm" c="dimmed" component="div"><Ago at={one.startedAt} /> · {one.endedAt ? t("endedAt", { when: dateTime(one.endedAt) }) : t("endsAt", { when: dateTime(one.expiresAt) })}</Text>
            </Stack>
          ))}
        </Stack>
      )}
    </Section>
  );
}
