// Text of a model, of a problem or of a person: hostile until shown. It only ever becomes text nodes, and formulas that
// KaTeX builds as nodes without trust.

import katex from "katex";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

const FIRST = 6_000; // characters shown at first
const MORE = 100_000; // characters that each "more" adds
const LONGEST_FORMULA = 1_500; // characters
const MOST_FORMULAS = 120; // of one text
const HIDDEN = /[\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u0000-\u0008\u000b-\u001f\u007f-\u009f]/gu;

/** The text in pieces, in which each invisible or directional character is replaced by its number. */
export function visible(text: string): ComponentChildren {
  HIDDEN.lastIndex = 0;
  if (!HIDDEN.test(text)) return text;
  HIDDEN.lastIndex = 0;
  const parts: ComponentChildren[] = [];
  let end = 0;
  for (const match of text.matchAll(HIDDEN)) {
    parts.push(text.slice(end, match.index));
    const code = (match[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    parts.push(<span class="hidden-character">U+{code}</span>);
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}

export type Piece = { kind: "text" | "strong" | "code" | "fence" | "inline" | "display"; text: string };

// In order: a code fence, code in a line, formulas in displays, formulas in lines, bold text and headings.
const PIECES = new RegExp(
  [
    "```[^\\n`]*\\n([\\s\\S]*?)(?:```|$)",
    "`([^`\\n]{1,400})`",
    "\\$\\$([\\s\\S]{1,1500}?)\\$\\$",
    "\\\\\\[([\\s\\S]{1,1500}?)\\\\\\]",
    "(\\\\begin\\{(align\\*?|aligned|equation\\*?|gather\\*?|cases|[pbv]?matrix|array)\\}[\\s\\S]{1,1500}?\\\\end\\{\\6\\})",
    "\\\\\\(([\\s\\S]{1,800}?)\\\\\\)",
    "\\$(?![\\s\\d.,]*(?:\\s|$))((?:[^$\\\\\\n]|\\\\.){1,600}?)(?<!\\s)\\$(?!\\d)",
    "(\\\\boxed\\{(?:[^{}\\n]|\\{(?:[^{}\\n]|\\{[^{}\\n]{0,200}\\}){0,200}\\}){0,300}\\})",
    "((?<![\\w*])\\*\\*(?=\\S)[^*\\n$\\\\]{1,300}?(?<=\\S)\\*\\*|(?<![^\\n])#{1,4} [^\\n$\\\\]{1,300}(?![^\\n]))",
  ].join("|"),
  "g",
);

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let [end, formulas] = [0, 0];
  for (const match of text.matchAll(PIECES)) {
    const [whole, fence, code, display, bracket, environment, , round, dollar, boxed, strong] = match;
    const formula = display ?? bracket ?? environment ?? round ?? dollar ?? boxed;
    if (formula !== undefined && ++formulas > MOST_FORMULAS) break;
    const block = fence ?? display ?? bracket ?? environment;
    const between = text.slice(end, match.index);
    // A block has lines of its own: the breaks and the indentation around it would be empty lines.
    const before = block === undefined ? between : between.replace(/\n?[ \t]*$/, "");
    if (before) found.push({ kind: "text", text: before });
    if (fence !== undefined) found.push({ kind: "fence", text: fence });
    else if (strong !== undefined) found.push({ kind: "strong", text: strong });
    else if (code !== undefined) found.push({ kind: "code", text: code });
    else if (block !== undefined) found.push({ kind: "display", text: block.replace(/\{align\*?\}/g, "{aligned}") });
    else found.push({ kind: "inline", text: formula ?? whole });
    end = match.index + whole.length;
    if (block !== undefined) end += /^[ \t]*\n?/.exec(text.slice(end, end + 200))?.[0].length ?? 0;
  }
  if (end < text.length) found.push({ kind: "text", text: text.slice(end) });
  return found;
}

export function Formula({ text, display }: { text: string; display: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  const [failed, setFailed] = useState(text.length > LONGEST_FORMULA);
  useEffect(() => {
    if (failed || !place.current) return;
    try {
      katex.render(text, place.current, { displayMode: display, throwOnError: true, trust: false, strict: "ignore", maxExpand: 200, maxSize: 20 });
    } catch {
      setFailed(true);
    }
  }, [text, display, failed]);
  if (failed) return <code>{visible(text)}</code>;
  return <span key={text} ref={place} class={display ? "display-formula" : "formula"} />;
}

export function Pieces({ parts }: { parts: Piece[] }) {
  return (
    <>
      {parts.map((piece) => {
        if (piece.kind === "text") return <span>{visible(piece.text)}</span>;
        if (piece.kind === "strong") return <strong>{visible(piece.text)}</strong>;
        if (piece.kind === "fence") return <pre tabIndex={0}>{visible(piece.text)}</pre>;
        if (piece.kind === "code") return <code>{visible(piece.text)}</code>;
        return <Formula text={piece.text} display={piece.kind === "display"} />;
      })}
    </>
  );
}

/** A text of any length, with formulas and code set as such. */
export function Rich({ text, plain = false }: { text: string; plain?: boolean }) {
  const [shown, setShown] = useState(FIRST);
  useEffect(() => setShown(FIRST), [text]);
  const cut = text.slice(0, shown);
  const parts = plain || shown > FIRST ? [{ kind: "text", text: cut } as Piece] : pieces(cut);
  return (
    <div class="rich" dir="auto">
      <Pieces parts={parts} />
      {text.length > shown && (
        <button class="more" onClick={() => setShown(shown + MORE)}>
          {(text.length - shown).toLocaleString("en")} more characters
        </button>
      )}
    </div>
  );
}

/** A text in one line, cut. */
export function Line({ text, most = 160 }: { text: string; most?: number }) {
  const line = text.slice(0, most * 2).replace(/\s+/g, " ").trim();
  return <bdi>{visible(line.length > most ? `${line.slice(0, most - 1)}…` : line)}</bdi>;
}
