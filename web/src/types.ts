// What the Python side sends: astro/viewer/{facts,listing,documents,responses,labels}.py.

import type { Names, PackedNames, PackedTexts, Part, Texts } from "./packing";

export interface Facts {
  name: string;
  finished: { trees: boolean; traces: boolean };
  problems: number;
  trees: number;
  solved: number;
  failed: number;
  stops: Record<string, number>;
  traces: Record<string, number>;
  backtracking: number;
  verdicts: Record<string, number>;
  rejected_rows: Record<string, number>;
  removed: Record<string, Record<string, number>>;
  rejects: Record<string, number>;
  counts: Record<string, number>;
  costs: StageCost[];
  seconds: number;
  lineage: Lineage;
}

export interface StageCost {
  stage: string;
  calls: number;
  prompt_tokens: number;
  cached_tokens: number;
  generated_tokens: number;
  seconds: number;
}

export interface Lineage {
  model: string | null;
  engine: string | null;
  source: unknown;
  seed: number | null;
  trees_of: string[];
  datasets: Record<string, number>;
  checkpoints: { name: string; model: string; data: string }[];
  settings: Record<string, unknown>;
}

export interface ProblemRow {
  id: string;
  prompt: string;
  task: string;
  status: string;
  stop: string | null;
  nodes: number | null;
  simulations: number | null;
  value: number | null;
  pass_rate: number | null;
  graded: number | null;
  correct: number | null;
  traces: number;
  backtracks: number;
  rejects: number;
  tokens: number;
  seconds: number;
  label: string | null;
}

export interface Query {
  search: string;
  status: string;
  traces: string;
  label: string;
  low: string;
  high: string;
  sort: keyof ProblemRow | "";
  descending: boolean;
  offset: number;
  limit: number;
}

export interface Page {
  total: number;
  matching: number;
  rows: ProblemRow[];
}

export interface Distribution {
  title: string;
  bars: [string, number][];
}

export type Rollout = [text: string, tokens: number, outcome: string, answer: string | null, canonical: string | null, reason: string];

/** The columns of a tree. A fraction that does not exist is NaN. */
export interface Nodes {
  parent: Int32Array;
  samples: Int32Array;
  visits: Int32Array;
  sampled: Int32Array;
  graded: Int32Array;
  correct: Int32Array;
  simulation: Int32Array;
  grafted: Int32Array;
  tokens: Int32Array;
  /** Prompt tokens of the requests that continued the node, and those of them that came from the cache. */
  asked: Int32Array;
  cached: Int32Array;
  prior: Float32Array;
  value: Float32Array;
  reward: Float32Array;
  logprob: Float32Array;
  terminal: Names;
  verdict: Names;
  text: Texts;
  answer: Texts;
  failure: Texts;
}

export interface Selection {
  kind: string;
  c: number;
  /** Leaves chosen together. */
  leaves: number;
}

export interface TreeDocument {
  seed: number;
  stop: string | null;
  strategy: string;
  calls: number;
  prompt_tokens: number;
  generated_tokens: number;
  /** Tokens of the prompt. */
  prompt_length: number;
  cached_tokens: number | null;
  seconds: number | null;
  selection: Selection | null;
  nodes: Nodes;
}

export type Visit = [node: number, move: string, thought: string];

export interface Trace {
  id: string;
  kind: string;
  visits: Visit[];
  verdict: string;
  answer: string | null;
  reason: string;
  backtracks: number;
  steps: number;
  checked: number;
  first_try: number;
  retries: number;
  fallbacks: number;
  completion_tokens: number;
  prompts: string;
  origin: string;
}

export interface Reject {
  id: string;
  kind: string;
  reason: string;
  detail: string;
  text: string;
}

/** A reply of the rewriter that failed a check. */
export interface Rewrite {
  trace_id: string;
  visit: number;
  attempt: number;
  reason: string;
  detail: string;
  text: string;
}

export interface Problem {
  id: string;
  prompt: string;
  answer: string;
  task: string;
  source: string;
}

export interface ProblemDocument {
  problem: Problem;
  tree: TreeDocument | null;
  traced: boolean;
  traces: Trace[];
  rejects: Reject[];
  rewrites: Rewrite[];
  counts: Record<string, number>;
}

/** A problem as it comes: the columns of its tree are parts of the packed document. */
export interface PackedProblem extends Omit<ProblemDocument, "tree"> {
  tree: (Omit<TreeDocument, "nodes"> & { nodes: PackedNodes; rollouts?: Part }) | null;
}

type Kept<Column> = Column extends Names ? PackedNames : Column extends Texts ? PackedTexts : Part;

export type PackedNodes = { [Name in keyof Nodes]: Kept<Nodes[Name]> };

export interface EvaluatedModel {
  model: string;
  name: string;
  problems: number;
  samples: number;
  figures: Record<string, [number, number | null, number | null]>;
  curve: [number, number][];
}

export interface EvaluatedSet {
  set: string;
  models: EvaluatedModel[];
}

export interface SetProblem {
  id: string;
  group: string;
  models: Record<string, [right: number, responses: number, backtracks: number]>;
}

export interface Response {
  sample: number;
  tokens: number;
  outcome: string;
  answer: string | null;
  correct: boolean;
  first_correct: boolean;
  backtracks: number;
  finish_reason: string;
  pieces: [kind: string, text: string][];
}

export interface Responses {
  problem: Problem | null;
  set: string;
  models: { model: string; responses: Response[] }[];
}

export interface Label {
  problem_id: string;
  trace_id: string;
  visit: number | null;
  mark: "" | "good" | "bad";
  note: string;
  time: number;
}

export interface FileRun {
  facts: Facts;
  columns: string[];
  rows: unknown[][];
  distributions: Distribution[];
  evaluations: EvaluatedSet[];
  labels: Label[];
  chunks: Record<string, number>;
  sets: Record<string, SetProblem[]>;
}

export type Boot =
  | { mode: "served"; version: string; token: string; runs: Facts[] }
  | { mode: "file"; version: string; runs: FileRun[] };
