// A run: its counts, its problems, and where everything went.

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { Bars, Interval, Verdict, Waiting, counted, duration, number, percent } from "../parts";
import { wilson } from "../replay";
import { type Address, addressOf, go, useKeys, useLoaded, useShared } from "../state";
import { Line, visible } from "../text";
import type { Distribution, Facts, ProblemRow, Query } from "../types";

const PAGE = 50;

export function RunView({ run, address }: { run: number; address: Address }) {
  const { source } = useShared();
  const facts = source.runs[run];
  const [listed, setListed] = useState(false);
  const onListed = useCallback(() => setListed(true), []);
  if (!facts) return <p class="fault">There is no such run.</p>;
  return (
    <div class="run">
      <Cards facts={facts} />
      <Problems run={run} address={address} onListed={onListed} />
      {listed && <Charts run={run} facts={facts} />}
      <Filters facts={facts} />
      <Costs facts={facts} />
      <Origins facts={facts} />
    </div>
  );
}

function Cards({ facts }: { facts: Facts }) {
  const traces = Object.entries(facts.traces).filter(([kind]) => kind !== "control");
  const total = traces.reduce((sum, [, count]) => sum + count, 0);
  const generated = facts.costs.reduce((sum, cost) => sum + cost.generated_tokens, 0);
  const prompt = facts.costs.reduce((sum, cost) => sum + cost.prompt_tokens, 0);
  const cached = facts.costs.reduce((sum, cost) => sum + cost.cached_tokens, 0);
  const running = !(facts.finished.trees && facts.finished.traces);
  return (
    <dl class="cards">
      <div>
        <dt>Problems</dt>
        <dd>{number(facts.problems)}</dd>
        <dd class="dim">{number(facts.trees)} searched{running && facts.trees < facts.problems ? ", still running" : ""}</dd>
      </div>
      <div>
        <dt>Solved</dt>
        <dd>{percent(facts.trees ? facts.solved / facts.trees : null)}</dd>
        <dd class="dim">
          {number(facts.solved)} of {number(facts.trees)}{facts.failed ? `, ${number(facts.failed)} failed` : ""}
        </dd>
      </div>
      <div>
        <dt>Traces</dt>
        <dd>{number(total)}</dd>
        <dd class="dim">{number(facts.backtracking)} go back{facts.traces["control"] ? `; ${number(facts.traces["control"])} of the control` : ""}</dd>
      </div>
      <div>
        <dt>Generated tokens</dt>
        <dd>{number(generated)}</dd>
        <dd class="dim">{percent(prompt ? cached / prompt : null)} of the prompts cached</dd>
      </div>
      <div>
        <dt>Time</dt>
        <dd>{facts.seconds ? duration(facts.seconds) : "–"}</dd>
        <dd class="dim">{facts.seconds ? `${number(generated / facts.seconds)} tokens a second` : "known when a start ends"}</dd>
      </div>
    </dl>
  );
}

interface Heading {
  column: keyof ProblemRow;
  name: string;
  right?: boolean;
  narrow?: boolean;
}

const HEADINGS: Heading[] = [
  { column: "id", name: "Problem" },
  { column: "status", name: "Status" },
  { column: "pass_rate", name: "Pass rate" },
  { column: "value", name: "V", right: true, narrow: true },
  { column: "nodes", name: "Nodes", right: true, narrow: true },
  { column: "stop", name: "Stopped by", narrow: true },
  { column: "traces", name: "Traces", right: true },
  { column: "backtracks", name: "Backtracks", right: true, narrow: true },
  { column: "tokens", name: "Tokens", right: true, narrow: true },
  { column: "seconds", name: "Time", right: true, narrow: true },
  { column: "label", name: "Label", narrow: true },
];

function queryOf(params: Record<string, string>): Query {
  return {
    search: params["search"] ?? "",
    status: params["status"] ?? "",
    traces: params["traces"] ?? "",
    label: params["label"] ?? "",
    low: params["low"] ?? "",
    high: params["high"] ?? "",
    sort: (params["sort"] ?? "") as Query["sort"],
    descending: params["descending"] === "1",
    offset: Number(params["offset"] ?? 0) || 0,
    limit: PAGE,
  };
}

