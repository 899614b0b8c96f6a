import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Place } from "./navigation";
import { openPalette } from "./palette-opener";

/** How long after `g` the key of a page counts, in ms. */
const patience = 1_500;

const writes = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

/** Ctrl-K opens the palette, also while somebody writes; `g` and a page's key goes there, `?` lists them; nothing while somebody writes or a dialog is open. */
export function useShortcuts(places: Place[], onHelp: () => void): void {
  const navigate = useNavigate();
  const going = useRef(0); // when `g` was pressed; the page may be drawn anew before the next key
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault(); // browsers have something of their own there
        return openPalette();
      }
      if (event.ctrlKey || event.metaKey || event.altKey || writes(event.target) || document.querySelector("[role=dialog]")) return;
      if (event.key === "?") {
        event.preventDefault();
        onHelp();
      } else if (event.key === "g") going.current = event.timeStamp;
      else if (going.current > 0 && event.timeStamp - going.current < patience) {
        going.current = 0;
        const place = places.find(({ key }) => key === event.key);
        if (place) void navigate({ to: place.to });
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [places, onHelp, navigate]);
}
