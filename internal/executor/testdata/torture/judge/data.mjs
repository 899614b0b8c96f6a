// What data.go makes, from the same ids.

const text = new TextEncoder();

/** 29 bits of FNV-1a, as number in data.go. */
export function number(...parts) {
  let h = 0x811c9dc5;
  for (const byte of text.encode(parts.join(""))) h = Math.imul(h ^ byte, 0x01000193);
  return (h >>> 0) >>> 3;
}

/** A point in time in RFC 3339, as time.Unix(seconds, nanos). */
export function time(seconds, nanos) {
  const fraction = String(nanos).padStart(9, "0").replace(/0+$/, "");
  return new Date(seconds * 1000).toISOString().slice(0, 19) + (fraction && `.${fraction}`) + "Z";
}

const address = (fields) => ({ __typename: "Address", city: null, zip: null, country: null, ...fields });

/** Go's User with nothing set. */
const nobody = {
  __typename: "User", n: 0, role: "", tags: [], big: "0", hidden: "", louder: "", ratio: 0, ratios: [], num: "0", size: 0,
  addressReq: address({ street: "" }),
};

export function user(id) {
  const n = number("u", id);
  const u = {
    __typename: "User", id, n, role: ["USER", "ADMIN", "ROOT"][n % 3], tags: ['a"b', "c\td", "é\u2028\x01<&>"].slice(0, (n % 4) % 3),
    big: String(BigInt(n) << 20n), hidden: "h", addressReq: address({ street: `S${id}` }), loud: `loud${id}`, louder: "louder",
    ratio: n / 7, ratios: [1, 2.5e-9], num: String(-n), size: n, vaults: [null, address({ street: "V", zip: n % 3 })],
    createdAt: null, addrs: null, marks: null, secret: null,
  };
  if (n % 10 === 0) [u.ratio, u.ratios] = [NaN, [Infinity, 3, NaN]];
  switch (n % 5) {
    case 1:
      u.kin = post(`${id}kin`);
      break;
    case 2:
      [u.kin, u.pets] = [{ ...nobody, id: `${id}kin` }, found(id, 3)];
      break;
    case 3:
      u.pets = [{ __typename: "Tag", label: "pet", weight: 0 }, null];
      break;
    case 4:
      u.pets = [];
  }
  if (n % 3 !== 1) u.extra = { nick: "nick", pet: null }; // data.go takes the pet before there is an address
  if (n % 2 === 0) {
    Object.assign(u, {
      name: `N\n\\${id}`, age: n % 90, roles: ["USER", "ROOT"], scores: [1.5, null, 1e21, 123456789, 0.00001],
      bigp: "7", secret: "s", matrix: [[1, 2], null, []],
    });
  }
  if (n % 3 > 0) {
    Object.assign(u, {
      meta: { k: [1, "x", null] }, createdAt: time(n, n), deletedAt: time(5, 0), checked: ["fine", "bad"][n % 2],
      address: address({ street: "A", zip: n % 99999, city: "C", country: { code: "DE", cities: ["x", null] } }),
    });
  }
  if (n % 7 === 0) u.deletedAt = u.loud = null;
  if (n % 4 > 0) {
    u.addressReq.zip = n % 1000;
    u.addrs = [u.addressReq, address({ street: "B", zip: 1 })];
  }
  if (n % 8 === 1) u.marks = [1, null, null];
  else if (n % 8 > 1) u.marks = [n, -1];
  if (n % 11 === 0) u.addrs = [...(u.addrs ?? []), address({ street: "" })];
  return u;
}

export function post(id) {
  const n = number("p", id);
  return { __typename: "Post", id, n, title: `T${id}`, likes: n % 100, authReq: "ok", name: n % 2 === 0 ? "post" : null };
}

export function comment(fields) {
  return { __typename: "Comment", text: "", ok: false, ...fields };
}

export function node(id) {
  switch (number("n", id) % 5) {
    case 0:
    case 3:
      return user(id);
    case 1:
      return post(id);
    case 2:
      return comment({ id, text: "c", ok: true, n: number("c", id) });
  }
  return null;
}

export function found(q, n) {
  return Array.from({ length: n }, (_, i) => {
    const id = `${q}${i}`;
    switch (number(id) % 3) {
      case 0:
        return user(id);
      case 1:
        return post(id);
    }
    return { __typename: "Tag", label: id, weight: number(id) / 7 };
  });
}
