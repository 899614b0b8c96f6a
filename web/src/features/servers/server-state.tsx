import { Badge, Group } from "@mantine/core";
import { number } from "@/lib/format";
import { useTexts } from "./texts";

interface State {
  reachable: boolean;
  blocked: boolean;
  checkedAt?: string | null;
  problems: readonly string[];
  maintenance?: object | null;
  driftBrake: "OFF" | "ON" | "RELEASED";
}

/** How a server is, in words: what keeps work from it comes first. */
export function ServerState({ server }: { server: State }) {
  const t = useTexts();
  return (
    <Group gap={4}>
      {server.maintenance && <Badge miw="max-content" color="yellow">{t("inMaintenance")}</Badge>}
      {!server.checkedAt ? <Badge miw="max-content" color="gray">{t("unchecked")}</Badge> : !server.reachable ? <Badge miw="max-content" color="red">{t("unreachable")}</Badge> : server.blocked ? <Badge miw="max-content" color="red">{t("blocked")}</Badge> : <Badge miw="max-content" color="green">{t("reachable")}</Badge>}
      {server.problems.length > 0 && <Badge miw="max-content" color="orange">{t("problemCount", { count: server.problems.length }).replace(String(server.problems.length), number(server.problems.length))}</Badge>}
      {server.driftBrake === "ON" && <Badge miw="max-content" color="red">{t("brakeOn")}</Badge>}
    </Group>
  );
}
