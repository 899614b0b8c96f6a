import { Select as PackageSelect, type SelectProps } from "@mantine/core";
import { type FocusEventHandler, useEffect, useState } from "react";

interface Late {
  comboboxProps?: SelectProps["comboboxProps"];
  onFocus?: FocusEventHandler<HTMLInputElement>;
}

/**
 * For a field with options: they are there from when it is first entered. Those of fields that nobody
 * enters took most of the time in which a page that begins can do nothing else: each list is put
 * into the document and measured, where it is hidden.
 */
export function useLateOptions(p: Late): Required<Late> {
  const [entered, setEntered] = useState(false);
  // What one can type into opens as it is entered, and says which list is its own when it is drawn
  // again: the list has its name after two drawings.
  const [drawn, setDrawn] = useState(0);
  useEffect(() => setDrawn((n) => (entered ? Math.min(n + 1, 2) : 0)), [entered, drawn]);
  return {
    comboboxProps: { ...p.comboboxProps, keepMounted: entered },
    onFocus: (event) => {
      setEntered(true);
      p.onFocus?.(event);
    },
  };
}

/** One of several; the package's, with late options. */
export function Select(p: SelectProps) {
  return <PackageSelect {...p} {...useLateOptions(p)} />;
}
