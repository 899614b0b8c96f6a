// The e-mails of a panel that has no SMTP server: they lie at a page of its own.

/** Text as it was before it stood in HTML. */
const plain = (html) => html.replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))).replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");

/** The e-mails to an address whose subject begins with a text, the newest first: the addresses of their pages. */
async function lettersTo(url, to, subject) {
  const page = await (await fetch(`${url}/mailbox`)).text();
  const entries = page.matchAll(/<a href="(\/mailbox\/[0-9a-f-]{36})">([^<]*)<\/a><br>to ([^<]*)/g);
  return [...entries].filter(([, , about, who]) => about.startsWith(subject) && plain(who).includes(to)).map(([, path]) => url + path);
}

/** Waits until there are so many e-mails to an address with a subject, and gives the text of the newest. */
export async function letterTo(url, to, subject, count = 1) {
  for (let i = 0; i < 200; i++) {
    const letters = await lettersTo(url, to, subject);
    if (letters.length >= count) return (await fetch(letters[0])).text();
    await new Promise((go) => setTimeout(go, 100));
  }
  throw new Error(`no e-mail "${subject}" to ${to}`);
}

/** As letterTo, and gives the link in it. */
export const linkTo = async (url, to, subject, count = 1) => /href="(http[^"]+#[^"]+)"/.exec(await letterTo(url, to, subject, count))[1];

/** How many e-mails there are to an address. */
export const countTo = async (url, to) => (await lettersTo(url, to, "")).length;
