// What torture.go, edges.go and the methods of the models do.
import { GraphQLError } from "graphql";
import { comment, found, node, number, post, user } from "./data.mjs";

const fail = (message = "resolver failed") => {
  throw new Error(message);
};
/** What the tests' RecoverFunc makes of a panic. */
const panic = () => fail("internal system error");
const miscounted = (field) => fail(`batch resolver ${field} returned the wrong number`);
const range = (n, f) => Array.from({ length: Math.max(n, 0) }, (_, i) => f(i));

async function* events(...list) {
  yield* list;
}

const shown = (v) => (v === null || v === undefined ? "-" : String(v));
const list = (v) => `[${(v ?? []).map((e) => (Array.isArray(e) || e === null ? list(e) : e)).join(" ")}]`;

/** Resolvers, by type and field; what is not here is read from the object. */
export const resolvers = {
  Query: {
    user(_, { id }) {
      const n = number("q", id);
      if (n % 5 === 0) fail();
      return n % 7 === 0 ? null : user(id);
    },
    users: (_, { n }) => range(n, (i) => (n === 5 && i === 2 ? null : user(String(i)))),
    maybeUsers: (_, { n }) => ((n ?? null) === null ? null : range(n, (i) => (i % 3 === 1 ? null : user(`m${i}`)))),
    node: (_, { id }) => node(id),
    search: (_, { q }) => found(q, 6).map((v, i) => (i === 3 ? null : v)),
    me: () => user("me"),
    count: () => 42,
    fail: () => fail(),
    failReq: () => fail(),
    panics: panic,
    admin: () => user("root"),
    tag: () => ({ label: "t", weight: 0.1 }),
    shout: (_, { x }) => x,
    things: (_, { q }) => [post(q), comment({ id: q, text: "t", n: number("c", q) }), post(`${q}2`)],
    echo(_, { x, n, roles, filter, grid, big }) {
      const f = filter ? `{${shown(filter.title)} ${shown(filter.min)} ${list(filter.roles)}}` : "-";
      return [shown(x), shown(n), list(roles), f, list(grid), shown(big)].join(" ");
    },
  },
  Mutation: {
    add: (_, { x }) => (x === 3 ? fail() : x + 1),
    rename: (_, { id, name }) => ({ ...user(id), name: name ?? null }),
    boom: () => null,
  },
  Subscription: {
    ticks: (_, { id }) => (number("t", id) % 6 === 0 ? fail() : events(user(`${id}1`), user(`${id}2`))),
    maybe: (_, { id }) => events(user(`${id}1`), null),
    secret: () => events(user("secret")),
    panics: panic,
    count: () => events(1, 2),
  },
  User: {
    posts(u, { first, role, filter }) {
      if (first > 90) fail();
      if (u.n % 13 === 0) fail(`posts of ${u.id}`);
      return range(Math.min(first ?? 0, u.n % 4), (i) => {
        const p = post(`${u.id}p${i}`);
        if (role) p.title += role;
        if ((filter?.min ?? null) !== null) p.likes = filter.min;
        return p;
      });
    },
    maybePosts: (u) => [() => null, () => [], () => fail(), () => [post(`${u.id}m`), null, post(`${u.id}n`)]][u.n % 4](),
    guarded: (u) => [post(`${u.id}g`)],
    best: (u) => (u.n % 3 === 0 ? null : post(`${u.id}b`)),
    bestReq(u) {
      switch (u.n % 5) {
        case 0:
          return null;
        case 1:
          return fail();
        case 2:
          throw new GraphQLError("of its own", { extensions: { code: "OWN" } });
      }
      return post(`${u.id}b`);
    },
    friends: (u) => (u.n % 6 === 0 ? fail() : [user(`${u.id}f`), user(`${u.id}g`), ...(u.n % 5 === 0 ? [null] : [])]),
    slow: (u) => [panic, () => null, () => fail(), () => u.n][u.n % 4](),
    slowReq: (u) => (u.n % 5 === 0 ? fail() : u.n),
    short: () => miscounted("User.short"),
    miscounted: () => miscounted("User.miscounted"),
    twice: () => fail("first"),
    boss: (u) => [() => null, () => post(u.id), () => fail(), () => user(`${u.id}boss`)][u.n % 4](),
    feed: (u) => [...found(u.id, u.n % 4), ...(u.n % 9 === 0 ? [null] : [])],
    nodes: (u) => (u.n % 5 === 0 ? null : [post(`${u.id}1`), null, post(`${u.id}3`), null]),
    odd: (u) => [{}, post(u.id), user(u.id), null][u.n % 4],
    odds: (u) => [post(u.id), [{}, user(u.id), post(`${u.id}x`)][u.n % 3]],
    grid: (u) => [[u.addressReq], [], []], // a nil slice is empty where no null may be
    sealed: (u) => [() => null, () => fail(), () => "fine", () => "bad"][u.n % 4](),
    crash: panic,
    nick: (u) => (u.extra ?? panic()).nick,
    pet: (u) => (u.extra ?? panic()).pet,
    greeting: (u, { x }) => `${x} ${u.id}`,
    methodErr: (u) => (u.n % 3 === 0 ? fail(`method of ${u.id}`) : u.name),
    methodFail: (u) => (u.n % 3 === 1 ? fail(`method of ${u.id}`) : u.name),
    methodPanic: (u) => (u.n % 3 === 0 ? panic() : u.name),
    motto: (u) => (u.n % 9 === 0 ? panic() : "motto"),
    court: (u) => (u.n % 4 === 0 ? fail(`court of ${u.id}`) : u.addressReq),
    home: (u) => (u.n % 5 === 0 ? panic() : u.address),
  },
  Post: {
    author: (p) => [() => fail(`author of ${p.id}`), () => null][p.n % 8]?.() ?? (p.n % 8 < 2 ? null : user(`a${p.n % 20}`)),
    related: (p, { n }) => (p.n % 4 === 0 || n === 0 ? null : range(n, (i) => post(`${p.id}r${i}`))),
    comments: (p) => (p.n % 5 === 0 ? fail() : [comment({ id: `${p.id}c`, text: "x<y>&", ok: true, n: p.n }), comment({ id: `${p.id}d`, n: p.n + 1 })]),
  },
  Comment: {
    author: (c) => (c.n % 3 === 0 ? fail() : user(c.id)),
  },
};
