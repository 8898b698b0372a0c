// A trace: its visits numbered on the tree, and beside it the original steps and the rewritten text, visit by visit.

import { type ArrayChange, diffArrays } from "diff";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Children } from "../children";
import { Drawing } from "../drawing";
import { Dialog, Verdict, Waiting, counted, number } from "../parts";
import { simulations, stored } from "../replay";
import { currentLabels, neighbour } from "../source";
import { type Address, go, useKeys, useLoaded, useShared } from "../state";
import { Line, type Piece, Pieces, Rich, pieces, visible } from "../text";
import type { Label, ProblemDocument, Reject, Rewrite, Trace, TreeDocument, Visit } from "../types";
import { Head } from "./tree";

export function TraceView({ run, address }: { run: number; address: Address }) {
  const { source, version } = useShared();
  const id = address.params["id"] ?? "";
  const found = useLoaded(() => source.problem(run, id), [source, run, id, version]);
  return (
    <Waiting of={found}>
      {(document) => (
        <>
          <Head run={run} document={document} here="trace" />
          <Traces run={run} document={document} address={address} />
        </>
      )}
    </Waiting>
  );
}

const LONGEST_DIFF = 4_000; // characters; comparing longer texts would hold up the page

function Traces({ run, document, address }: { run: number; document: ProblemDocument; address: Address }) {
  const { source, announce } = useShared();
  const { traces, tree, problem } = document;
  const index = Math.max(0, Math.min(traces.length - 1, Number(address.params["trace"] ?? firstThatGoesBack(traces)) || 0));
  const trace = traces[index];
  const count = trace?.visits.length ?? 0;
  const visit = Math.max(0, Math.min(count - 1, Number(address.params["visit"] ?? 0) || 0));
  const [labelled, setLabelled] = useState(0);
  const labels = useLoaded(async () => currentLabels(await source.labels(run)), [source, run, labelled]);
  const [noting, setNoting] = useState<{ visit: number | null } | null>(null);
  const put = (values: Record<string, number>) => go("trace", { run, id: problem.id, trace: index, visit, ...values }, true);
  const step = (by: number) => {
    const to = Math.max(0, Math.min(count - 1, visit + by));
    put({ visit: to });
    const [node, move, thought] = trace?.visits[to] ?? [0, "", ""];
    announce(`Visit ${to + 1} of ${count}, ${move}, node ${node}: ${thought.slice(0, 300)}`);
  };
  const turn = async (by: 1 | -1) => {
    const to = index + by;
    if (to >= 0 && to < traces.length) return put({ trace: to, visit: 0 });
    const row = await neighbour(source, run, problem.id, by);
    if (row) go("trace", { run, id: row.id, trace: by > 0 ? 0 : row.traces - 1 }, true);
    announce(row ? `Problem ${row.id}` : `The ${by > 0 ? "last" : "first"} trace of the run`);
  };
  const give = async (at: number | null, mark: Label["mark"], note?: string) => {
    if (!trace) return;
    const before = labels.value?.get(`${trace.id}\n${at ?? ""}`);
    await source.label(run, {
      problem_id: problem.id, trace_id: trace.id, visit: at, mark, note: note ?? before?.note ?? "", time: Date.now() / 1000,
    });
    setLabelled(labelled + 1);
    announce(`${at === null ? "Trace" : `Visit ${at + 1}`} ${mark ? `labelled ${mark}` : note ? "noted" : "no longer labelled"}`);
  };
  useKeys({
    j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    "]": () => void turn(1), "[": () => void turn(-1),
    g: () => give(null, "good"), b: () => give(null, "bad"), u: () => give(null, "", ""), n: () => setNoting({ visit: null }),
    G: () => give(visit, "good"), B: () => give(visit, "bad"), U: () => give(visit, "", ""), N: () => setNoting({ visit }),
  });
  return (
    <>
      {trace ? (
        <>
          <Tabs traces={traces} chosen={index} labels={labels.value} onChoose={(to) => put({ trace: to, visit: 0 })} />
          <TraceHead trace={trace} label={labels.value?.get(`${trace.id}\n`)} onGive={(mark) => void give(null, mark)} onNote={() => setNoting({ visit: null })} />
          <div class="trace">
            {tree && <TraceTree tree={tree} trace={trace} visit={visit} title={problem.id} onVisit={(to) => put({ visit: to })} />}
            <Visits trace={trace} tree={tree} rewrites={document.rewrites} visit={visit} labels={labels.value} onVisit={(to) => put({ visit: to })} onGive={give} onNote={(at) => setNoting({ visit: at })} />
          </div>
        </>
      ) : (
        <p class="dim">{document.traced ? "This problem has no trace." : "The traces of this problem are not made yet."}</p>
      )}
      <Rejects rejects={document.rejects} counts={document.counts} />
      <NoteDialog
        open={noting !== null} what={noting?.visit === null || noting === null ? "the trace" : `visit ${noting.visit + 1}`}
        before={(trace && labels.value?.get(`${trace.id}\n${noting?.visit ?? ""}`)?.note) ?? ""}
        onClose={() => setNoting(null)}
        onSave={(note) => {
          const at = noting?.visit ?? null;
          void give(at, (trace && labels.value?.get(`${trace.id}\n${at ?? ""}`)?.mark) ?? "", note);
          setNoting(null);
        }}
      />
    </>
  );
}

