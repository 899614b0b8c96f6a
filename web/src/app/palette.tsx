import { Spotlight, type SpotlightActionGroupData } from "@mantine/spotlight";
import { useDebouncedValue } from "@mantine/hooks";
import { type Icon, IconDatabase, IconLogout, IconMailPlus, IconSearch, IconServer, IconUsersGroup } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useQuery } from "urql";
import { useMay } from "@/components/use-viewer";
import { graphql } from "@/gql/document";
import { sessions } from "@/gql/session";
import { closedPalette, palette } from "./palette-opener";
import type { Place } from "./navigation";
import { useTexts } from "./texts";

const FIND = graphql(`
  query Find($text: String!, $customers: Boolean!, $databases: Boolean!) {
    customers(first: 5, filter: { search: $text }) @include(if: $customers) { nodes { id name email } }
    databases(first: 5, filter: { search: $text }) @include(if: $databases) { nodes { id name externalName } }
  }
`);

const SERVERS = graphql(`
  query FindServers {
    databaseServers(first: 100) { nodes { id name host } }
  }
`);

/** What is begun on a page, which opens it for whom its address says so. */
const begun = [
  { name: "createCustomer", to: "/customers", needs: "CUSTOMERS_WRITE", icon: IconUsersGroup },
  { name: "createDatabase", to: "/databases", needs: "DATABASES_WRITE", icon: IconDatabase },
  { name: "inviteUser", to: "/users", needs: "USERS_WRITE", icon: IconMailPlus },
] as const;

/** Pages, actions and objects by their names; Ctrl-K opens it. */
export function CommandPalette(p: { places: Place[] }) {
  const t = useTexts();
  const may = useMay();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 150);
  const variables = { text: asked, customers: may("CUSTOMERS_READ"), databases: may("DATABASES_READ") };
  const [{ data }] = useQuery({ query: FIND, variables, pause: asked.length < 2 || !(variables.customers || variables.databases) });
  const [servers] = useQuery({ query: SERVERS, pause: asked.length < 2 || !may("SERVERS_READ"), requestPolicy: "cache-first" });
  const found = asked.length >= 2 ? data : undefined;
  const low = text.trim().toLowerCase();
  const fits = (...words: string[]) => words.some((word) => word.toLowerCase().includes(low));
  const go = (to: string) => () => void navigate({ to });
  const icon = (Of: Icon) => <Of size={18} stroke={1.6} aria-hidden />;

  const groups: SpotlightActionGroupData[] = [
    {
      group: t("pages"),
      actions: p.places.filter(({ name }) => fits(t(name))).map(({ name, to, icon: of }) => ({ id: name, label: t(name), leftSection: icon(of), onClick: go(to) })),
    },
    {
      group: t("customers"),
      actions: (found?.customers?.nodes ?? []).map(({ id, name, email }) => ({ id, label: name, description: email, leftSection: icon(IconUsersGroup), onClick: go(`/customers/${id}`) })),
    },
    {
      group: t("databases"),
      actions: (found?.databases?.nodes ?? []).map(({ id, name, externalName }) => ({ id, label: name, description: externalName, leftSection: icon(IconDatabase), onClick: go(`/databases/${id}`) })),
    },
    {
      group: t("servers"),
      actions: (asked.length >= 2 ? (servers.data?.databaseServers.nodes ?? []) : []).filter(({ name, host }) => fits(name, host))
        .map(({ id, name, host }) => ({ id, label: name, description: host, leftSection: icon(IconServer), onClick: go(`/servers/${id}`) })),
    },
    {
      group: t("actions"),
      actions: [
        ...begun.filter(({ needs, name }) => may(needs) && fits(t(name))).map(({ name, to, icon: of }) => ({ id: name, label: t(name), leftSection: icon(of), onClick: () => void navigate({ to, search: { new: true } }) })),
        ...(fits(t("signOut")) ? [{ id: "sign-out", label: t("signOut"), leftSection: icon(IconLogout), onClick: () => void sessions.signOut().catch(() => {}) }] : []),
      ],
    },
  ].filter(({ actions }) => actions.length > 0);

  return (
    <Spotlight
      actions={groups} shortcut={null} onSpotlightClose={closedPalette} returnFocus={false} query={text} onQueryChange={setText} filter={(_, actions) => actions} nothingFound={t("nothingFound")}
      store={palette} searchProps={{ leftSection: <IconSearch size={18} aria-hidden />, placeholder: t("searchHint"), "aria-label": t("search") }} scrollable maxHeight={420} limit={40} attributes={{ content: { "aria-label": t("search") } }}
    />
  );
}
