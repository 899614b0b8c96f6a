import { ActionIcon, Alert, Anchor, AppShell, Avatar, Box, Burger, Button, Group, Indicator, Menu, NavLink, ScrollArea, Text, Tooltip, UnstyledButton, useMantineColorScheme, VisuallyHidden } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBell, IconKeyboard, IconLogout, IconSearch } from "@tabler/icons-react";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { type MouseEvent, Suspense, useEffect, useRef } from "react";
import { DialogNotice } from "@/components/dialog-notice";
import { PageSkeleton } from "@/components/skeletons";
import { toastThrown } from "@/components/toasts";
import { useMay, useViewer } from "@/components/use-viewer";
import { connection, resume } from "@/gql/socket";
import { END_IMPERSONATION, sessions } from "@/gql/session";
import { lazyPart } from "@/lib/lazy-part";
import { useStore } from "@/lib/store";
import { unreachable } from "./app-state";
import { openPalette } from "./palette-opener";
import { useLive } from "./live";
import { useNotices } from "./notices";
import { places } from "./navigation";
import { schemes } from "./schemes";
import { useShortcuts } from "./shortcuts";
import { useTexts } from "./texts";

// The page is drawn and can be used before these are there.
const CustomerSwitcher = lazyPart(async () => (await import("./customer-switcher")).CustomerSwitcher);
const NotificationDrawer = lazyPart(async () => (await import("./notification-drawer")).NotificationDrawer);
const ShortcutHelp = lazyPart(async () => (await import("./shortcut-help")).ShortcutHelp);
const ShowGraphQL = lazyPart<{ document: typeof END_IMPERSONATION; variables: object; of: string; color: string }>(async () => (await import("@/components/show-graphql")).ShowGraphQL);
const CommandPalette = lazyPart(async () => (await import("./palette")).CommandPalette);

/** Under the mouse the place that is open stays as it is: on a deeper ground its name could not be read well. */
const hovered = () => ({ root: { "--nl-hover": "var(--mantine-color-blue-light)" }, children: {} });

/** What stands around every page. */
export function Shell() {
  const t = useTexts();
  const may = useMay();
  const viewer = useViewer();
  const [menu, { toggle, close }] = useDisclosure();
  const [drawer, { open: openDrawer, close: closeDrawer }] = useDisclosure();
  const [help, { open: openHelp, close: closeHelp }] = useDisclosure();
  const { pathname } = useLocation();
  const content = useRef<HTMLDivElement>(null);
  const burger = useRef<HTMLButtonElement>(null);
  const nav = useRef<HTMLDivElement>(null);
  const visible = places.filter(({ needs }) => !needs || may(needs));
  useLive(may("JOBS_READ"));
  useShortcuts(visible, openHelp);
  const notices = useNotices();

  // A new page begins with the focus, as after a load; where it is scrolled to the router sees to.
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    close();
    content.current?.focus({ preventScroll: true });
  }, [pathname, close]);

  // On a narrow page the navigation lies over the content: it has the focus while it is open.
  useEffect(() => {
    if (!menu) return;
    nav.current?.querySelector("a")?.focus();
    const press = ({ key, target }: KeyboardEvent) => {
      if (key !== "Escape" || document.querySelector("[role=dialog]") || (target instanceof Element && target.matches("[aria-expanded=true][role=combobox]"))) return;
      close();
      burger.current?.focus();
    };
    addEventListener("keydown", press, true);
    return () => removeEventListener("keydown", press, true);
  }, [menu, close]);
  const chosen = () => {
    if (!menu) return;
    close(); // also when it is the page that is open
    content.current?.focus({ preventScroll: true });
  };

  return (
    <DialogNotice value={lineNotice}>
      <AppShell header={{ height: 56 }} navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: !menu } }} padding="md">
        <Anchor href="#content" className="mpanel-skip" onClick={(e) => { e.preventDefault(); content.current?.focus(); }}>{t("skip")}</Anchor>
        <AppShell.Header>
          <Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="xs">
            <Group gap="sm" wrap="nowrap">
              <Burger ref={burger} opened={menu} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={menu ? t("closeMenu") : t("openMenu")} aria-expanded={menu} aria-controls="navigation" />
              <Anchor component={Link} to="/" underline="never" c="var(--mantine-color-text)" fw={700} size="lg">MPanel</Anchor>
            </Group>
            <Group gap={4} wrap="nowrap">
              <Box visibleFrom="sm"><Suspense><CustomerSwitcher w={220} /></Suspense></Box>
              <Button variant="default" size="xs" leftSection={<IconSearch size={14} aria-hidden />} onClick={openPalette} visibleFrom="sm" rightSection={<Text size="xs" c="dimmed" span>{t("ctrl")} K</Text>}>{t("search")}</Button>
              <ActionIcon variant="subtle" color="gray" size="lg" hiddenFrom="sm" aria-label={t("search")} onClick={openPalette}><IconSearch size={20} aria-hidden /></ActionIcon>
              <Bell unread={notices.unread} onOpen={openDrawer} />
              <AccountMenu onHelp={openHelp} />
            </Group>
          </Group>
        </AppShell.Header>
        <AppShell.Navbar id="navigation" ref={nav} className="mpanel-navigation" data-closed={!menu || undefined} p="xs" aria-label={t("navigation")}>
          <Box hiddenFrom="sm" mb="xs"><Suspense><CustomerSwitcher w="100%" /></Suspense></Box>
          <ScrollArea>
            {visible.filter(({ own }) => !own).map(({ name, to, icon: Icon }) => {
              const active = to === "/" ? pathname === "/" : pathname === to || pathname.startsWith(`${to}/`);
              return (
                <NavLink key={name} renderRoot={(props) => <Link to={to} {...props} />} label={t(name)} leftSection={<Icon size={18} stroke={1.6} aria-hidden />} active={active} aria-current={active ? "page" : undefined} onClick={chosen} vars={hovered} style={{ borderRadius: "var(--mantine-radius-md)" }} />
              );
            })}
          </ScrollArea>
        </AppShell.Navbar>
        <AppShell.Main onFocus={menu ? close : undefined}>
          <Box id="content" ref={content} tabIndex={-1} maw={1280} mx="auto" style={{ outline: "none" }}>
            <Banners />
            {viewer.secondFactorMissing && pathname !== "/security" && (
              <Alert color="yellow" mb="md" role="alert">
                <Group justify="space-between"><Text size="sm">{t("secondFactorMissing")}</Text><Button size="xs" component={Link} to="/security">{t("setUpNow")}</Button></Group>
              </Alert>
            )}
            <Suspense fallback={<PageSkeleton label={t("starting")} />}><Outlet /></Suspense>
          </Box>
        </AppShell.Main>
        <Suspense>
          <NotificationDrawer {...notices} opened={drawer} onClose={closeDrawer} />
          <ShortcutHelp opened={help} onClose={closeHelp} places={visible} />
          <CommandPalette places={visible} onHelp={openHelp} />
        </Suspense>
      </AppShell>
    </DialogNotice>
  );
}

