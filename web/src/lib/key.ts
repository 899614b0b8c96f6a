/** 144 random bits, as an idempotency key; randomUUID is missing on plain http. */
export const newKey = (): string => Array.from(crypto.getRandomValues(new Uint8Array(18)), (byte) => byte.toString(16).padStart(2, "0")).join("");
