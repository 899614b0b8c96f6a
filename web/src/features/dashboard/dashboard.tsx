import { Page } from "@/components/page";

/** What needs attention, and what goes on. */
export function DashboardPage() {
  return <Page title="Dashboard">{null}</Page>;
}
