import { Alert, Badge, Button, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { getRouteApi } from "@tanstack/react-router";
import { useQuery } from "urql";
import { Ago } from "@/components/ago";
import { ConfirmAction } from "@/components/confirm-action";
import { Fact, Facts } from "@/components/facts";
import { NotFound } from "@/components/not-found";
import { Page } from "@/components/page";
import { QueryView } from "@/components/query-view";
import { Section } from "@/components/section";
import { PageSkeleton } from "@/components/skeletons";
import { useIsStaff, useMay, useViewer } from "@/components/use-viewer";
import { graphql } from "@/gql/document";
import type { UserQuery } from "@/gql/generated/graphql";
import { dateTime } from "@/lib/format";
import { languages } from "@/lib/text";
import { Impersonate } from "./impersonate";
import { Memberships, ProviderRoleOf } from "./memberships";
import { useTexts } from "./texts";

const USER = graphql(`
  query User($id: ID!) {
    node(id: $id) {
      __typename id
      ... on User { name email emailVerifiedAt language role totpEnabled disabledAt createdAt memberships { role createdAt customer { id name } } }
    }
  }
`);

const DISABLE = graphql(`
  mutation DisableUser($input: DisableUserInput!) {
    disableUser(input: $input) { user { id disabledAt } }
  }
`);

const ENABLE = graphql(`
  mutation EnableUser($input: EnableUserInput!) {
    enableUser(input: $input) { user { id disabledAt } }
  }
`);

export type User = Extract<NonNullable<UserQuery["node"]>, { __typename: "User" }>;

const route = getRouteApi("/users/$id");

/** One user: roles, the account, and what staff may do about it. */
export function UserPage() {
  const t = useTexts();
  const { id } = route.useParams();
  const [result, retry] = useQuery({ query: USER, variables: { id } });
  return (
    <QueryView result={result} retry={retry} skeleton={<PageSkeleton label={t("loadingUser")} />}>
      {({ node }) => (node?.__typename === "User" ? <Details user={node} /> : <NotFound />)}
    </QueryView>
  );
}

function Details({ user }: { user: User }) {
  const t = useTexts();
  const may = useMay();
  const staff = useIsStaff();
  const viewer = useViewer();
  const [asking, { open, close }] = useDisclosure();
  const [acting, { open: openActing, close: closeActing }] = useDisclosure();
  const self = viewer.user.id === user.id;
  const closed = Boolean(user.disabledAt);
  const noActing = user.role ? t("notStaff") : closed ? t("notDisabled") : undefined;
  return (
    <Page
      title={user.name} above={[{ label: t("users"), to: "/users" }]} beside={<Badge color={closed ? "red" : "green"}>{closed ? t("disabled") : t("open")}</Badge>}
      actions={
        <>
          {staff && may("USERS_IMPERSONATE") && !self && <Button variant="default" onClick={openActing} disabled={noActing !== undefined}>{t("viewAs")}</Button>}
          {staff && may("USERS_WRITE") && !self && <Button variant="default" color={closed ? undefined : "red"} onClick={open}>{closed ? t("enable") : t("disable")}</Button>}
        </>
      }
    >
      {staff && may("USERS_IMPERSONATE") && !self && noActing && <Text size="sm" c="dimmed">{noActing}</Text>}
      {self && <Alert color="blue" variant="light">{t("yourself")}</Alert>}
      <Section title={t("account")}>
        <Facts rows>
          <Fact label={t("email")}>{user.email}</Fact>
          <Fact label={t("emailVerified")}><Ago at={user.emailVerifiedAt} never={t("never")} /></Fact>
          <Fact label={t("secondFactor")}>{user.totpEnabled ? t("yes") : t("no")}</Fact>
          <Fact label={t("mailLanguage")}>{user.language ? languages[user.language === "DE" ? "de" : "en"] : t("mailLanguageDefault")}</Fact>
          <Fact label={t("created")}><Ago at={user.createdAt} /></Fact>
          {user.disabledAt && <Fact label={t("disabledSince")}>{dateTime(user.disabledAt)}</Fact>}
        </Facts>
      </Section>
      {(staff || user.role) && <ProviderRoleOf user={user} editable={staff && may("USERS_WRITE")} />}
      <Memberships user={user} />
      {closed ? (
        <ConfirmAction opened={asking} onClose={close} title={t("enableTitle", { name: user.name })} harmless document={ENABLE} variables={{ input: { id: user.id } }} submit={t("enable")} done={t("enabledDone")}>{t("enableText")}</ConfirmAction>
      ) : (
        <ConfirmAction opened={asking} onClose={close} title={t("disableTitle", { name: user.name })} document={DISABLE} variables={{ input: { id: user.id } }} submit={t("disable")} done={t("disabledDone")}>{t("disableText")}</ConfirmAction>
      )}
      <Impersonate user={user} opened={acting} onClose={closeActing} />
    </Page>
  );
}
