import { Center, Loader } from "@mantine/core";
import { RouterProvider } from "@tanstack/react-router";
import { Suspense, useEffect, useMemo, useState } from "react";
import { Provider } from "urql";
import { PanelError } from "@/components/panel-error";
import { toastWarning } from "@/components/toasts";
import { newClient } from "@/gql/client";
import { sessions } from "@/gql/session";
import { lazyPart } from "@/lib/lazy-part";
import { useStore } from "@/lib/store";
import { unreachable } from "./app-state";
import { ConfirmProvider } from "./confirm";
import { useKeptFocus } from "./kept-focus";
import { router } from "./router";
import { useTexts } from "./texts";

// What is told before its code is there waits for it.
const Toasts = lazyPart(async () => (await import("./toasts-area")).Toasts);

const signInPage = () => `/sign-in?next=${encodeURIComponent(location.pathname + location.search + location.hash)}`;

/** Looks for the session of the browser's cookie, and shows the app to who has one. */
export function App() {
  const t = useTexts();
  const state = useStore(sessions.state);
  const acting = useStore(sessions.acting);
  const [error, setError] = useState<unknown>(null);
  const [begun, setBegun] = useState(false);

  const begin = () => {
    setError(null);
    sessions.renew().then((found) => (found ? setBegun(true) : location.replace(signInPage())), setError);
  };
  useEffect(begin, []);
  useEffect(() => {
    if (state === "ended") location.replace("/sign-in");
  }, [state]);

  useKeptFocus(); // above the shell, which another takes the place of when somebody acts as a user

  useEffect(() => sessions.lapsed.subscribe(() => toastWarning(t("impersonationOver"))), [t]);

  // Who somebody acts as has a cache of their own.
  const client = useMemo(() => newClient((is) => unreachable.set(is)), [acting]);

  if (error) return <Center component="main" mih="100dvh" p="md"><PanelError error={error} onRetry={begin} /></Center>;
  if (!begun || state === "ended") return <Center component="main" mih="100dvh"><Loader aria-label={t("starting")} /></Center>;
  return (
    <Provider value={client} key={String(acting)}>
      <ConfirmProvider>
        <Suspense><Toasts /></Suspense>
        <RouterProvider router={router} context={{ client }} />
      </ConfirmProvider>
    </Provider>
  );
}
