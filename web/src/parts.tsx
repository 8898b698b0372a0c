// Small parts that several views show.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Loaded } from "./state";
import { visible } from "./text";

export const VERDICT_SIGNS: Record<string, string> = {
  correct: "✓", incorrect: "✗", unanswered: "–", malformed: "?", timed_out: "⏱", error: "!",
  solved: "✓", unsolved: "✗", failed: "!", "not searched": "·",
};

export function Verdict({ verdict, children }: { verdict: string; children?: ComponentChildren }) {
  return (
    <span class={`verdict ${verdict.replace(/\W/g, "-")}`}>
      <span aria-hidden="true">{VERDICT_SIGNS[verdict] ?? "·"}</span> {children ?? verdict.replace("_", " ")}
    </span>
  );
}

export function number(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function counted(count: number, one: string, several: string): string {
  return `${number(count)} ${count === 1 ? one : several}`;
}

export function percent(share: number | null | undefined, digits = 0): string {
  return share === null || share === undefined ? "–" : `${number(100 * share, digits)} %`;
}

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 60) return `${number(seconds, 1)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A share with its interval, as a bar with a whisker and in words. */
export function Interval({ share, low, high, label }: { share: number; low: number; high: number; label: string }) {
  return (
    <span class="interval" title={label}>
      <svg viewBox="0 0 60 10" width="60" height="10" aria-hidden="true">
        <line x1="0" y1="5" x2="60" y2="5" class="axis" />
        <line x1={60 * low} y1="5" x2={60 * high} y2="5" class="whisker" />
        <circle cx={60 * share} cy="5" r="3" class="dot" />
      </svg>
      <span>{label}</span>
    </span>
  );
}

export function Waiting<T>({ of, children }: { of: Loaded<T>; children: (value: T) => ComponentChildren }) {
  if (of.error !== null) return <p class="fault" role="alert">{visible(of.error)}</p>;
  if (of.value === null) return <p class="dim" aria-live="polite">Reading…</p>;
  return <>{children(of.value)}</>;
}

/** Bars with their counts; also a table for those who cannot see them. */
export function Bars({ title, bars, wide = false, summed = true }: { title: string; bars: [string, number][]; wide?: boolean; summed?: boolean }) {
  const most = Math.max(1, ...bars.map(([, count]) => count));
  const total = bars.reduce((sum, [, count]) => sum + count, 0);
  const upright = !wide && bars.length > 7;
  const [over, setOver] = useState<number | null>(null);
  const shown = over === null ? null : bars[over];
  return (
    <figure class={`bars ${upright ? "upright" : "lying"}`}>
      <figcaption>
        {title} <span class="dim">{shown ? `${shown[0]}: ${number(shown[1])} (${percent(shown[1] / Math.max(1, total), 1)})` : summed ? number(total) : ""}</span>
      </figcaption>
      {upright ? (
        <svg viewBox={`0 0 ${bars.length * 10} 60`} preserveAspectRatio="none" role="img" aria-label={`${title}: ${describe(bars)}`}>
          {bars.map(([, count], index) => (
            <g onMouseEnter={() => setOver(index)} onMouseLeave={() => setOver(null)}>
              <rect x={index * 10} y="0" width="10" height="60" class="ground" />
              <rect x={index * 10 + 0.75} y={60 - (58 * count) / most} width="8.5" height={(58 * count) / most} class="bar" />
            </g>
          ))}
        </svg>
      ) : (
        <dl>
          {bars.map(([name, count]) => (
            <div>
              <dt>{visible(name.replaceAll("_", " "))}</dt>
              <dd>
                <span class="bar" style={{ width: `${(100 * count) / most}%` }} aria-hidden="true" />
                <span class="count">{number(count)}</span>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {upright && (
        <div class="ends" aria-hidden="true">
          <span>{bars[0]?.[0]}</span>
          <span>{bars[bars.length - 1]?.[0]}</span>
        </div>
      )}
    </figure>
  );
}

function describe(bars: [string, number][]): string {
  return bars.filter(([, count]) => count).map(([name, count]) => `${name}: ${count}`).join(", ");
}

/** A dialog that closes by Escape, by its button and by a click beside it. */
export function Dialog({ title, open, onClose, children }: { title: string; open: boolean; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open && dialog.current?.open) dialog.current.close();
  }, [open]);
  return (
    <dialog ref={dialog} onClose={onClose} onClick={(event) => event.target === dialog.current && onClose()} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <button onClick={onClose}>Close</button>
      </header>
      {open && children}
    </dialog>
  );
}
