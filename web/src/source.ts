// Where the page's data comes from: the file itself, or the server that sent it.

import { Packed, type Part } from "./packing";
import type {
  Boot, Distribution, EvaluatedSet, Facts, FileRun, Label, Nodes, Page, PackedNodes, PackedProblem, ProblemDocument,
  ProblemRow, Query, Responses, Rollout, SetProblem,
} from "./types";

export interface Source {
  readonly served: boolean;
  readonly version: string;
  readonly runs: Facts[];
  refresh(run: number): Promise<boolean>;
  problems(run: number, query: Query): Promise<Page>;
  problem(run: number, id: string): Promise<ProblemDocument>;
  has(run: number, id: string): boolean;
  rollouts(run: number, id: string, node: number): Promise<Rollout[]>;
  distributions(run: number): Promise<Distribution[]>;
  evaluations(run: number): Promise<EvaluatedSet[]>;
  setProblems(run: number, set: string): Promise<SetProblem[]>;
  responses(run: number, set: string, id: string): Promise<Responses>;
  labels(run: number): Promise<Label[]>;
  label(run: number, label: Label): Promise<void>;
}

export function openSource(): Source {
  const boot = JSON.parse(document.getElementById("boot")?.textContent ?? "null") as Boot | null;
  if (boot === null) throw new Error("the page holds no data");
  return boot.mode === "served" ? new Served(boot.version, boot.token, boot.runs) : new Embedded(boot.version, boot.runs);
}

const KEPT = 6; // documents of recently shown problems

class Served implements Source {
  readonly served = true;
  private readonly kept = new Map<string, ProblemDocument>();

  constructor(readonly version: string, private readonly token: string, readonly runs: Facts[]) {}

  async refresh(run: number): Promise<boolean> {
    const { changed, facts } = await this.get<{ changed: boolean; facts: Facts }>(run, "facts");
    const before = this.runs[run];
    this.runs[run] = facts;
    return changed || JSON.stringify(before) !== JSON.stringify(facts);
  }

  problems(run: number, query: Query): Promise<Page> {
    const asked: Record<string, string> = {};
    for (const [name, value] of Object.entries(query)) {
      if (value !== "" && value !== false) asked[name] = value === true ? "1" : String(value);
    }
    return this.get(run, "problems", asked);
  }

  async problem(run: number, id: string): Promise<ProblemDocument> {
    const key = `${run} ${id}`;
    const before = this.kept.get(key);
    if (before) return before;
    const answer = await this.ask(run, "problem", { id });
    const found = problemOf(new Packed<PackedProblem>(await answer.arrayBuffer()));
    // A problem that was searched and traced does not change any more.
    if (found.tree && found.traced) {
      this.kept.set(key, found);
      for (const old of [...this.kept.keys()].slice(0, -KEPT)) this.kept.delete(old);
    }
    return found;
  }

  has(): boolean {
    return true;
  }

  rollouts(run: number, id: string, node: number): Promise<Rollout[]> {
    return this.get(run, "rollouts", { id, node: String(node) });
  }

  distributions(run: number): Promise<Distribution[]> {
    return this.get(run, "distributions");
  }

  evaluations(run: number): Promise<EvaluatedSet[]> {
    return this.get(run, "evaluations");
  }

  setProblems(run: number, set: string): Promise<SetProblem[]> {
    return this.get(run, "set", { set });
  }

  responses(run: number, set: string, id: string): Promise<Responses> {
    return this.get(run, "responses", { set, id });
  }

  labels(run: number): Promise<Label[]> {
    return this.get(run, "labels");
  }

  async label(run: number, label: Label): Promise<void> {
    const answer = await fetch(`/api/runs/${run}/labels`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-astro-token": this.token },
      body: JSON.stringify(label),
    });
    await checked(answer);
  }

  private async get<T>(run: number, what: string, query: Record<string, string> = {}): Promise<T> {
    return (await this.ask(run, what, query)).json() as Promise<T>;
  }

  private async ask(run: number, what: string, query: Record<string, string>): Promise<globalThis.Response> {
    const text = new URLSearchParams(query).toString();
    const address = `/api/runs/${run}/${what}${text && `?${text}`}`;
    return checked(await fetch(address, { headers: { "x-astro-token": this.token } }));
  }
}

