// Comparisons: two runs on one problem, the responses of several models to one problem, accuracy against tokens.

import { useEffect, useMemo, useState } from "preact/hooks";
import { Children } from "../children";
import { Drawing } from "../drawing";
import { Interval, Verdict, Waiting, counted, number, percent } from "../parts";
import { simulations, stored } from "../replay";
import { type Address, go, useLoaded, useShared } from "../state";
import { Line, Rich, visible } from "../text";
import type { EvaluatedModel, EvaluatedSet, ProblemDocument, Response, SetProblem } from "../types";

export function CompareView({ run, address }: { run: number; address: Address }) {
  const { source, version } = useShared();
  const sets = useLoaded(() => source.evaluations(run), [source, run, version]);
  return (
    <div class="compare">
      <TwoRuns run={run} address={address} />
      <Waiting of={sets}>
        {(found) => (found.length ? <Models run={run} sets={found} address={address} /> : <p class="dim">No model of this run was evaluated. <code>astro eval</code> and a section <code>evaluation</code> do that.</p>)}
      </Waiting>
    </div>
  );
}

function TwoRuns({ run, address }: { run: number; address: Address }) {
  const { source } = useShared();
  const other = Number(address.params["other"] ?? (run === 0 ? 1 : 0));
  const [search, setSearch] = useState("");
  const query = { ...EVERYTHING, search };
  const ours = useLoaded(() => source.problems(run, query), [source, run, search]);
  const theirs = useLoaded(() => (source.runs.length > 1 ? source.problems(other, query) : Promise.resolve(NONE)), [source, other, search]);
  const shared = useMemo(() => {
    const there = new Map(theirs.value?.rows.map((row) => [row.id, row]));
    return (ours.value?.rows ?? []).flatMap((row) => {
      const match = there.get(row.id);
      return match && source.has(run, row.id) && source.has(other, row.id) ? [{ ours: row, theirs: match }] : [];
    });
  }, [ours.value, theirs.value]);
  if (source.runs.length < 2) {
    return <p class="dim">To compare two runs problem by problem, open both: <code>astro view RUN OTHER</code>, or <code>astro inspect RUN --html FILE --with OTHER</code>.</p>;
  }
  const id = address.params["id"] || (shared.find((pair) => pair.ours.status !== pair.theirs.status) ?? shared[0])?.ours.id || "";
  const put = (values: Record<string, string | number>) => go("compare", { ...address.params, run, other, id, ...values }, true);
  return (
    <section aria-labelledby="two-runs">
      <h2 id="two-runs">Two runs on one problem</h2>
      <div class="filters">
        <label>
          With
          <select value={String(other)} onChange={(event) => put({ other: event.currentTarget.value })}>
            {source.runs.map((facts, index) => index !== run && <option value={String(index)}>{facts.name}</option>)}
          </select>
        </label>
        <label>
          Search
          <input type="search" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
        </label>
        <label>
          Problem
          <select value={id} onChange={(event) => put({ id: event.currentTarget.value })}>
            {shared.map(({ ours: mine, theirs: yours }) => (
              <option value={mine.id}>{mine.id}{mine.status === yours.status ? "" : ` (${mine.status}, ${yours.status})`}</option>
            ))}
          </select>
        </label>
      </div>
      {shared.length ? (
        <div class="pair">
          {[run, other].map((each) => <Side key={`${each} ${id}`} run={each} id={id} />)}
        </div>
      ) : (
        <p class="dim">The two runs have no problem in common.</p>
      )}
    </section>
  );
}

const EVERYTHING = { search: "", status: "", traces: "", label: "", low: "", high: "", sort: "", descending: false, offset: 0, limit: 500 } as const;

const NONE = { total: 0, matching: 0, rows: [] };

function Side({ run, id }: { run: number; id: string }) {
  const { source } = useShared();
  const found = useLoaded(() => source.problem(run, id), [source, run, id]);
  return (
    <article>
      <h3>{source.runs[run]?.name}</h3>
      <Waiting of={found}>{(document) => <SideOf document={document} />}</Waiting>
    </article>
  );
}

