import { Fragment } from "react";

/** A name on a server, which is long and has nothing but underscores to break after. */
export function LongName({ name }: { name: string }) {
  return name.split(/(?<=_)/).map((part, i) => <Fragment key={i}>{i > 0 && <wbr />}{part}</Fragment>);
}