/** onListed: called when the first rows are there; what takes the server longer is asked for after them. */
function Problems({ run, address, onListed }: { run: number; address: Address; onListed: () => void }) {
  const { source, version, announce } = useShared();
  const query = queryOf(address.params);
  const key = JSON.stringify(query);
  const page = useLoaded(async () => ({ ...(await source.problems(run, query)), asked: query.search }), [source, run, key, version]);
  const [at, setAt] = useState(-1);
  const change = (values: Record<string, string>) => go("run", { ...address.params, offset: "", ...values }, true);
  const rows = page.value?.rows ?? [];
  useEffect(() => setAt(-1), [key]);
  useEffect(() => {
    if (page.value) onListed();
  }, [page.value, onListed]);
  useEffect(() => {
    if (page.value) announce(`${page.value.matching} of ${page.value.total} problems`);
  }, [page.value?.matching]);
  useKeys({
    j: () => setAt(Math.min(rows.length - 1, at + 1)),
    k: () => setAt(Math.max(0, at - 1)),
    Enter: () => rows[at] && go("tree", { run, id: rows[at]?.id }),
    t: () => rows[at] && go("trace", { run, id: rows[at]?.id }),
    "/": () => document.getElementById("search")?.focus(),
  });
  return (
    <section aria-labelledby="problems">
      <h2 id="problems">Problems</h2>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          Search
          <input id="search" type="search" placeholder="words of the problem or its id" value={query.search} onInput={(event) => change({ search: event.currentTarget.value })} />
        </label>
        <Choice label="Status" value={query.status} options={["solved", "unsolved", "failed", "not searched"]} onChange={(status) => change({ status })} />
        <Choice label="Traces" value={query.traces} options={["some", "none"]} onChange={(traces) => change({ traces })} />
        <Choice label="Label" value={query.label} options={["any", "none", "good", "bad", "note"]} onChange={(label) => change({ label })} />
        <label>
          Pass rate from
          <input type="number" min="0" max="1" step="0.05" value={query.low} onInput={(event) => change({ low: event.currentTarget.value })} />
        </label>
        <label>
          to
          <input type="number" min="0" max="1" step="0.05" value={query.high} onInput={(event) => change({ high: event.currentTarget.value })} />
        </label>
      </form>
      <Waiting of={page}>
        {(found) => (
          <>
            <p class="dim" data-matching={found.matching} data-asked={found.asked}>
              {number(found.matching)} of {number(found.total)}
              {found.matching > PAGE && (
                <span class="pager">
                  <button disabled={query.offset === 0} onClick={() => change({ offset: String(Math.max(0, query.offset - PAGE)) })}>Previous</button>
                  {number(query.offset + 1)}–{number(Math.min(found.matching, query.offset + PAGE))}
                  <button disabled={query.offset + PAGE >= found.matching} onClick={() => change({ offset: String(query.offset + PAGE) })}>Next</button>
                </span>
              )}
            </p>
            <div class="scroll" tabIndex={0} role="region" aria-label="The problems">
              <table class="problems">
                <thead>
                  <tr>
                    {HEADINGS.map((heading) => (
                      <Sortable heading={heading} query={query} onSort={(sort, descending) => change({ sort, descending: descending ? "1" : "" })} />
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {found.rows.map((row, index) => (
                    <Row key={row.id} row={row} run={run} chosen={index === at} here={source.has(run, row.id)} />
                  ))}
                </tbody>
              </table>
            </div>
          </>
        )}
      </Waiting>
    </section>
  );
}

function Choice({ label, value, options, onChange }: { label: string; value: string; options: string[]; onChange: (value: string) => void }) {
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">all</option>
        {options.map((option) => (
          <option value={option}>{option}</option>
        ))}
      </select>
    </label>
  );
}

function Sortable({ heading, query, onSort }: { heading: Heading; query: Query; onSort: (sort: string, descending: boolean) => void }) {
  const sorted = query.sort === heading.column;
  const next = sorted ? !query.descending : heading.right === true || heading.column === "pass_rate";
  return (
    <th scope="col" class={`${heading.right ? "right" : ""} ${heading.narrow ? "wide-only" : ""}`} aria-sort={sorted ? (query.descending ? "descending" : "ascending") : "none"}>
      <button onClick={() => onSort(heading.column, next)}>
        {heading.name}
        <span aria-hidden="true">{sorted ? (query.descending ? " ▾" : " ▴") : ""}</span>
      </button>
    </th>
  );
}

function Row({ row, run, chosen, here }: { row: ProblemRow; run: number; chosen: boolean; here: boolean }) {
  const interval = row.graded && row.correct !== null ? wilson(row.correct, row.graded) : null;
  return (
    <tr class={chosen ? "chosen" : ""} aria-current={chosen ? "true" : undefined}>
      <td class="problem">
        {here ? <a href={addressOf("tree", { run, id: row.id })}><Line text={row.id} most={60} /></a> : <span title="not in this file"><Line text={row.id} most={60} /></span>}
        <div class="dim"><Line text={row.prompt} most={140} /></div>
      </td>
      <td><Verdict verdict={row.status} /></td>
      <td>
        {interval && row.correct !== null && row.graded ? (
          <Interval share={row.correct / row.graded} low={interval[0]} high={interval[1]} label={`${percent(row.correct / row.graded)} of ${row.graded}`} />
        ) : (
          percent(row.pass_rate)
        )}
      </td>
      <td class="right wide-only">{number(row.value, 2)}</td>
      <td class="right wide-only">{number(row.nodes)}</td>
      <td class="wide-only">{row.stop ?? "–"}</td>
      <td class="right">{row.traces && here ? <a href={addressOf("trace", { run, id: row.id })}>{row.traces}<span class="hidden"> traces of {row.id}</span></a> : row.traces}</td>
      <td class="right wide-only">{number(row.backtracks)}</td>
      <td class="right wide-only">{number(row.tokens)}</td>
      <td class="right wide-only">{duration(row.seconds)}</td>
      <td class="wide-only">{row.label ?? ""}</td>
    </tr>
  );
}

function Charts({ run, facts }: { run: number; facts: Facts }) {
  const { source, version } = useShared();
  const found = useLoaded(() => source.distributions(run), [source, run, version]);
  return (
    <section aria-labelledby="distributions">
      <h2 id="distributions">Distributions</h2>
      <Waiting of={found}>
        {(distributions: Distribution[]) => (
          <div class="charts">
            {distributions.map(({ title, bars }) => <Bars title={title} bars={bars} wide={bars.some(([name]) => !/^[\d.]/.test(name))} />)}
            {Object.keys(facts.stops).length > 0 && <Bars title="What stopped the trees" bars={Object.entries(facts.stops)} wide />}
          </div>
        )}
      </Waiting>
    </section>
  );
}

/** Counts by the filter that took something, in the order of the pipeline. */
function Filters({ facts }: { facts: Facts }) {
  const groups = useMemo(() => {
    const found = new Map<string, [string, number][]>();
    for (const [name, count] of Object.entries(facts.counts)) {
      const [group = "", ...rest] = name.split(".");
      if (!count || group === "traces") continue;
      found.set(group, [...(found.get(group) ?? []), [rest.join(" "), count]]);
    }
    return found;
  }, [facts.counts]);
  const titles: Record<string, string> = {
    terminals: "Ends of solutions", unused: "Ends not used", votes: "Votes", rewrite: "Rewritten steps", faults: "Faults of rewrites",
    refused: "Refused traces", back: "Where ways back lead", ends: "Right ends", false: "False statements", control: "Control",
  };
  const shown = [...Object.keys(titles), ...[...groups.keys()].filter((group) => !(group in titles))].filter((group) => groups.has(group) && group !== "faults");
  if (!shown.length) return null;
  return (
    <section aria-labelledby="filters">
      <h2 id="filters">What each filter took</h2>
      <div class="charts">
        {shown.map((group) => <Bars title={titles[group] ?? group} bars={(groups.get(group) ?? []).sort((one, other) => other[1] - one[1])} wide />)}
      </div>
    </section>
  );
}

function Costs({ facts }: { facts: Facts }) {
  return (
    <section aria-labelledby="cost">
      <h2 id="cost">Cost</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="The cost of each stage">
        <table>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col" class="right">Requests</th>
              <th scope="col" class="right">Generated tokens</th>
              <th scope="col" class="right">Prompt tokens</th>
              <th scope="col" class="right">From the cache</th>
              <th scope="col" class="right">Time, summed</th>
            </tr>
          </thead>
          <tbody>
            {facts.costs.map((cost) => (
              <tr>
                <th scope="row">{cost.stage}</th>
                <td class="right">{number(cost.calls)}</td>
                <td class="right">{number(cost.generated_tokens)}</td>
                <td class="right">{number(cost.prompt_tokens)}</td>
                <td class="right">{percent(cost.prompt_tokens ? cost.cached_tokens / cost.prompt_tokens : null)}</td>
                <td class="right">{duration(cost.seconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Origins({ facts }: { facts: Facts }) {
  const { lineage } = facts;
  const stations: [string, string[]][] = [
    ["Problems", [String(lineage.source ?? "generated"), `${number(facts.problems)} problems`]],
    ["Model", [lineage.model ?? "–", lineage.engine ?? ""]],
    ["Trees", lineage.trees_of.length ? lineage.trees_of.map((path) => `of ${path}`) : [`${number(facts.trees)} searched here`, `seed ${lineage.seed ?? "–"}`]],
    ["Traces", Object.entries(facts.traces).map(([kind, count]) => `${number(count)} ${kind}`)],
    ["Data sets", Object.entries(lineage.datasets).map(([name, rows]) => `${name}: ${counted(rows, "row", "rows")}`)],
    ["Trained models", lineage.checkpoints],
  ];
  return (
    <section aria-labelledby="lineage">
      <h2 id="lineage">Lineage</h2>
      <ol class="lineage">
        {stations.filter(([, lines]) => lines.length).map(([name, lines]) => (
          <li>
            <strong>{name}</strong>
            {lines.filter(Boolean).map((line) => <span>{visible(line)}</span>)}
          </li>
        ))}
      </ol>
      <details>
        <summary>Settings</summary>
        <pre tabIndex={0}>{visible(JSON.stringify(lineage.settings, null, 1))}</pre>
      </details>
    </section>
  );
}