function SideOf({ document }: { document: ProblemDocument }) {
  const { tree, traces } = document;
  const [chosen, setChosen] = useState(0);
  const children = useMemo(() => tree && new Children(tree.nodes.parent), [tree]);
  const moment = useMemo(() => tree && stored(tree.nodes), [tree]);
  const folded = useMemo(() => new Set<number>(), [tree]);
  if (!tree || !children || !moment) return <p class="dim">not searched</p>;
  const last = simulations(tree.nodes);
  const best = traces.find((trace) => trace.kind === "search") ?? traces[0];
  return (
    <>
      <p class="facts">
        <span>{tree.strategy}, stopped by {tree.stop}</span>
        <span>{number(tree.nodes.parent.length)} nodes</span>
        <span>V of the root {number(tree.nodes.value[0], 2)}</span>
        <span>{number(tree.generated_tokens)} tokens</span>
        <span>{traces.length} traces</span>
      </p>
      <div class="stage">
        <Drawing nodes={tree.nodes} children={children} moment={moment} simulation={last} last={last} colourBy="value" chosen={chosen} title={document.problem.id} folded={folded} onChoose={setChosen} label={`The tree of ${document.problem.id}`} />
      </div>
      {chosen > 0 && <div class="step"><Rich text={(tree.nodes.text.at(chosen) ?? "").trim()} /></div>}
      {best && <details open><summary>{best.kind} trace, {counted(best.backtracks, "way back", "ways back")}</summary><Rich text={best.visits.map(([, , thought]) => thought).filter(Boolean).join("\n")} /></details>}
    </>
  );
}

function Models({ run, sets, address }: { run: number; sets: EvaluatedSet[]; address: Address }) {
  const chosen = sets.find(({ set }) => set === address.params["set"]) ?? sets[0];
  if (!chosen) return null;
  const put = (values: Record<string, string>) => go("compare", { ...address.params, run, set: chosen.set, ...values }, true);
  return (
    <section aria-labelledby="models">
      <h2 id="models">Models on one set</h2>
      <div class="filters">
        <label>
          Set
          <select value={chosen.set} onChange={(event) => put({ set: event.currentTarget.value, problem: "" })}>
            {sets.map(({ set }) => <option value={set}>{set}</option>)}
          </select>
        </label>
      </div>
      <Figures models={chosen.models} />
      <AgainstTokens models={chosen.models} />
      <Answered run={run} set={chosen} problem={address.params["problem"] ?? ""} onChoose={(problem) => put({ problem })} />
    </section>
  );
}

