// What the page shows is its address: the part after # names the view and its choices, so that a link leads back to it.

import { createContext } from "preact";
import { useContext, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Scheme } from "./colours";
import type { Source } from "./source";

export type Place = "run" | "tree" | "trace" | "compare";

export interface Address {
  place: Place;
  params: Record<string, string>;
}

const PLACES: readonly string[] = ["run", "tree", "trace", "compare"];

export function readAddress(hash: string): Address {
  const [place = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  return { place: (PLACES.includes(place) ? place : "run") as Place, params: Object.fromEntries(new URLSearchParams(query)) };
}

export function addressOf(place: Place, params: Record<string, string | number | null | undefined>): string {
  const kept = Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(kept.map(([name, value]) => [name, String(value)])).toString();
  return `#/${place}${query && `?${query}`}`;
}

/** Go somewhere. replace: without a step in the history of the browser. */
export function go(place: Place, params: Record<string, string | number | null | undefined>, replace = false): void {
  const address = addressOf(place, params);
  if (address === location.hash) return;
  if (replace) {
    history.replaceState(null, "", address);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = address;
}

export function useAddress(): Address {
  const [address, setAddress] = useState(() => readAddress(location.hash));
  useEffect(() => {
    const changed = () => setAddress(readAddress(location.hash));
    window.addEventListener("hashchange", changed);
    return () => window.removeEventListener("hashchange", changed);
  }, []);
  return address;
}

export interface Shared {
  source: Source;
  scheme: Scheme;
  announce: (text: string) => void;
  /** Counts the times that the run was read again. */
  version: number;
}

export const SharedContext = createContext<Shared | null>(null);

export function useShared(): Shared {
  const shared = useContext(SharedContext);
  if (!shared) throw new Error("outside of the page");
  return shared;
}

export type Loaded<T> = { value: T; error: null } | { value: null; error: string } | { value: null; error: null };

/** A value that is read as needed. The last one stays until the next is there. */
export function useLoaded<T>(load: () => Promise<T>, inputs: unknown[]): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ value: null, error: null });
  useEffect(() => {
    let current = true;
    load().then(
      (value) => current && setLoaded({ value, error: null }),
      (error: unknown) => current && setLoaded({ value: null, error: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      current = false;
    };
  }, inputs);
  return loaded;
}

/** Calls the handler of a pressed key, unless the person is typing: that of the last rendering, however fast the keys come. */
export function useKeys(handlers: Record<string, (event: KeyboardEvent) => void>): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement | null;
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (target && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
      const handler = latest.current[event.key];
      if (!handler) return;
      if ((event.key === " " || event.key === "Enter") && target && /^(BUTTON|A|SUMMARY)$/.test(target.tagName)) return;
      event.preventDefault();
      handler(event);
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
}
