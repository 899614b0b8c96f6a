import { expect, it } from "vitest";
import { say } from "./german";
import { sayer } from "./say";

it.each([
  ["There is a user of that name already.", "Einen Benutzer dieses Namens gibt es schon."],
  ["At most 20 characters.", "Höchstens 20 Zeichen."],
  ["This needs the permission SERVERS_READ.", "Dafür fehlt Ihnen das Recht „Server sehen“."],
  ["The user is DELETING.", "Der Benutzer ist dabei, gelöscht zu werden."],
  ["That was tried too often; try again in 5 minutes.", "Das wurde zu oft versucht; versuchen Sie es in 5 Minuten noch einmal."],
  ["The database server at db1.example.com:5432 cannot be reached: it refuses connections.", "Der Datenbankserver db1.example.com:5432 ist nicht erreichbar: er weist Verbindungen ab."],
  ["The database server refused it: the panel's own role there lacks a right (SQLSTATE 42501).", "Der Datenbankserver hat es abgelehnt: der Rolle des Panels fehlt dort ein Recht (SQLSTATE 42501)."],
  ["The database server at db1 cannot be reached: its disk is full (SQLSTATE 53100).", "Der Datenbankserver db1 ist nicht erreichbar: seine Festplatte ist voll (SQLSTATE 53100)."],
  ["The database server at db1 cannot be reached: its disk is full. Check host, port, TLS mode, firewall, and that it runs.", "Der Datenbankserver db1 ist nicht erreichbar: seine Festplatte ist voll. Prüfen Sie Host, Port, TLS-Modus und Firewall, und ob er läuft."],
  ["Line 3: there is a zero byte; this is not a plain dump.", "Zeile 3: Dort steht ein Nullbyte; das ist kein Dump im Textformat."],
  ["Line 7: relation \"shop\" does not exist (SQLSTATE 42P01).", "Zeile 7: relation \"shop\" does not exist (SQLSTATE 42P01)."],
  ["Line 7: The server refused it: table shop SQLSTATE 23505.", "Zeile 7: Der Server hat es abgelehnt: table shop SQLSTATE 23505."],
  ["The server refused it: SQLSTATE 23505.", "Der Server hat es abgelehnt: SQLSTATE 23505."],
  ["Loaded: 1.5 MB of about 20.0 MB.", "Geladen: 1,5 MB von etwa 20,0 MB."],
  ["120 statements. Left out: 2 about rights.", "120 Befehle. Ausgelassen: 2 zu Rechten."],
  ["The server is in maintenance: The disk is changed. Back at five.", "Der Server wird gewartet: The disk is changed. Back at five."],
])("says in German: %s", (english, german) => {
  expect(say(english)).toBe(german);
});

it.each([
  ["The role is called shop. The role may not log in. The role's connection limit is 5 instead of 10.", "Die Rolle heißt shop. Die Rolle darf sich nicht anmelden. Die Rolle darf 5 statt 10 Verbindungen haben."],
  ["The server has a role of that name that is not ours. Ours is called old.", "Auf dem Server gibt es eine fremde Rolle dieses Namens. Unsere heißt old."],
  [
    "PUBLIC may connect to a and b, so every tenant can. Run as a superuser: GRANT CONNECT ON DATABASE postgres TO \"x\"; REVOKE CONNECT ON DATABASE a, b FROM PUBLIC;",
    "PUBLIC darf sich mit a and b verbinden, also kann es jeder Kunde. Führen Sie als Superuser aus: GRANT CONNECT ON DATABASE postgres TO \"x\"; REVOKE CONNECT ON DATABASE a, b FROM PUBLIC;",
  ],
  ["PostgreSQL 12.1 is too old. Something else is wrong.", "PostgreSQL 12.1 ist zu alt. Something else is wrong."],
])("says several sentences, each by itself: %s", (english, german) => {
  expect(say(english)).toBe(german);
});

it("says names as they are, also where they are words or sentences", () => {
  expect(say("This PostgreSQL cluster is registered already, as ACTIVE.")).toBe("Dieser PostgreSQL-Cluster ist schon aufgenommen, als ACTIVE.");
  expect(say("The role is called {0}%s$&.")).toBe("Die Rolle heißt {0}%s$&.");
});

it("takes for a number only what is one", () => {
  expect(say("At most 20; DROP characters.")).toBe("At most 20; DROP characters.");
  expect(say("At most  characters.")).toBe("At most  characters.");
});

it.each(["", " ", "Nothing of the kind.", "ACTIVE of it", "__proto__", "constructor"])("shows what it does not know as it is: %s", (text) => {
  expect(say(text)).toBe(text);
});

it("puts parts in another order, and what is over says most first", () => {
  const other = sayer({ "%s of %s.": "{1}: {0}.", "All %s of %s.": "Alles {0!}, {1}." }, { red: "rot" });
  expect(other("1 of 2.")).toBe("2: 1.");
  expect(other("All red of you.")).toBe("Alles rot, you.");
  expect(other("All blue of you.")).toBe("you: All blue."); // of the other, all is known
});

it("is soon done with hostile texts", () => {
  const begun = performance.now();
  for (const piece of ["a. ", "; A", "Line 1: ", "The role is called ", "%s", " (SQLSTATE ", "Check host. A; ", ": 1 MB of about "]) {
    for (const length of [100, 1_000, 1_330, 100_000]) say(piece.repeat(length).slice(0, 390_000) + ".");
  }
  expect(performance.now() - begun).toBeLessThan(3_000);
});