/** What people must know whatever they do: who they act as, and whether what they see is of now. */
function Banners() {
  const t = useTexts();
  const viewer = useViewer();
  return (
    <>
      {viewer.impersonatedBy && (
        <Alert color="orange" variant="filled" bg="color-mix(in srgb, var(--mantine-color-orange-9) 85%, black)" mb="md" role="status" className="mpanel-impersonation">
          <Group justify="space-between" gap="xs">
            <Text size="sm" fw={500}>{t("impersonating", { name: viewer.user.name })}</Text>
            <Group gap={4}>
              <Suspense><ShowGraphQL document={END_IMPERSONATION} variables={{}} of={t("endImpersonation")} color="white" /></Suspense>
              <Button size="xs" color="dark" onClick={() => void sessions.actAsSelf().catch(toastThrown)}>{t("endImpersonation")}</Button>
            </Group>
          </Group>
        </Alert>
      )}
      <LineNotice />
    </>
  );
}

/** Says when what is seen may not be of now, and lets what has stopped be tried again. */
function LineNotice() {
  const t = useTexts();
  const line = useStore(connection);
  const away = useStore(unreachable);
  const again = ({ currentTarget: button }: MouseEvent) => {
    button.closest<HTMLElement>("[role=dialog]")?.focus(); // the button will be gone
    resume();
  };
  return (
    <div role="status">
      {(line === "lost" || away) && <Alert color="yellow" mb="md" py="xs">{away ? t("unreachable") : t("reconnecting")}</Alert>}
      {line === "stopped" && !away && <Alert color="yellow" mb="md" py="xs"><Group justify="space-between" gap="xs">{t("stopped")}<Button size="xs" variant="default" onClick={again}>{t("resume")}</Button></Group></Alert>}
    </div>
  );
}

const lineNotice = <LineNotice />;

function Bell(p: { unread: number; onOpen: () => void }) {
  const t = useTexts();
  return (
    <Tooltip label={t("notifications")}>
      <Indicator disabled={p.unread === 0} label={p.unread > 99 ? "99+" : p.unread} size={16} offset={6} color="red.8" >
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("unreadCount", { count: p.unread })} onClick={p.onOpen}><IconBell size={20} aria-hidden /></ActionIcon>
      </Indicator>
    </Tooltip>
  );
}

function AccountMenu(p: { onHelp: () => void }) {
  const t = useTexts();
  const { user } = useViewer();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <UnstyledButton style={{ borderRadius: "50%" }}><VisuallyHidden>{t("account", { name: user.name })}</VisuallyHidden><Avatar name={user.name} size={32} color="blue" alt="" aria-hidden /></UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{user.name}<br />{user.email}</Menu.Label>
        {places.filter(({ own }) => own).map(({ name, to, icon: Icon }) => (
          <Menu.Item key={name} leftSection={<Icon size={16} aria-hidden />} renderRoot={(props) => <Link to={to} {...props} />}>{t(name)}</Menu.Item>
        ))}
        <Menu.Item leftSection={<IconKeyboard size={16} aria-hidden />} onClick={p.onHelp}>{t("shortcuts")}</Menu.Item>
        <Menu.Divider />
        <Menu.Label>{t("colorScheme")}</Menu.Label>
        {(["light", "dark", "auto"] as const).map((scheme) => {
          const Icon = schemes[scheme];
          return <Menu.Item key={scheme} leftSection={<Icon size={16} aria-hidden />} onClick={() => setColorScheme(scheme)} aria-current={colorScheme === scheme ? "true" : undefined} fw={colorScheme === scheme ? 600 : undefined}>{t(scheme)}</Menu.Item>;
        })}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void sessions.signOut().catch(toastThrown)}>{t("signOut")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
