// A tree: the drawing, the replay of the search, and everything about the chosen node.

import { useEffect, useMemo, useState } from "preact/hooks";
import { Children } from "../children";
import type { ColourBy } from "../colours";
import { RAMP_STOPS } from "../colours";
import { Drawing } from "../drawing";
import { Interval, Verdict, Waiting, duration, number, percent } from "../parts";
import { type Moment, canReplay, choiceAt, expandedPath, momentAt, pathTo, simulations, stored, terms, wilson } from "../replay";
import { type Address, addressOf, go, useKeys, useLoaded, useShared } from "../state";
import { Line, Rich, visible } from "../text";
import type { Problem, ProblemDocument, Rollout, TreeDocument } from "../types";

export function TreeView({ run, address }: { run: number; address: Address }) {
  const { source, version } = useShared();
  const id = address.params["id"] ?? "";
  const found = useLoaded(() => source.problem(run, id), [source, run, id, version]);
  return (
    <Waiting of={found}>
      {(document) => (
        <>
          <Head run={run} document={document} here="tree" />
          {document.tree ? <Explorer key={id} run={run} problem={document.problem} tree={document.tree} address={address} /> : <p class="dim">This problem was not searched yet.</p>}
        </>
      )}
    </Waiting>
  );
}

export function Head({ run, document, here }: { run: number; document: ProblemDocument; here: string }) {
  const { problem, tree } = document;
  return (
    <div class="head">
      <div class="head-line">
        <h2><Line text={problem.id} most={100} /></h2>
        <nav aria-label="This problem">
          <a href={addressOf("tree", { run, id: problem.id })} aria-current={here === "tree" ? "page" : undefined}>Tree</a>
          <a href={addressOf("trace", { run, id: problem.id })} aria-current={here === "trace" ? "page" : undefined}>
            {document.traces.length} {document.traces.length === 1 ? "trace" : "traces"}
          </a>
        </nav>
      </div>
      <div class="prompt"><Rich text={problem.prompt} /></div>
      <p class="facts">
        <span>Gold answer <b><Line text={problem.answer} most={80} /></b></span>
        {tree && (
          <>
            <span>{number(tree.nodes.parent.length)} nodes</span>
            <span>{tree.strategy}, stopped by {tree.stop ?? "nothing yet"}</span>
            <span>{number(tree.generated_tokens)} tokens generated</span>
            <span>{percent(tree.cached_tokens === null || !tree.prompt_tokens ? null : tree.cached_tokens / tree.prompt_tokens)} of the prompts cached</span>
            <span>{duration(tree.seconds)}</span>
          </>
        )}
      </p>
    </div>
  );
}

interface Exploring {
  run: number;
  problem: Problem;
  tree: TreeDocument;
  address: Address;
}

const COLOURS: [ColourBy, string][] = [["value", "value"], ["verdict", "verdict"], ["prior", "prior"], ["simulation", "simulation"]];