function firstThatGoesBack(traces: Trace[]): number {
  return Math.max(0, traces.findIndex((trace) => trace.backtracks > 0));
}

function Tabs({ traces, chosen, labels, onChoose }: { traces: Trace[]; chosen: number; labels: Map<string, Label> | null; onChoose: (index: number) => void }) {
  return (
    <nav class="tabs" aria-label="Traces">
      {traces.map((trace, index) => {
        const mark = labels?.get(`${trace.id}\n`)?.mark;
        return (
          <button aria-current={index === chosen ? "true" : undefined} onClick={() => onChoose(index)}>
            {index + 1}. {trace.kind}
            <span class="dim"> {trace.backtracks ? `${trace.backtracks} ↩` : ""}</span>
            {mark && <span class={`mark ${mark}`}>{mark}</span>}
          </button>
        );
      })}
    </nav>
  );
}

function TraceHead({ trace, label, onGive, onNote }: { trace: Trace; label: Label | undefined; onGive: (mark: Label["mark"]) => void; onNote: () => void }) {
  return (
    <div class="trace-head">
      <p class="facts">
        <Verdict verdict={trace.verdict} />
        <span>{trace.answer !== null && <>reads <b><Line text={trace.answer} most={60} /></b>, </>}{visible(trace.reason)}</span>
        <span>{number(trace.steps)} steps, {counted(trace.backtracks, "way back", "ways back")}, {number(trace.completion_tokens)} tokens</span>
        {trace.checked > 0 && (
          <span>
            {number(trace.checked)} visits rewritten: {number(trace.first_try)} at the first try, {number(trace.retries)} retries, {number(trace.fallbacks)} kept
          </span>
        )}
        <span class="dim"><Line text={trace.prompts} most={40} /></span>
      </p>
      <div class="label" role="group" aria-label="Label of the trace">
        <button aria-pressed={label?.mark === "good"} onClick={() => onGive(label?.mark === "good" ? "" : "good")}>Good <kbd>g</kbd></button>
        <button aria-pressed={label?.mark === "bad"} onClick={() => onGive(label?.mark === "bad" ? "" : "bad")}>Bad <kbd>b</kbd></button>
        <button onClick={onNote}>Note <kbd>n</kbd></button>
        {label?.note && <q><Line text={label.note} most={120} /></q>}
      </div>
    </div>
  );
}

function TraceTree({ tree, trace, visit, title, onVisit }: { tree: TreeDocument; trace: Trace; visit: number; title: string; onVisit: (visit: number) => void }) {
  const { nodes } = tree;
  const children = useMemo(() => new Children(nodes.parent), [nodes]);
  const last = useMemo(() => simulations(nodes), [nodes]);
  const moment = useMemo(() => stored(nodes), [nodes]);
  const trail = useMemo(() => new Set(trace.visits.map(([node]) => node)), [trace]);
  const folded = useMemo(() => offTrail(children, trail), [children, trail]);
  const numbers = useMemo(() => visitNumbers(trace.visits), [trace]);
  return (
    <div class="stage">
      <Drawing
        nodes={nodes} children={children} moment={moment} simulation={last} last={last} colourBy="value" chosen={trace.visits[visit]?.[0] ?? 0} title={title}
        folded={folded} visits={numbers} trail={trail} label={`The visits of the trace on the tree of ${title}`}
        onChoose={(node) => {
          const found = trace.visits.findIndex(([at]) => at === node);
          if (found >= 0) onVisit(found);
        }}
      />
    </div>
  );
}

