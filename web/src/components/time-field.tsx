import { TextInput } from "@mantine/core";
import { fromClock, toClock } from "@/lib/clock-field";
import { timeZone } from "@/lib/format";
import { useStore } from "@/lib/store";
import { texts } from "@/lib/text";

const useTexts = texts("time-field", { en: { from: "From", to: "Before" }, de: { from: "Von", to: "Vor" } });

/** One end of the time that a list is of, RFC 3339, by the clock of the chosen zone; it is told when the field is left. */
export function TimeField(p: { end: "from" | "to"; value: string | undefined; onChange: (at: string | undefined) => void }) {
  const t = useTexts();
  const zone = useStore(timeZone);
  const clock = toClock(p.value);
  return <TextInput key={`${zone}${p.value}`} type="datetime-local" label={t(p.end)} defaultValue={clock} onBlur={({ currentTarget: { value } }) => { if (value !== clock) p.onChange(fromClock(value)); }} w={{ base: "100%", xs: 190 }} />;
}
