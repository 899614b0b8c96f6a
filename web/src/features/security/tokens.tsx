import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Dialog } from "@/components/dialog";
import { EmptyState } from "@/components/empty-state";
import { Section } from "@/components/section";
import { ShownOnce } from "@/components/shown-once";
import { toastProblem } from "@/components/toasts";
import { Tokens } from "@/components/tokens";
import { useAddress } from "@/components/use-address";
import type { SecurityQuery } from "@/gql/generated/graphql";
import { CreateToken } from "./create-token";
import { useTexts } from "./texts";

const route = getRouteApi("/security");

/** What programs call with in the user's name. */
export function OwnTokens(p: { tokens: SecurityQuery["viewer"]["apiTokens"] }) {
  const t = useTexts();
  const [creating, { open, close }] = useDisclosure();
  const search = route.useSearch();
  const { change } = useAddress<typeof search>(route.useNavigate());
  // Who comes for it, as by the palette, finds it open, and once.
  useEffect(() => {
    if (!search.new) return;
    change({ new: undefined }, { replace: true });
    open();
  }, [search.new]);
  const [secret, setSecret] = useState<readonly string[] | null>(null);
  const create = <Button onClick={open}>{t("newToken")}</Button>;
  return (
    <Section title={t("tokens")} intro={t("tokensIntro")} actions={p.tokens.length > 0 && create}>
      {p.tokens.length === 0 ? (
        <EmptyState text={t("noTokens")} action={create} />
      ) : (
        <Tokens tokens={p.tokens} writes />
      )}
      <Dialog drawer opened={creating} onClose={close} title={t("newToken")} size="lg">
        <CreateToken
          onCancel={close}
          onDone={(token) => {
            close();
            if (token === null) toastProblem({ code: "CONFLICT", message: t("tokenGone") });
            else setSecret([token]);
          }}
        />
      </Dialog>
      <ShownOnce title={t("yourToken")} lines={secret} onSaved={() => setSecret(null)} />
    </Section>
  );
}
