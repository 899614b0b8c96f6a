import { createContext, useContext } from "react";

/** What is being read behind what is shown: the same once more, or another list, of which there is nothing yet. */
export type Reading = "again" | "other" | undefined;

/** Told by a `QueryView` to what it shows. */
export const ReadingContext = createContext<Reading>(undefined);

export const useReading = () => useContext(ReadingContext);
