import { createContext } from "react";

/** Whether a form is put aside while what it has ordered is shown in its place: it keeps what was typed, for another try. */
export const PutAside = createContext(false);
