import { Text, Textarea } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ActionForm } from "@/components/action-form";
import { Dialog } from "@/components/dialog";
import { Select } from "@/components/select";
import { toastProblem } from "@/components/toasts";
import { graphql } from "@/gql/document";
import { sessions } from "@/gql/session";
import { useTexts } from "./texts";

const IMPERSONATE = graphql(`
  mutation Impersonate($input: ImpersonateInput!) {
    impersonate(input: $input) { accessToken expiresAt }
  }
`);

/** Asks why and for how long, and lets this tab be the user then. */
export function Impersonate(p: { user: { id: string; name: string }; opened: boolean; onClose: () => void }) {
  const t = useTexts();
  const navigate = useNavigate();
  const [minutes, setMinutes] = useState("15");
  return (
    <Dialog opened={p.opened} onClose={p.onClose} title={t("viewAsTitle", { name: p.user.name })}>
      <ActionForm
        document={IMPERSONATE} fields={["reason", "minutes"]} submit={t("viewAs")} onCancel={p.onClose}
        variables={(v) => ({ input: { userId: p.user.id, reason: v.reason ?? "", minutes: Number(minutes) } })}
        onDone={({ impersonate: { accessToken, expiresAt } }) => {
          if (!accessToken) return toastProblem({ code: "CONFLICT", message: t("tokenGone") });
          p.onClose();
          void navigate({ to: "/" }).then(() => sessions.actAs({ accessToken, expiresAt: Date.parse(expiresAt) }));
        }}
      >
        {(of) => (
          <>
            <Text size="sm">{t("viewAsText")}</Text>
            <Textarea name="reason" label={t("reason")} description={t("reasonHint")} rows={3} error={of("reason")} data-autofocus />
            <Select label={t("forHowLong")} allowDeselect={false} value={minutes} onChange={(value) => setMinutes(value ?? "15")} data={[5, 15, 30, 60].map((n) => ({ value: String(n), label: t("minutes", { count: n }) }))} error={of("minutes")} />
          </>
        )}
      </ActionForm>
    </Dialog>
  );
}
