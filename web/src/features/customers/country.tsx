import i18next from "i18next";
import { useMemo } from "react";
import { Select } from "@/components/select";

/** All countries of ISO 3166-1, by their codes; their names the browser knows in each language. */
const codes = (
  "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR " +
  "GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ " +
  "NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
).split(" ");

/** Names countries in the language of the page. */
export function useCountryName(): (code: string) => string {
  const { language } = i18next;
  return useMemo(() => {
    const names = new Intl.DisplayNames([language], { type: "region", fallback: "code" });
    return (code) => (/^[A-Z]{2}$/.test(code) ? (names.of(code) ?? code) : code);
  }, [language]);
}

/** A country, found by its name. */
export function CountrySelect(p: {
  label: string;
  /** Whether the label is heard and not seen. */
  bare?: boolean;
  name?: string;
  value: string | null;
  onChange: (code: string | null) => void;
  placeholder?: string;
  error?: string;
  w?: React.ComponentProps<typeof Select>["w"];
}) {
  const nameOf = useCountryName();
  const data = useMemo(() => {
    const { compare } = new Intl.Collator(i18next.language); // one for all: to find it 2,000 times is felt
    return codes.map((value) => ({ value, label: nameOf(value) })).sort((a, b) => compare(a.label, b.label));
  }, [nameOf]);
  return (
    <Select
      {...(p.bare ? { "aria-label": p.label } : { label: p.label })} name={p.name} data={data} value={p.value} onChange={p.onChange} placeholder={p.placeholder} error={p.error} w={p.w}
      searchable clearable clearButtonProps={{ "aria-label": `${p.label}: ×` }}
    />
  );
}