export function Explorer({ run, problem, tree, address }: Exploring) {
  const { nodes } = tree;
  const children = useMemo(() => new Children(nodes.parent), [nodes]);
  const last = useMemo(() => simulations(nodes), [nodes]);
  const replayable = useMemo(() => canReplay(nodes), [nodes]);
  const asked = address.params["sim"];
  const simulation = asked === undefined ? last : Math.max(0, Math.min(last, Number(asked) || 0));
  const chosen = Math.max(0, Math.min(nodes.parent.length - 1, Number(address.params["node"] ?? 0) || 0));
  const [colourBy, setColourBy] = useState<ColourBy>("value");
  const [folded, setFolded] = useState<ReadonlySet<number>>(() => new Set());
  const [playing, setPlaying] = useState(false);
  const [painted, setPainted] = useState(false);
  const moment = useMemo<Moment>(
    () => (simulation >= last || !replayable ? stored(nodes) : momentAt(nodes, simulation)),
    [nodes, simulation, last, replayable],
  );
  const put = (values: Record<string, string | number | null>) => go("tree", { run, id: problem.id, node: chosen, sim: asked ?? null, ...values }, true);
  const seek = (to: number) => put({ sim: to >= last ? null : Math.max(0, to) });
  useEffect(() => {
    if (!playing) return;
    const timer = setTimeout(() => (simulation >= last ? setPlaying(false) : seek(simulation + 1)), last > 100 ? 120 : 650);
    return () => clearTimeout(timer);
  });
  const play = () => {
    if (!playing && simulation >= last) seek(0);
    setPlaying(!playing);
  };
  const fold = (node: number) => {
    if (!children.count(node)) return;
    const next = new Set(folded);
    if (!next.delete(node)) next.add(node);
    setFolded(next);
  };
  useKeys({ "[": () => seek(simulation - 1), "]": () => seek(simulation + 1), p: play, f: () => fold(chosen) });
  return (
    <div class="explorer">
      <div class="stage">
        <div class="tools">
          <label>
            Colour
            <select value={colourBy} onChange={(event) => setColourBy(event.currentTarget.value as ColourBy)}>
              {COLOURS.map(([value, name]) => <option value={value}>{name}</option>)}
            </select>
          </label>
          <div class="replay">
            <button onClick={play} aria-label={playing ? "Pause the replay" : "Replay the search"}>{playing ? "❚❚" : "▶"}</button>
            <button onClick={() => seek(simulation - 1)} disabled={simulation === 0} aria-label="One simulation back">◂</button>
            <input type="range" min="0" max={last} value={simulation} aria-label="Simulation" onInput={(event) => seek(Number(event.currentTarget.value))} />
            <button onClick={() => seek(simulation + 1)} disabled={simulation >= last} aria-label="One simulation on">▸</button>
            <output>simulation {simulation} of {last}</output>
          </div>
          <button onClick={() => setFolded(new Set(folded.size ? [] : shallow(children)))}>{folded.size ? "Unfold all" : "Fold"}</button>
          {!replayable && simulation < last && <span class="note">Visits and values of {tree.strategy} are those of the end; only the nodes replay.</span>}
        </div>
        <Drawing
          nodes={nodes} children={children} moment={moment} simulation={simulation} last={last} colourBy={colourBy} chosen={chosen}
          title={problem.id} folded={folded} onChoose={(node) => put({ node })} onFold={fold} onPainted={() => setPainted(true)} label={`The search tree of ${problem.id}, ${nodes.parent.length} nodes`}
        />
        <Legend colourBy={colourBy} />
      </div>
      {painted ? <NodePanel run={run} problem={problem} tree={tree} children={children} moment={moment} simulation={simulation} last={last} replayable={replayable} node={chosen} onChoose={(node) => put({ node })} /> : <aside class="panel" />}
    </div>
  );
}

/** The nodes of depth 1 that have children. */
function shallow(children: Children): Iterable<number> {
  return children.of(0).filter((node) => children.count(node) > 0);
}

function Legend({ colourBy }: { colourBy: ColourBy }) {
  return (
    <div class="legend" aria-label="Legend">
      {colourBy !== "verdict" && (
        <span class="ramp">
          {colourBy === "simulation" ? "first" : "0"}
          <svg viewBox={`0 0 ${RAMP_STOPS.length} 1`} width="88" height="10" preserveAspectRatio="none" aria-hidden="true">
            {RAMP_STOPS.map((colour, index) => <rect x={index} y="0" width="1.02" height="1" fill={colour} />)}
          </svg>
          {colourBy === "simulation" ? "last" : "1"} {colourBy}
        </span>
      )}
      <span><svg viewBox="-8 -8 16 16" aria-hidden="true"><circle r="5" class="open" /></svg>step</span>
      <span><svg viewBox="-8 -8 16 16" aria-hidden="true"><path d="M0-6.5 6.5 0 0 6.5-6.5 0z" class="correct" /></svg>correct end</span>
      <span><svg viewBox="-8 -8 16 16" aria-hidden="true"><path d="M-5-5H5V5H-5z" class="incorrect" /></svg>wrong end</span>
      <span><svg viewBox="-8 -8 16 16" aria-hidden="true"><path d="M0-5 6 5H-6z" class="unanswered" /></svg>not graded</span>
      <span><svg viewBox="-8 -8 16 16" aria-hidden="true"><path d="M0-6V6" class="stroke" /></svg>cut off</span>
      <span><svg viewBox="-8 -8 16 16" aria-hidden="true"><path d="M-5-5 5 5M5-5-5 5" class="failed" /></svg>failed</span>
      <span><svg viewBox="-8 -8 16 16" aria-hidden="true"><circle r="5" class="graft" /></svg>grafted: a path without weight</span>
      <span>width: visits</span>
    </div>
  );
}

