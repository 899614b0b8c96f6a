import { Alert, Anchor, Button, Group, Radio, SimpleGrid, Stack, Text, TextInput, useMantineColorScheme } from "@mantine/core";
import i18next from "i18next";
import { useEffect, useState } from "react";
import { useQuery } from "urql";
import { ActionForm } from "@/components/action-form";
import { useNow } from "@/components/ago";
import { Fact, Facts } from "@/components/facts";
import { Page } from "@/components/page";
import { QueryView } from "@/components/query-view";
import { Section } from "@/components/section";
import { Select } from "@/components/select";
import { ShowGraphQL } from "@/components/show-graphql";
import { CardsSkeleton } from "@/components/skeletons";
import { useAction } from "@/components/use-action";
import { useMay, useViewer } from "@/components/use-viewer";
import { graphql } from "@/gql/document";
import type { ProfileQuery } from "@/gql/generated/graphql";
import { dateTime, setTimeZone, timeZone } from "@/lib/format";
import { useStore } from "@/lib/store";
import { type Language, languages, setLanguage } from "@/lib/text";
import { useTexts } from "./texts";

const PROFILE = graphql(`
  query Profile {
    viewer { user { id name email emailVerifiedAt language } }
  }
`);

const UPDATE = graphql(`
  mutation UpdateProfile($input: UpdateProfileInput!) {
    updateProfile(input: $input) { user { id name language } }
  }
`);

const VERIFY = graphql(`
  mutation RequestEmailVerification {
    requestEmailVerification { ok }
  }
`);

const PANEL = graphql(`
  query Panel {
    panel { version }
  }
`);

/** How the panel speaks to the user, and what it calls them. */
export function SettingsPage() {
  const t = useTexts();
  const [result, retry] = useQuery({ query: PROFILE });
  return (
    <Page title={t("settings")}>
      <QueryView result={result} retry={retry} skeleton={<CardsSkeleton label={t("loading")} cards={2} />}>
        {({ viewer }) => <Profile user={viewer.user} />}
      </QueryView>
      <Appearance />
      <About />
    </Page>
  );
}

function Profile({ user }: { user: ProfileQuery["viewer"]["user"] }) {
  const t = useTexts();
  const { impersonatedBy } = useViewer();
  const [language, setMails] = useState<string | null>(user.language ?? null);
  const verify = useAction(VERIFY, { done: t("verifySent", { email: user.email }) });
  return (
    <Section title={t("profile")}>
      {!user.emailVerifiedAt && (
        <Alert color="yellow">
          <Group justify="space-between" gap="xs">
            <Text size="sm">{t("unverified", { email: user.email })}</Text>
            <Group gap={4}>
              <ShowGraphQL document={VERIFY} variables={{}} />
              <Button size="xs" variant="default" loading={verify.busy} disabled={impersonatedBy !== null} onClick={() => void verify.run({})}>{t("verify")}</Button>
            </Group>
          </Group>
        </Alert>
      )}
      <ActionForm
        document={UPDATE} fields={["name", "language"]} submit={t("save")} done={t("saved")} blocked={impersonatedBy !== null && t("notYours")}
        variables={(v) => ({ input: { name: v.name ?? user.name, language: language as "EN" | "DE" | null } })}
      >
        {(of) => (
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <TextInput name="name" label={t("name")} defaultValue={user.name} autoComplete="name" error={of("name")} />
            <Select
              label={t("mailLanguage")} placeholder={t("mailLanguageDefault")} value={language} onChange={setMails} error={of("language")} allowDeselect={false}
              data={[{ value: "EN", label: languages.en }, { value: "DE", label: languages.de }]}
            />
          </SimpleGrid>
        )}
      </ActionForm>
    </Section>
  );
}

const zones = Intl.supportedValuesOf("timeZone");

/** What only this browser remembers. */
function Appearance() {
  const t = useTexts();
  const zone = useStore(timeZone);
  const now = useNow();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const language = i18next.language as Language;
  const browser = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const all = [...new Set([browser, zone, "UTC", ...zones])];
  useEffect(() => {
    document.title = `${t("settings")} · MPanel`;
  }, [t, language]);
  return (
    <Section title={t("appearance")} intro={t("appearanceIntro")}>
      <Stack gap="md">
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <Select label={t("language")} allowDeselect={false} value={language} onChange={(value) => setLanguage((value ?? "en") as Language)} data={Object.entries(languages).map(([value, label]) => ({ value, label }))} />
          <Select
            label={t("timeZone")} description={t("nowThere", { time: dateTime(new Date(now)) })} inputWrapperOrder={["label", "input", "description"]} searchable allowDeselect={false} value={zone} onChange={(value) => setTimeZone(value ?? browser)}
            data={all.map((value) => ({ value, label: value === browser ? t("ofBrowser", { zone: value }) : value }))} limit={100} nothingFoundMessage={t("noZone")}
          />
        </SimpleGrid>
        <Radio.Group label={t("colors")} value={colorScheme} onChange={(value) => setColorScheme(value as "light" | "dark" | "auto")}>
          <Group mt={6}>
            <Radio value="light" label={t("light")} />
            <Radio value="dark" label={t("dark")} />
            <Radio value="auto" label={t("auto")} />
          </Group>
        </Radio.Group>
      </Stack>
    </Section>
  );
}

function About() {
  const t = useTexts();
  const staff = useMay()("SERVERS_READ");
  const [{ data }] = useQuery({ query: PANEL, pause: !staff });
  return (
    <Section title={t("about")} intro={t("aboutIntro")}>
      {staff && <Facts rows><Fact label={t("version")}>{data?.panel.version ?? "–"}</Fact></Facts>}
      <Group gap="md">
        <Anchor href="/graphiql" target="_blank" rel="noreferrer" size="sm">{t("graphiql")}</Anchor>
        <Anchor href="/schema.graphql" target="_blank" rel="noreferrer" size="sm">{t("schema")}</Anchor>
        <Anchor href="/THIRD_PARTY.txt" target="_blank" rel="noreferrer" size="sm">{t("notices")}</Anchor>
      </Group>
    </Section>
  );
}
