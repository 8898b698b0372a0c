// Colours of the drawing. Shape and text always say the same as a colour does.

export type Scheme = "light" | "dark";
export type ColourBy = "value" | "verdict" | "prior" | "simulation";

// Viridis (Smith and van der Walt 2015): even in lightness, and readable by people who do not see all colours.
export const RAMP_STOPS = ["#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70", "#7ad151", "#bddf26", "#fde725"];

export function ramp(share: number): string {
  const at = Math.max(0, Math.min(RAMP_STOPS.length - 1, Math.round(share * (RAMP_STOPS.length - 1))));
  return RAMP_STOPS[at] ?? "#888888";
}

const VERDICTS: Record<Scheme, Record<string, string>> = {
  light: { correct: "#0b7a4b", incorrect: "#c0362c", unanswered: "#9a6700", malformed: "#9a6700", timed_out: "#8250df", error: "#8250df" },
  dark: { correct: "#3fce8d", incorrect: "#ff7b6b", unanswered: "#e3b341", malformed: "#e3b341", timed_out: "#c297ff", error: "#c297ff" },
};

export function verdictColour(verdict: string | null, scheme: Scheme): string {
  return VERDICTS[scheme][verdict ?? ""] ?? (scheme === "dark" ? "#8b98a9" : "#6b7684");
}

export const INK: Record<Scheme, { text: string; dim: string; edge: string; graft: string; back: string; accent: string; trail: string }> = {
  light: { text: "#1b2430", dim: "#5b6673", edge: "#aab4c0", graft: "#8a94a0", back: "#ffffff", accent: "#0b62c4", trail: "#d9480f" },
  dark: { text: "#e6ebf2", dim: "#9aa7b6", edge: "#4a5665", graft: "#76828f", back: "#11161d", accent: "#6db3ff", trail: "#ff9f5a" },
};