async function checked(answer: globalThis.Response): Promise<globalThis.Response> {
  if (answer.ok) return answer;
  const text = await answer.text();
  throw new Error(text.slice(0, 2000) || `the server answered ${answer.status}`);
}

function problemOf(packed: Packed<PackedProblem>): ProblemDocument {
  const { tree, ...rest } = packed.head;
  return { ...rest, tree: tree && { ...tree, nodes: nodesOf(packed, tree.nodes) } };
}

function nodesOf(packed: Packed<unknown>, columns: PackedNodes): Nodes {
  const [whole, fractions] = [(part: Part) => packed.wholeNumbers(part), (part: Part) => packed.fractions(part)];
  return {
    parent: whole(columns.parent), samples: whole(columns.samples), visits: whole(columns.visits), sampled: whole(columns.sampled),
    graded: whole(columns.graded), correct: whole(columns.correct), simulation: whole(columns.simulation),
    grafted: whole(columns.grafted), tokens: whole(columns.tokens), asked: whole(columns.asked), cached: whole(columns.cached),
    prior: fractions(columns.prior), value: fractions(columns.value), reward: fractions(columns.reward), logprob: fractions(columns.logprob),
    terminal: packed.names(columns.terminal), verdict: packed.names(columns.verdict),
    text: packed.texts(columns.text), answer: packed.texts(columns.answer), failure: packed.texts(columns.failure),
  };
}

class Embedded implements Source {
  readonly served = false;
  readonly runs: Facts[];
  private readonly rows: ProblemRow[][];
  private readonly given: Label[][];
  private readonly inflated = new Map<string, Promise<ArrayBuffer>>();
  private readonly rolled = new Map<string, Promise<Rollout[][]>>();

  constructor(readonly version: string, private readonly files: FileRun[]) {
    this.runs = files.map((file) => file.facts);
    this.rows = files.map((file) => file.rows.map((cells) => asRow(file.columns, cells)));
    this.given = files.map((file, run) => [...file.labels, ...storedLabels(this.key(run))]);
  }

  async refresh(): Promise<boolean> {
    return false;
  }

  async problems(run: number, query: Query): Promise<Page> {
    const rows = this.rows[run] ?? [];
    const marks = problemMarks(await this.labels(run));
    const found = rows.map((row) => ({ ...row, label: marks.get(row.id) ?? null })).filter((row) => matches(row, query));
    if (query.sort) found.sort(comparing(query.sort, query.descending));
    return { total: rows.length, matching: found.length, rows: found.slice(query.offset, query.offset + query.limit) };
  }

  async problem(run: number, id: string): Promise<ProblemDocument> {
    return problemOf(await this.packed(run, id));
  }

  has(run: number, id: string): boolean {
    return this.files[run]?.chunks[id] !== undefined;
  }

  async rollouts(run: number, id: string, node: number): Promise<Rollout[]> {
    const key = `${run} ${id}`;
    let found = this.rolled.get(key);
    if (!found) {
      found = this.packed(run, id).then((packed) => (packed.head.tree?.rollouts ? packed.json<Rollout[][]>(packed.head.tree.rollouts) : []));
      this.rolled.set(key, found);
    }
    return (await found)[node] ?? [];
  }

  async distributions(run: number): Promise<Distribution[]> {
    return this.files[run]?.distributions ?? [];
  }

  async evaluations(run: number): Promise<EvaluatedSet[]> {
    return this.files[run]?.evaluations ?? [];
  }

  async setProblems(run: number, set: string): Promise<SetProblem[]> {
    return this.files[run]?.sets[set] ?? [];
  }

  async responses(run: number, set: string, id: string): Promise<Responses> {
    const text = new TextDecoder().decode(await this.part(`responses-${run}`));
    const found = (JSON.parse(text || "{}") as Record<string, Record<string, Responses>>)[set]?.[id];
    if (!found) throw new Error("This file does not hold the responses to this problem; astro view shows all of them.");
    return found;
  }

  async labels(run: number): Promise<Label[]> {
    return this.given[run] ?? [];
  }

  async label(run: number, label: Label): Promise<void> {
    const labels = this.given[run];
    if (!labels) return;
    labels.push(label);
    try {
      const added = labels.slice(this.files[run]?.labels.length ?? 0);
      localStorage.setItem(this.key(run), JSON.stringify(added));
    } catch {
      // A browser may refuse storage to files; the labels then last as long as the page.
    }
  }

