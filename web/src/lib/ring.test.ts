import { expect, it } from "vitest";
import { Ring } from "./ring";

it("keeps the newest points, oldest first", () => {
  const ring = new Ring(3, 2, 5);
  expect(ring.last).toBe(0);
  for (let s = 1; s <= 5; s++) ring.add(s, [s, s * 10]);
  expect(ring.since(0)).toEqual([[3, 4, 5], [3, 4, 5], [30, 40, 50]]);
  expect(ring.since(5)).toEqual([[5], [5], [50]]);
  expect(ring.since(6)).toEqual([[], [], []]);
  expect(ring.since(0, 4)).toEqual([[3, 4], [3, 4], [30, 40]]);
  expect(ring.since(0, 2)).toEqual([[], [], []]);
  expect(ring.last).toBe(5);
});

it("drops what comes twice", () => {
  const ring = new Ring(4, 1, 5);
  ring.add(1, [1]);
  ring.add(1, [2]);
  ring.add(0.5, [3]);
  expect(ring.since(0)).toEqual([[1], [1]]);
});

it("takes what was before, up to what it has, with gaps of its own", () => {
  const ring = new Ring(10, 1, 5);
  ring.add(1_000, [1]);
  ring.precede([[600, 5], [660, 6], [900, 7], [960, 8], [1_000, 9], [1_060, 10]], 150);
  expect(ring.since(0)).toEqual([[600, 660, 780, 900, 960, 1_000], [5, 6, null, 7, 8, 1]]);
  ring.add(1_001, [2]);
  expect(ring.since(990)).toEqual([[1_000, 1_001], [1, 2]]);
  ring.clear();
  expect(ring.since(0)).toEqual([[], []]);
  ring.precede([[10, 1]], 150);
  ring.precede([], 150);
  expect(ring.since(0)).toEqual([[10], [1]]);
});

it("U7: shows a gap as a gap", () => {
  const ring = new Ring(10, 1, 5);
  ring.add(1, [1]);
  ring.add(61, [2]);
  expect(ring.since(0)).toEqual([[1, 31, 61], [1, null, 2]]);
});
