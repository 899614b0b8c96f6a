import { Badge, type MantineColor } from "@mantine/core";
import type { ReactNode } from "react";
import { texts } from "@/lib/text";

const useTexts = texts("states", {
  en: {
    PENDING: "Pending", RUNNING: "Running", WAITING: "Waiting", COMPENSATING: "Rolling back", SUCCEEDED: "Succeeded", FAILED: "Failed", CANCELED: "Canceled", STUCK: "Stuck",
    ACTIVE: "Active", DEGRADED: "Degraded", SUSPENDED: "Suspended", DELETING: "Deleting", ARCHIVED: "Archived", READY: "Ready",
    APPLYING: "Running", DONE: "Done", UNDOING: "Rolling back", UNDONE: "Rolled back",
  },
  de: {
    PENDING: "Ausstehend", RUNNING: "Läuft", WAITING: "Wartet", COMPENSATING: "Wird zurückgenommen", SUCCEEDED: "Erledigt", FAILED: "Gescheitert", CANCELED: "Abgebrochen", STUCK: "Hängt",
    ACTIVE: "Aktiv", DEGRADED: "Gestört", SUSPENDED: "Gesperrt", DELETING: "Wird gelöscht", ARCHIVED: "Archiviert", READY: "Fertig",
    APPLYING: "Läuft", DONE: "Erledigt", UNDOING: "Wird zurückgenommen", UNDONE: "Zurückgenommen",
  },
});

type State = Parameters<ReturnType<typeof useTexts>>[0];

const colors: Record<State, MantineColor> = {
  PENDING: "gray", RUNNING: "blue", WAITING: "yellow", COMPENSATING: "orange", SUCCEEDED: "green", FAILED: "red", CANCELED: "gray", STUCK: "red",
  ACTIVE: "green", DEGRADED: "orange", SUSPENDED: "yellow", DELETING: "gray", ARCHIVED: "gray", READY: "green",
  APPLYING: "blue", DONE: "green", UNDOING: "orange", UNDONE: "gray",
};

/** Where something is in its life, in words and in a colour. */
export function StateBadge(p: { state: State; children?: ReactNode }) {
  const t = useTexts();
  return <Badge color={colors[p.state]} data-state={p.state} miw="max-content">{t(p.state)}{p.children}</Badge>;
}
