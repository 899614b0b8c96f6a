import { useEffect, useState } from "react";
import { send } from "@/gql/http";
import { SIGN_UP_OPEN } from "./operations";

/** Whether anybody can sign up here; undefined until the panel has said so, and null when it did not. */
export function useSignUpOpen(): boolean | null | undefined {
  const [open, setOpen] = useState<boolean | null | undefined>();
  useEffect(() => {
    send(SIGN_UP_OPEN, {}).then(({ signUpOpen }) => setOpen(signUpOpen), () => setOpen(null));
  }, []);
  return open;
}
