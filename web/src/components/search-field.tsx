import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";

/**
 * A field whose text is searched for a moment after it was typed, and at once when it is left. What
 * comes from elsewhere, as by Back, takes the place of what is in it.
 */
export function SearchField(p: { label: string; value: string | undefined; onSearch: (text: string | undefined) => void }) {
  const [text, setText] = useState(p.value ?? "");
  const sent = useRef(p.value);
  const send = useDebouncedCallback((typed: string) => {
    const now = typed.trim() || undefined;
    if (now === sent.current) return;
    sent.current = now;
    p.onSearch(now);
  }, 250);
  useEffect(() => {
    if (p.value === sent.current) return;
    send.cancel();
    sent.current = p.value;
    setText(p.value ?? "");
  }, [p.value]);
  return (
    <TextInput
      value={text} onBlur={() => send.flush()} placeholder={p.label} aria-label={p.label} leftSection={<IconSearch size={16} aria-hidden />} w={{ base: "100%", xs: 280 }}
      onChange={({ currentTarget: { value } }) => {
        setText(value);
        send(value);
      }}
    />
  );
}