interface Panel {
  run: number;
  problem: Problem;
  tree: TreeDocument;
  children: Children;
  moment: Moment;
  simulation: number;
  last: number;
  replayable: boolean;
  node: number;
  onChoose: (node: number) => void;
}

function NodePanel(panel: Panel) {
  const { tree, node, moment, onChoose } = panel;
  const { nodes } = tree;
  const verdict = nodes.verdict.at(node);
  const terminal = nodes.terminal.at(node);
  const [failure, answer] = [nodes.failure.at(node), nodes.answer.at(node)];
  const grafted = Boolean(nodes.grafted[node]);
  const path = pathTo(nodes, node);
  const graded = nodes.graded[node] ?? 0;
  const asked = nodes.asked[node] ?? 0;
  const correct = nodes.correct[node] ?? 0;
  const interval = wilson(correct, graded);
  return (
    <aside class="panel" aria-label={`Node ${node}`} tabIndex={0}>
      <header>
        <h3>{node === 0 ? "Root" : `Node ${node}`}</h3>
        <span class="dim">step {path.length - 1}, simulation {nodes.simulation[node]}</span>
        {verdict && <Verdict verdict={verdict} />}
        {grafted && <span class="tag">grafted</span>}
        {!verdict && terminal !== "none" && <span class="tag">{terminal}</span>}
      </header>
      {node !== 0 && <div class="step"><Rich text={(nodes.text.at(node) ?? "").trim()} /></div>}
      {failure && <p class="fault">{visible(failure)}</p>}
      {verdict && <Rule key={node} run={panel.run} id={panel.problem.id} tree={tree} path={path} verdict={verdict} />}
      {grafted && <p class="note">Part of a rollout, added because of its outcome. It has no visits and no value, and nothing that needs an estimate reads it.</p>}
      <dl class="figures">
        {!grafted && (
          <>
            <div><dt>N, visits</dt><dd>{number(moment.visits[node])}</dd></div>
            <div><dt>V, value</dt><dd>{number(moment.value[node], 3)}</dd></div>
            <div><dt>R, reward</dt><dd>{number(nodes.reward[node], 3)}</dd></div>
            <div><dt>P, prior</dt><dd>{number(nodes.prior[node], 3)}</dd></div>
          </>
        )}
        <div><dt>Tokens</dt><dd>{number(nodes.tokens[node])}</dd></div>
        <div><dt>Tokens of the state</dt><dd>{number(path.reduce((sum, step) => sum + (nodes.tokens[step] ?? 0), tree.prompt_length))}</dd></div>
        <div><dt>Samples merged</dt><dd>{number(nodes.samples[node])}</dd></div>
        <div><dt>Log-probability</dt><dd>{number(nodes.logprob[node], 2)}</dd></div>
        {answer !== null && <div><dt>Answer</dt><dd><Line text={answer} most={60} /></dd></div>}
      </dl>
      {asked > 0 && (
        <p class="note">
          Requests that continued this node: {number(nodes.cached[node])} of {number(asked)} prompt tokens came from the cache ({percent((nodes.cached[node] ?? 0) / asked)}).
        </p>
      )}
      {node === 0 && (
        <p class="note">
          {number(tree.calls)} requests of this tree: {number(tree.cached_tokens)} of {number(tree.prompt_tokens)} prompt tokens came from the cache, {number(tree.generated_tokens)} were generated.
        </p>
      )}
      {graded > 0 && <p><Interval share={correct / graded} low={interval[0]} high={interval[1]} label={`${correct} of ${graded} graded rollouts correct, ${percent(interval[0])} to ${percent(interval[1])}`} /></p>}
      <details open={node !== 0}>
        <summary>The whole state, {path.length - 1} {path.length === 2 ? "step" : "steps"}</summary>
        <ol class="state">
          {path.slice(1).map((step) => (
            <li>
              <button onClick={() => onChoose(step)} aria-label={`Node ${step}`}>#{step}</button>
              <Rich text={(nodes.text.at(step) ?? "").trim()} />
            </li>
          ))}
        </ol>
      </details>
      <Choices {...panel} />
      <Rollouts run={panel.run} id={panel.problem.id} node={node} count={nodes.sampled[node] ?? 0} />
    </aside>
  );
}