  private key(run: number): string {
    return `astro-labels-${this.files[run]?.facts.name ?? run}`;
  }

  private async packed(run: number, id: string): Promise<Packed<PackedProblem>> {
    const chunk = this.files[run]?.chunks[id];
    if (chunk === undefined) {
      throw new Error("This file holds a share of the run's problems, and this one is not among them; astro view shows all.");
    }
    const problems = new Packed<Record<string, Part>>(await this.part(`chunk-${run}-${chunk}`));
    const part = problems.head[id];
    if (!part) throw new Error("This file is damaged: it does not hold this problem.");
    return problems.packed(part);
  }

  /** The content of an element of the file. */
  private part(name: string): Promise<ArrayBuffer> {
    let found = this.inflated.get(name);
    if (!found) {
      found = inflate(document.getElementById(name)?.textContent ?? "");
      this.inflated.set(name, found);
    }
    return found;
  }
}

async function inflate(text: string): Promise<ArrayBuffer> {
  const packed = atob(text.trim());
  if (!packed) return new ArrayBuffer(0);
  const bytes = new Uint8Array(packed.length);
  for (let at = 0; at < packed.length; at++) bytes[at] = packed.charCodeAt(at);
  return new globalThis.Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

function asRow(columns: string[], cells: unknown[]): ProblemRow {
  return Object.fromEntries(columns.map((name, index) => [name, cells[index]])) as unknown as ProblemRow;
}

function storedLabels(key: string): Label[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(stored) ? (stored as Label[]) : [];
  } catch {
    return [];
  }
}

const WALKED = 500; // rows of one question

/** The row before (-1) or after (1) a problem, among those with traces that the source holds; null at the end of the run. */
export async function neighbour(source: Source, run: number, id: string, by: 1 | -1): Promise<ProblemRow | null> {
  let before: ProblemRow | null = null;
  let passed = false;
  for (let [offset, matching] = [0, 1]; offset < matching; offset += WALKED) {
    const page = await source.problems(run, {
      search: "", status: "", traces: "some", label: "", low: "", high: "", sort: "", descending: false, offset, limit: WALKED,
    });
    matching = page.matching;
    for (const row of page.rows) {
      if (!source.has(run, row.id)) continue;
      if (passed) return row;
      if (row.id !== id) before = row;
      else if (by < 0) return before;
      else passed = true;
    }
  }
  return null;
}

/** The labels that count: the last of each trace and visit. */
export function currentLabels(labels: Label[]): Map<string, Label> {
  const current = new Map<string, Label>();
  for (const label of labels) {
    const key = `${label.trace_id}\n${label.visit ?? ""}`;
    current.delete(key);
    if (label.mark || label.note) current.set(key, label);
  }
  return current;
}

function problemMarks(labels: Label[]): Map<string, string> {
  const rank: Record<string, number> = { note: 0, good: 1, bad: 2 };
  const marks = new Map<string, string>();
  for (const label of currentLabels(labels).values()) {
    const word = label.mark || "note";
    const before = marks.get(label.problem_id) ?? "note";
    if ((rank[word] ?? 0) >= (rank[before] ?? 0)) marks.set(label.problem_id, word);
  }
  return marks;
}

function matches(row: ProblemRow, query: Query): boolean {
  const text = `${row.id}\n${row.prompt}`.toLowerCase();
  if (query.search.toLowerCase().split(/\s+/).some((word) => word && !text.includes(word))) return false;
  if (query.status && row.status !== query.status) return false;
  if (query.traces && (row.traces > 0) !== (query.traces === "some")) return false;
  if (query.label === "any" && row.label === null) return false;
  if (query.label === "none" && row.label !== null) return false;
  if (query.label && query.label !== "any" && query.label !== "none" && row.label !== query.label) return false;
  if (query.low !== "" && !(row.pass_rate !== null && row.pass_rate >= Number(query.low))) return false;
  return query.high === "" || (row.pass_rate !== null && row.pass_rate <= Number(query.high));
}

function comparing(column: keyof ProblemRow, descending: boolean): (left: ProblemRow, right: ProblemRow) => number {
  return (left, right) => {
    const [one, other] = [left[column], right[column]];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    const order = one < other ? -1 : one > other ? 1 : 0;
    return descending ? -order : order;
  };
}
