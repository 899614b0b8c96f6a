import { Box, useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Spotlight, type SpotlightActionGroupData, useSpotlight } from "@mantine/spotlight";
import { type Icon, IconDatabase, IconKey, IconKeyboard, IconLanguage, IconLogout, IconMailPlus, IconSearch, IconServer, IconUsersGroup } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import i18next from "i18next";
import { useEffect, useRef, useState } from "react";
import { useQuery } from "urql";
import { PanelError } from "@/components/panel-error";
import { toastThrown } from "@/components/toasts";
import { useMay, useViewer } from "@/components/use-viewer";
import { graphql } from "@/gql/document";
import { sessions } from "@/gql/session";
import { type Language, languages, setLanguage } from "@/lib/text";
import { closedPalette, palette } from "./palette-opener";
import type { Place } from "./navigation";
import { schemes } from "./schemes";
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
  { name: "registerServer", to: "/servers", needs: "SERVERS_WRITE", icon: IconServer },
] as const;

const listId = "palette-list";

/** Pages, actions and objects by their names; Ctrl-K opens it. */
export function CommandPalette(p: { places: Place[]; onHelp: () => void }) {
  const t = useTexts();
  const may = useMay();
  const viewer = useViewer();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const box = useRef<HTMLInputElement>(null);
  const typed = text.trim();
  const [asked] = useDebouncedValue(typed, 150);
  const variables = { text: asked, customers: may("CUSTOMERS_READ"), databases: may("DATABASES_READ") };
  const [objects, findAgain] = useQuery({ query: FIND, variables, pause: asked.length < 2 || !(variables.customers || variables.databases) });
  const [servers, serversAgain] = useQuery({ query: SERVERS, pause: asked.length < 2 || !may("SERVERS_READ"), requestPolicy: "cache-first" });
  // Until the answer is of what stands there, it is of another text: Enter would open what nobody looks for.
  const searches = typed.length >= 2 && (variables.customers || variables.databases || may("SERVERS_READ"));
  const searching = searches && (typed !== asked || objects.fetching || servers.fetching);
  const failed = !searches || searching ? undefined : (objects.error ?? servers.error);
  const found = !searches || typed !== asked || objects.fetching || objects.error ? undefined : objects.data;
  const low = typed.toLowerCase();
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
      actions: (searches ? (servers.data?.databaseServers.nodes ?? []) : []).filter(({ name, host }) => fits(name, host)).slice(0, 20)
        .map(({ id, name, host }) => ({ id, label: name, description: host, leftSection: icon(IconServer), onClick: go(`/servers/${id}`) })),
    },
    {
      group: t("actions"),
      actions: [
        ...begun.filter(({ needs, name }) => may(needs) && fits(t(name))).map(({ name, to, icon: of }) => ({ id: name, label: t(name), leftSection: icon(of), onClick: () => void navigate({ to, search: { new: true } }) })),
        // Nobody makes tokens for somebody else, nor before the second factor that their role needs.
        ...(!viewer.impersonatedBy && !viewer.secondFactorMissing && fits(t("newToken")) ? [{ id: "new-token", label: t("newToken"), leftSection: icon(IconKey), onClick: () => void navigate({ to: "/security", search: { new: true } }) }] : []),
        ...(["light", "dark", "auto"] as const).filter((scheme) => scheme !== colorScheme).map((scheme) => ({ scheme, label: t("useColors", { scheme: t(scheme) }) })).filter(({ label }) => fits(label))
          .map(({ scheme, label }) => ({ id: `colors-${scheme}`, label, leftSection: icon(schemes[scheme]), onClick: () => setColorScheme(scheme) })),
        // By its own name, too: who looks for their language may not read the one that is shown.
        ...(Object.keys(languages) as Language[]).filter((tag) => tag !== i18next.language && fits(t("useLanguage", { language: languages[tag] })))
          .map((tag) => ({ id: `language-${tag}`, label: t("useLanguage", { language: languages[tag] }), leftSection: icon(IconLanguage), onClick: () => setLanguage(tag) })),
        ...(fits(t("shortcuts")) ? [{ id: "shortcuts", label: t("shortcuts"), leftSection: icon(IconKeyboard), onClick: p.onHelp }] : []),
        ...(fits(t("signOut")) ? [{ id: "sign-out", label: t("signOut"), leftSection: icon(IconLogout), onClick: () => void sessions.signOut().catch(toastThrown) }] : []),
      ],
    },
  ].filter(({ actions }) => actions.length > 0);

  const shown = groups.flatMap(({ actions }) => actions.map(({ id }) => id));
  const chosen = useChosen(shown, text !== "");
  /** Asks for what could not be read; the button goes with the error, and the focus back to where one types. */
  function again() {
    box.current?.focus();
    if (objects.error) findAgain({ requestPolicy: "network-only" });
    if (servers.error) serversAgain({ requestPolicy: "network-only" });
  }

  return (
    <Spotlight.Root
      store={palette} shortcut={null} onSpotlightClose={closedPalette} returnFocus={false} query={text} onQueryChange={setText} scrollable maxHeight={420} attributes={{ content: { "aria-label": t("search") } }}
      styles={{ actionDescription: { opacity: 1 } }} // of the chosen one it is too pale for AA, else
      onKeyDown={() => palette.setState(palette.getState())} // the package tells nobody what the arrow keys have chosen
    >
      <Spotlight.Search
        ref={box} leftSection={<IconSearch size={18} aria-hidden />} placeholder={t("searchHint")} aria-label={t("search")} role="combobox" aria-autocomplete="list"
        aria-expanded={shown.length > 0} aria-controls={shown.length > 0 ? listId : undefined} aria-activedescendant={chosen && idOf(chosen)}
      />
      {shown.length > 0 && (
        <Spotlight.ActionsList {...{ viewportProps: { id: listId, role: "listbox", "aria-label": t("results") } }}>
          {groups.map(({ group, actions }) => (
            <Spotlight.ActionsGroup key={group} label={group} role="group" aria-label={group}>
              {actions.map(({ id, ...action }) => (
                <Spotlight.Action
                  key={id} role="option" aria-selected={id === chosen} data-selected={id === chosen || undefined} {...action}
                  ref={(entry) => { if (entry) entry.id = idOf(id); }} // the package passes no id on
                />
              ))}
            </Spotlight.ActionsGroup>
          ))}
        </Spotlight.ActionsList>
      )}
      <div role="status">{shown.length === 0 && !failed && <Spotlight.Empty>{searching ? t("searching") : t("nothingFound")}</Spotlight.Empty>}</div>
      {failed && <Box p="sm"><PanelError error={failed} onRetry={again} /></Box>}
    </Spotlight.Root>
  );
}

const idOf = (entry: string) => `palette-${entry}`;

/**
 * Which entry Enter opens. The package chooses the first as something is typed; what is
 * found comes later, and then it is the first again, or what the arrow keys had come to.
 */
function useChosen(shown: string[], typed: boolean): string | undefined {
  const { selected } = useSpotlight(palette);
  const before = useRef(shown);
  useEffect(() => {
    const now = palette.getState();
    const moved = now.selected > 0 ? shown.indexOf(before.current[now.selected] ?? "") : 0;
    before.current = shown;
    if (typed && shown.length > 0) palette.setState({ ...now, selected: Math.max(moved, 0) });
  }, [shown.join("\n")]);
  return shown[selected];
}
