import { createContext, type ReactNode } from "react";

/** What the page says that nobody may miss: a dialog hides the page, and says it, too. */
export const DialogNotice = createContext<ReactNode>(null);