/** The nodes whose subtrees a trace never enters. */
function offTrail(children: Children, trail: ReadonlySet<number>): ReadonlySet<number> {
  const off = new Set<number>();
  for (let node = 1; node < children.nodes; node++) if (children.count(node) && !trail.has(node)) off.add(node);
  return off;
}

/** The numbers of the visits to each node, from 1: steps first, then returns. */
function visitNumbers(visits: Visit[]): Map<number, string> {
  const found = new Map<number, number[]>();
  visits.forEach(([node, move], index) => {
    if (move !== "reflect") found.set(node, [...(found.get(node) ?? []), index + 1]);
  });
  return new Map([...found].map(([node, numbers]) => [node, numbers.length > 3 ? `${numbers.slice(0, 3).join(", ")}…` : numbers.join(", ")]));
}

const TOP_BAR = 60; // pixels

const MOVES: Record<string, [sign: string, name: string]> = {
  advance: ["→", "step"], backtrack: ["↩", "way back"], reflect: ["?", "reflection"], conclude: ["✓", "conclusion"],
};

interface VisitList {
  trace: Trace;
  tree: TreeDocument | null;
  rewrites: Rewrite[];
  visit: number;
  labels: Map<string, Label> | null;
  onVisit: (visit: number) => void;
  onGive: (visit: number, mark: Label["mark"]) => Promise<void>;
  onNote: (visit: number) => void;
}

function Visits({ trace, tree, rewrites, visit, labels, onVisit, onGive, onNote }: VisitList) {
  const list = useRef<HTMLOListElement>(null);
  const before = useRef(visit);
  useEffect(() => {
    const stepped = before.current !== visit;
    before.current = visit;
    const [box, chosen] = [list.current, list.current?.children[visit] as HTMLElement | undefined];
    if (!box || !chosen) return;
    const [top, bottom] = [chosen.offsetTop, chosen.offsetTop + chosen.offsetHeight];
    if (top < box.scrollTop) box.scrollTop = top;
    else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
    // The page scrolls only if a step led below the window: a long problem moves the list down.
    const below = chosen.getBoundingClientRect().bottom - innerHeight;
    if (stepped && below > 0) scrollBy(0, Math.min(below + 8, chosen.getBoundingClientRect().top - TOP_BAR));
  }, [visit, trace]);
  return (
    <ol class="visits" ref={list} aria-label="Visits" tabIndex={0}>
      {trace.visits.map(([node, move, thought], index) => {
        const doubt = move === "reflect" && trace.visits[index + 1]?.[1] === "backtrack";
        const [sign, name] = MOVES[move] ?? ["·", move];
        const label = labels?.get(`${trace.id}\n${index}`);
        const failed = rewrites.filter((rewrite) => rewrite.trace_id === trace.id && rewrite.visit === index);
        const original = move === "advance" || move === "conclude" ? (tree?.nodes.text.at(node) ?? "").trim() : null;
        return (
          <li key={`${trace.id} ${index}`} class={`visit ${move} ${doubt ? "doubt" : ""} ${index === visit ? "chosen" : ""}`} aria-current={index === visit ? "step" : undefined} onClick={() => onVisit(index)}>
            <div class="visit-head">
              <span class="visit-number">{index + 1}</span>
              <span><span aria-hidden="true">{sign}</span> {doubt ? "doubt" : name}</span>
              <span class="dim">node {node}</span>
              {original !== null && original === thought.trim() && thought.trim() && <span class="tag">as sampled</span>}
              {failed.length > 0 && <span class="tag bad">{failed.length} failed</span>}
              {label?.mark && <span class={`mark ${label.mark}`}>{label.mark}</span>}
              {label?.note && <q class="dim"><Line text={label.note} most={60} /></q>}
              {index === visit && (
                <span class="visit-tools">
                  <button aria-pressed={label?.mark === "good"} onClick={() => void onGive(index, label?.mark === "good" ? "" : "good")}>Good <kbd>G</kbd></button>
                  <button aria-pressed={label?.mark === "bad"} onClick={() => void onGive(index, label?.mark === "bad" ? "" : "bad")}>Bad <kbd>B</kbd></button>
                  <button onClick={() => onNote(index)}>Note <kbd>N</kbd></button>
                </span>
              )}
            </div>
            <div class={`sides ${original === null ? "one" : ""}`}>
              {original !== null && <div class="original"><Original original={original} thought={thought} /></div>}
              <div class="thought"><Thought original={original} thought={thought} /></div>
            </div>
            {index === visit && failed.map((rewrite) => <Failed rewrite={rewrite} />)}
          </li>
        );
      })}
    </ol>
  );
}

