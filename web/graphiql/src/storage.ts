// What GraphiQL keeps beyond a reload: tabs, history, the theme. It would keep the
// headers of each operation in its history; they have the token, so they stay out.
const withoutHeaders = (value: string): string => {
  try {
    return JSON.stringify(JSON.parse(value), (key, member: unknown) => (key === "headers" ? undefined : member));
  } catch {
    return value; // no JSON: the text of an operation, or a number
  }
};

export const storage = {
  get length() {
    return localStorage.length;
  },
  getItem: (key: string) => localStorage.getItem(key),
  removeItem: (key: string) => localStorage.removeItem(key),
  clear: () => localStorage.clear(),
  // Variables and operations are texts, and none of them has headers.
  setItem: (key: string, value: string) => localStorage.setItem(key, /:(variables|query)$/.test(key) ? value : withoutHeaders(value)),
};