function Figures({ models }: { models: EvaluatedModel[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="The models">
      <table>
        <thead>
          <tr>
            <th scope="col">Model</th><th scope="col">pass@1</th><th scope="col" class="right">Tokens</th><th scope="col" class="right">Backtracks</th>
            <th scope="col" class="right">First attempt right</th><th scope="col" class="right">Wrong to right</th><th scope="col" class="right">Right to wrong</th>
          </tr>
        </thead>
        <tbody>
          {models.map(({ name, figures, problems, samples }) => {
            const [share = 0, low, high] = figures["pass_at_1"] ?? [0, null, null];
            return (
              <tr>
                <th scope="row">{name} <span class="dim">{problems} × {samples}</span></th>
                <td><Interval share={share} low={low ?? share} high={high ?? share} label={`${percent(share, 1)} [${percent(low, 1)}, ${percent(high, 1)}]`} /></td>
                <td class="right">{number(figures["tokens"]?.[0], 1)}</td>
                <td class="right">{number(figures["backtracks"]?.[0], 2)}</td>
                <td class="right">{percent(figures["first_attempt"]?.[0], 1)}</td>
                <td class="right">{percent(figures["wrong_to_right"]?.[0], 1)}</td>
                <td class="right">{percent(figures["right_to_wrong"]?.[0], 1)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const BOX = { width: 640, height: 260, left: 46, bottom: 34, top: 12 };
const COLOURS = 6; // of lines, in style.css
const DASHES = ["", "6 3", "2 3", "8 3 2 3", "1 4", "10 4", "4 2"];
const LONGEST_NAME = 32; // characters
const CHARACTER = 6.4; // pixels, on average

/** Accuracy against generated tokens: a line for each model where the curve was measured, else a point. */
function AgainstTokens({ models }: { models: EvaluatedModel[] }) {
  const lines = models
    .map((model) => ({
      name: model.name,
      points: model.curve.length > 1 ? model.curve : model.figures["tokens"] && model.figures["pass_at_1"] ? [[model.figures["tokens"][0], model.figures["pass_at_1"][0]] as [number, number]] : [],
    }))
    .filter(({ points }) => points.length);
  if (!lines.length) return null;
  const tokens = lines.flatMap(({ points }) => points.map(([at]) => Math.max(1, at)));
  const [low, high] = [Math.floor(Math.log2(Math.min(...tokens))), Math.ceil(Math.log2(Math.max(...tokens)) + 0.01)];
  const names = lines.map(({ name }) => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name));
  const end = BOX.width - 44 - CHARACTER * Math.max(...names.map((name) => name.length)); // of the axis; names follow
  const best = Math.max(0.05, ...lines.flatMap(({ points }) => points.map(([, share]) => share))) * 1.1;
  const x = (at: number) => BOX.left + ((Math.log2(Math.max(1, at)) - low) / (high - low)) * (end - BOX.left);
  const y = (share: number) => BOX.height - BOX.bottom - (share / best) * (BOX.height - BOX.bottom - BOX.top);
  const ticks = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, index) => 2 ** (Math.ceil(low) + index));
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => share * best);
  return (
    <figure class="curve">
      <figcaption>Accuracy against generated tokens</figcaption>
      <svg viewBox={`0 0 ${BOX.width} ${BOX.height}`} role="img" aria-label={lines.map(({ name, points }) => `${name}: ${points.map(([at, share]) => `${percent(share)} within ${Math.round(at)} tokens`).join(", ")}`).join("; ")}>
        {grid.map((share) => (
          <g>
            <line x1={BOX.left} x2={end} y1={y(share)} y2={y(share)} class="grid" />
            <text x={BOX.left - 6} y={y(share) + 4} text-anchor="end">{percent(share)}</text>
          </g>
        ))}
        {ticks.map((at) => <text x={x(at)} y={BOX.height - 14} text-anchor="middle">{number(at)}</text>)}
        {lines.map(({ name, points }, index) => (
          <g class={`line line-${index % COLOURS}`}>
            <polyline points={points.map(([at, share]) => `${x(at)},${y(share)}`).join(" ")} stroke-dasharray={DASHES[index % DASHES.length]} />
            {points.map(([at, share]) => <circle cx={x(at)} cy={y(share)} r={points.length > 1 ? 2 : 4.5}><title>{`${name}: ${percent(share, 1)} within ${Math.round(at)} tokens`}</title></circle>)}
          </g>
        ))}
        {spread(lines.map(({ points }) => y(points[points.length - 1]?.[1] ?? 0))).map((at, index) => (
          <g class={`line line-${index % COLOURS}`}>
            <line x1={end + 8} x2={end + 28} y1={at} y2={at} stroke-dasharray={DASHES[index % DASHES.length]} />
            <text x={end + 33} y={at + 4}>{names[index]}</text>
          </g>
        ))}
      </svg>
    </figure>
  );
}

/** Heights at least a line apart, in the order of the given ones. */
function spread(heights: number[]): number[] {
  const order = heights.map((_, index) => index).sort((one, other) => (heights[one] ?? 0) - (heights[other] ?? 0));
  const placed = [...heights];
  let above = BOX.top - 8;
  for (const index of order) {
    placed[index] = Math.max(placed[index] ?? 0, above + 15);
    above = placed[index] ?? 0;
  }
  const over = Math.max(0, above - (BOX.height - BOX.bottom));
  return placed.map((at) => at - over);
}

function Answered({ run, set, problem, onChoose }: { run: number; set: EvaluatedSet; problem: string; onChoose: (problem: string) => void }) {
  const { source } = useShared();
  const [differing, setDiffering] = useState(true);
  const problems = useLoaded(() => source.setProblems(run, set.set), [source, run, set.set]);
  const shown = useMemo(() => {
    const all = problems.value ?? [];
    const kept = differing ? all.filter(differs) : all;
    return kept.length ? kept : all;
  }, [problems.value, differing]);
  const chosen = shown.find(({ id }) => id === problem) ?? shown[0];
  if (!chosen) return null;
  return (
    <section aria-labelledby="responses">
      <h3 id="responses">Responses to one problem</h3>
      <div class="filters">
        <label>
          Problem
          <select value={chosen.id} onChange={(event) => onChoose(event.currentTarget.value)}>
            {shown.map((each) => <option value={each.id}>{each.id}: {Object.values(each.models).map(([right, count]) => `${right}/${count}`).join(" ")}</option>)}
          </select>
        </label>
        <label class="check">
          <input type="checkbox" checked={differing} onChange={(event) => setDiffering(event.currentTarget.checked)} />
          only where the models differ
        </label>
      </div>
      <Columns key={`${set.set} ${chosen.id}`} run={run} set={set} id={chosen.id} />
    </section>
  );
}

function differs(problem: SetProblem): boolean {
  const shares = Object.values(problem.models).map(([right, count]) => right / Math.max(1, count));
  return Math.max(...shares) - Math.min(...shares) > 0.01;
}

function Columns({ run, set, id }: { run: number; set: EvaluatedSet; id: string }) {
  const { source } = useShared();
  const found = useLoaded(() => source.responses(run, set.set, id), [source, run, set.set, id]);
  return (
    <Waiting of={found}>
      {({ problem, models }) => (
        <>
          {problem && <div class="prompt"><Rich text={problem.prompt} /><p class="facts"><span>Gold answer <b><Line text={problem.answer} /></b></span></p></div>}
          <div class="columns">
            {models.map(({ model, responses }) => <Column name={set.models.find((each) => each.model === model)?.name ?? model} responses={responses} />)}
          </div>
        </>
      )}
    </Waiting>
  );
}

function Column({ name, responses }: { name: string; responses: Response[] }) {
  const [at, setAt] = useState(0);
  useEffect(() => setAt(0), [responses]);
  const response = responses[at];
  return (
    <article>
      <h4>{name}</h4>
      <div class="tabs small" role="group" aria-label={`Responses of ${name}`}>
        {responses.map((each, index) => (
          <button aria-pressed={index === at} onClick={() => setAt(index)} aria-label={`Response ${index + 1}, ${each.outcome}`}>
            <Verdict verdict={each.outcome}>{index + 1}</Verdict>
          </button>
        ))}
      </div>
      {response && (
        <>
          <p class="facts">
            <Verdict verdict={response.outcome} />
            <span>{counted(response.backtracks, "way back", "ways back")}</span>
            <span>first attempt {response.first_correct ? "right" : "wrong"}</span>
            <span>{number(response.tokens)} tokens</span>
            {response.answer !== null && <span>reads <b><Line text={response.answer} most={40} /></b></span>}
          </p>
          <Pieces response={response} />
        </>
      )}
    </article>
  );
}

function Pieces({ response }: { response: Response }) {
  let attempt = 0;
  const finalPiece = response.pieces.length - 1;
  return (
    <div class="pieces">
      {response.pieces.map(([kind, text], index) => {
        if (kind === "attempt") attempt += 1;
        const title = kind === "return" ? "↩ way back" : attempt === 1 ? "first attempt" : `attempt ${attempt}`;
        return (
          <div class={`piece ${kind} ${kind === "attempt" && attempt === 1 ? "first" : ""}`}>
            <span class="piece-title">{title}</span>
            {index === finalPiece ? <Final text={text} answer={response.answer} outcome={response.outcome} /> : <Rich text={text.trim()} />}
          </div>
        );
      })}
    </div>
  );
}

/** The last piece, with the final answer below it. */
function Final({ text, answer, outcome }: { text: string; answer: string | null; outcome: string }) {
  return (
    <>
      <Rich text={text.trim()} />
      {answer !== null && <p class="final">final answer: <Verdict verdict={outcome}><b>{visible(answer.slice(0, 400))}</b></Verdict></p>}
    </>
  );
}