/** A reply that a fidelity check refused, with what the check found. */
function Failed({ rewrite }: { rewrite: Rewrite }) {
  return (
    <details class="failed">
      <summary><Verdict verdict="incorrect">try {rewrite.attempt + 1}: {visible(rewrite.reason.replaceAll("_", " "))}</Verdict> <span class="dim"><Line text={rewrite.detail} /></span></summary>
      <Rich text={rewrite.text} />
    </details>
  );
}

/** The step as it was sampled, with what the rewrite left out struck. */
function Original({ original, thought }: { original: string; thought: string }) {
  if (!comparable(original, thought)) return <Rich text={original} />;
  return <Compared parts={compare(original, thought).filter((part) => !part.added)} />;
}

/** The text of the trace, with what the rewrite added marked. */
function Thought({ original, thought }: { original: string | null; thought: string }) {
  if (!thought.trim()) return <p class="dim">no text</p>;
  if (original === null || !comparable(original, thought)) return <Rich text={thought.trim()} />;
  return <Compared parts={compare(original, thought).filter((part) => !part.removed)} />;
}

function Compared({ parts }: { parts: ArrayChange<Piece>[] }) {
  return (
    <div class="rich compared" dir="auto">
      {parts.map(({ value, added, removed }) => {
        const text = <Pieces parts={joined(value)} />;
        return added ? <ins>{text}</ins> : removed ? <del>{text}</del> : text;
      })}
    </div>
  );
}

function comparable(original: string, thought: string): boolean {
  return original.length + thought.length < LONGEST_DIFF && original !== thought.trim();
}

function compare(original: string, thought: string): ArrayChange<Piece>[] {
  const same = (one: Piece, other: Piece) => one.kind === other.kind && one.text.trim() === other.text.trim();
  return diffArrays(words(original), words(thought.trim()), { comparator: same });
}

/** The text by words and signs, with whole formulas and code: a difference never cuts one of these. */
function words(text: string): Piece[] {
  return pieces(text).flatMap((piece) => {
    if (piece.kind !== "text") return [piece];
    return Array.from(piece.text.matchAll(/[\p{L}\p{M}\p{N}]+\s*|[^\s\p{L}\p{M}\p{N}]\s*|\s+/gu), ([word]): Piece => ({ kind: "text", text: word }));
  });
}

/** Adjacent words as one text. */
function joined(found: Piece[]): Piece[] {
  const kept: Piece[] = [];
  for (const piece of found) {
    const before = kept[kept.length - 1];
    if (before?.kind === "text" && piece.kind === "text") kept[kept.length - 1] = { kind: "text", text: before.text + piece.text };
    else kept.push(piece);
  }
  return kept;
}

function Rejects({ rejects, counts }: { rejects: Reject[]; counts: Record<string, number> }) {
  const unused = Object.entries(counts).filter(([name, count]) => count && /^(unused|faults)\./.test(name));
  if (!rejects.length && !unused.length) return null;
  return (
    <section aria-labelledby="rejects" class="rejects">
      <h3 id="rejects">Not used</h3>
      {unused.length > 0 && <p class="facts">{unused.map(([name, count]) => <span>{count} × {name.replace(".", ": ").replaceAll("_", " ")}</span>)}</p>}
      {rejects.map((reject) => (
        <details>
          <summary><Verdict verdict="incorrect">{visible(reject.reason)}</Verdict> <span class="dim">{reject.kind}{reject.detail && <>: <Line text={reject.detail} /></>}</span></summary>
          <Rich text={reject.text} />
        </details>
      ))}
    </section>
  );
}

function NoteDialog({ open, what, before, onClose, onSave }: { open: boolean; what: string; before: string; onClose: () => void; onSave: (note: string) => void }) {
  const text = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (open) text.current?.focus();
  }, [open]);
  return (
    <Dialog title={`Note on ${what}`} open={open} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSave(text.current?.value ?? "");
        }}
      >
        <textarea
          ref={text} rows={4} maxLength={10000} aria-label="Note" defaultValue={before}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey) {
              event.preventDefault();
              onSave(event.currentTarget.value);
            }
          }}
        />
        <button type="submit">Save <kbd>Enter</kbd></button>
      </form>
    </Dialog>
  );
}
