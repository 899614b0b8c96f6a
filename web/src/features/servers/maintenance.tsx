import { Text, TextInput } from "@mantine/core";
import { ActionForm } from "@/components/action-form";
import { ConfirmAction } from "@/components/confirm-action";
import { Dialog } from "@/components/dialog";
import { MAINTENANCE, type Server } from "./operations";
import { useTexts } from "./texts";

/** Begins maintenance, which needs a reason that customers read, or ends it. */
export function Maintenance({ server, opened, onClose }: { server: Server; opened: boolean; onClose: () => void }) {
  const t = useTexts();
  if (server.maintenance)
    return (
      <ConfirmAction opened={opened} onClose={onClose} title={t("endMaintenance")} harmless document={MAINTENANCE} variables={{ input: { id: server.id, enabled: false } }} submit={t("endMaintenance")} done={t("maintenanceEnded")}>
        {t("endMaintenanceText")}
      </ConfirmAction>
    );
  return (
    <Dialog opened={opened} onClose={onClose} title={t("beginMaintenance")}>
      <ActionForm document={MAINTENANCE} fields={["reason"]} variables={(v) => ({ input: { id: server.id, enabled: true, reason: v.reason ?? "" } })} submit={t("beginMaintenance")} done={t("maintenanceBegun")} onDone={onClose} onCancel={onClose}>
        {(of) => (
          <>
            <Text size="sm">{t("beginMaintenanceText", { count: server.databaseCount })}</Text>
            <TextInput name="reason" label={t("reason")} description={t("reasonHint")} maxLength={200} autoComplete="off" error={of("reason")} data-autofocus />
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}