interface Ruled {
  run: number;
  id: string;
  tree: TreeDocument;
  path: number[];
  verdict: string;
}

/** The rule that decided the verdict on an end: rollouts keep it, so it is that of a rollout with the same text. */
function Rule({ run, id, tree, path, verdict }: Ruled) {
  const { source } = useShared();
  const end = path[path.length - 1] ?? 0;
  const found = useLoaded(() => ruleOf(tree, path, verdict, (node) => source.rollouts(run, id, node)), [source, run, id, end]);
  if (!found.value) return null;
  return <p class="note">Verdict: {visible(found.value)}</p>;
}

async function ruleOf(tree: TreeDocument, path: number[], verdict: string, rollouts: (node: number) => Promise<Rollout[]>): Promise<string | null> {
  const { nodes } = tree;
  let rest = "";
  for (const node of path.slice(1).reverse()) {
    rest = (nodes.text.at(node) ?? "") + rest;
    const above = nodes.parent[node] ?? 0;
    if (!nodes.sampled[above]) continue;
    const same = (await rollouts(above)).find(([text, , outcome]) => outcome === verdict && text.trimEnd() === rest.trimEnd());
    if (same) return same[5] || null;
  }
  return null;
}

const MOST_CHILDREN = 60;

/** The children, with the terms by which the chosen simulation would pick one of them. */
function Choices({ tree, children, node, simulation, last, replayable, moment, onChoose }: Panel) {
  const { nodes, selection } = tree;
  const known = children.of(node).filter((child) => (nodes.simulation[child] ?? 0) <= simulation);
  const next = Math.min(simulation + 1, last + 1);
  const choice = useMemo(() => (selection && replayable ? choiceAt(nodes, next, selection.leaves) : null), [nodes, selection, replayable, next]);
  const scored = useMemo(
    () => (selection && choice ? new Map(terms(nodes, known, node, choice, selection).map((term) => [term.child, term])) : null),
    [nodes, node, choice],
  );
  const nextPath = useMemo(() => expandedPath(nodes, next, false), [nodes, next]);
  if (!known.length) return null;
  const ordered = Array.from(known);
  if (scored) ordered.sort((one, other) => (scored.get(other)?.score ?? -1) - (scored.get(one)?.score ?? -1));
  const waiting = choice && choice.known < simulation;
  return (
    <details open>
      <summary>{known.length} {known.length === 1 ? "child" : "children"}{scored && selection ? `, as ${selection.kind.toUpperCase()} sees them after simulation ${simulation}` : ""}</summary>
      {waiting && <p class="note">Simulations {choice.known + 1} to {next} choose together: the leaves chosen before count as visits without reward, and none of these has children yet.</p>}
      <div class="scroll" tabIndex={0} role="region" aria-label="Children">
        <table class="terms">
          <thead>
            <tr>
              <th scope="col">Child</th>
              <th scope="col" class="right">N</th>
              <th scope="col" class="right">V</th>
              <th scope="col" class="right">P</th>
              {scored && <th scope="col" class="right" title={selection?.kind === "puct" ? "c P sqrt(N parent) / (1 + N)" : "c sqrt(ln N parent / N)"}>+ explore</th>}
              {scored && <th scope="col" class="right">= score</th>}
            </tr>
          </thead>
          <tbody>
            {ordered.slice(0, MOST_CHILDREN).map((child) => {
              const term = scored?.get(child);
              return (
                <tr class={nextPath.has(child) ? "next" : ""}>
                  <td>
                    <button onClick={() => onChoose(child)}>#{child}</button> {nextPath.has(child) && <span class="tag">next</span>}
                    {choice?.closed[child] ? <span class="tag" title="Nothing below it can be expanded, so it is not chosen">exhausted</span> : ""}{" "}
                    <Line text={nodes.text.beginning(child, 120)} most={48} />
                  </td>
                  <td class="right">{number(term ? term.visits : moment.visits[child])}</td>
                  <td class="right">{nodes.grafted[child] ? "–" : number(term ? term.value : moment.value[child], 3)}</td>
                  <td class="right">{nodes.grafted[child] ? "–" : number(nodes.prior[child], 3)}</td>
                  {scored && <td class="right">{term ? number(term.exploration, 3) : "–"}</td>}
                  {scored && <td class="right">{number(term?.score, 3)}</td>}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {known.length > MOST_CHILDREN && <p class="dim">{number(known.length - MOST_CHILDREN)} more</p>}
    </details>
  );
}

const FIRST_ROLLOUTS = 12;

function Rollouts({ run, id, node, count }: { run: number; id: string; node: number; count: number }) {
  const { source } = useShared();
  const found = useLoaded(() => (count ? source.rollouts(run, id, node) : Promise.resolve([])), [source, run, id, node]);
  const [shown, setShown] = useState(FIRST_ROLLOUTS);
  const [answer, setAnswer] = useState<string | null>(null);
  useEffect(() => {
    setShown(FIRST_ROLLOUTS);
    setAnswer(null);
  }, [node, id]);
  if (!count) return null;
  return (
    <details open class="rollouts">
      <summary>{number(count)} {count === 1 ? "rollout" : "rollouts"}</summary>
      <Waiting of={found}>
        {(rollouts) => {
          const kept = answer === null ? rollouts : rollouts.filter((rollout) => answerKey(rollout) === answer);
          return (
            <>
              <Answers rollouts={rollouts} chosen={answer} onChoose={setAnswer} />
              <ol class="rollout-list">
                {kept.slice(0, shown).map(([text, tokens, outcome, , canonical, reason]) => (
                  <li>
                    <p><Verdict verdict={outcome} /> <span class="dim">{number(tokens)} tokens{canonical !== null && <>, reads <Line text={canonical} most={40} /></>}{reason && <>; {visible(reason)}</>}</span></p>
                    <Rich text={text.trim()} />
                  </li>
                ))}
              </ol>
              {kept.length > shown && <button class="more" onClick={() => setShown(shown + 50)}>{number(kept.length - shown)} more rollouts</button>}
            </>
          );
        }}
      </Waiting>
    </details>
  );
}

function answerKey([, , outcome, answer, canonical]: Rollout): string {
  return `${outcome}\n${canonical ?? answer ?? ""}`;
}

function Answers({ rollouts, chosen, onChoose }: { rollouts: Rollout[]; chosen: string | null; onChoose: (key: string | null) => void }) {
  const counts = new Map<string, number>();
  for (const rollout of rollouts) counts.set(answerKey(rollout), (counts.get(answerKey(rollout)) ?? 0) + 1);
  if (counts.size < 2) return null;
  const ranked = [...counts].sort((one, other) => other[1] - one[1]).slice(0, 12);
  return (
    <ul class="answers" aria-label="Rollouts by answer">
      {ranked.map(([key, count]) => {
        const [outcome = "", answer = ""] = key.split("\n", 2);
        return (
          <li>
            <button aria-pressed={chosen === key} onClick={() => onChoose(chosen === key ? null : key)}>
              <Verdict verdict={outcome}><Line text={answer || "no answer"} most={28} /></Verdict> <b>×{count}</b>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
