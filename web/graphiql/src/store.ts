import { useSyncExternalStore } from "react";

/** A value that components follow and that others set. */
export interface Store<T> {
  get(): T;
  set(value: T): void;
  use(): T;
}

export function store<T>(value: T): Store<T> {
  const followers = new Set<() => void>();
  const get = () => value;
  const subscribe = (follower: () => void) => {
    followers.add(follower);
    return () => followers.delete(follower);
  };
  return {
    get,
    set(next) {
      value = next;
      for (const follower of followers) follower();
    },
    use: () => useSyncExternalStore(subscribe, get),
  };
}
