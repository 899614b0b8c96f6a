import { MantineProvider } from "@mantine/core";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startTexts } from "@/lib/text";
import { theme, variables } from "./theme";

/** Without it the page's policy takes no style that is written at run time. */
const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce;
(globalThis as { __webpack_nonce__?: string }).__webpack_nonce__ = nonce; // where the packages that write some look for it

/** Colours and texts around everything; both pages begin with it. */
export function Frame(p: { children: ReactNode }) {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto" getStyleNonce={() => nonce ?? ""}>
      {p.children}
    </MantineProvider>
  );
}

/** Puts a page into the document. */
export function show(page: ReactNode): void {
  startTexts();
  createRoot(document.getElementById("root")!).render(
    <StrictMode>
      <Frame>{page}</Frame>
    </StrictMode>,
  );
}
