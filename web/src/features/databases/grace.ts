/** How long a deletion can be taken back, in seconds; the server's own setting first. */
export const graceChoices = ["default", "0", "86400", "604800", "2592000"] as const;

/** The choice as the graph takes it. */
export const secondsOf = (choice: string): number | undefined => (choice === "default" ? undefined : Number(choice));
