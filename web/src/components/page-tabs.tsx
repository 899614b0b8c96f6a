import { Tabs } from "@mantine/core";
import { type ReactNode, useEffect, useRef } from "react";

/** The tabs of a page. Which one is open stands in the address, where the page keeps it. */
export function PageTabs<Tab extends string>(p: { label: string; tabs: { tab: Tab; title: string }[]; open: Tab; onOpen: (tab: Tab) => void; children: ReactNode }) {
  const list = useRef<HTMLDivElement>(null);
  // On a narrow screen the open tab may stand outside of what is seen.
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [p.open]);
  return (
    <Tabs value={p.open} onChange={(tab) => tab && p.onOpen(tab as Tab)} keepMounted={false}>
      <Tabs.List ref={list} aria-label={p.label} mb="md" style={{ flexWrap: "nowrap", overflowX: "auto", overflowY: "hidden" }}>
        {p.tabs.map(({ tab, title }) => <Tabs.Tab key={tab} value={tab} style={{ flex: "none" }}>{title}</Tabs.Tab>)}
      </Tabs.List>
      <Tabs.Panel value={p.open}>{p.children}</Tabs.Panel>
    </Tabs>
  );
}
