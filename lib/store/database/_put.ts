/** What runs and artifacts say, as rows of the tables: the one place that knows both. */
import { canonical } from "../../base/canonical.ts";
import { sha256 } from "../../base/digest.ts";
import { type FactInfo, FACTS, type Facts } from "../../base/facts.ts";
import type { ArtifactRows } from "../objects/artifacts.ts";
import type { Batch } from "./_batch.ts";
import type { Row } from "./_write_rows.ts";
import { flattenParams } from "./_params.ts";
import type { CellRow, FitRow, HistoryRows, RunEnd, RunStart, TaskRow } from "./rows.ts";

/** A run begins, of an experiment whose spec stands at `place`, seen from the folder of results. */
export function putRunStart(batch: Batch, start: RunStart, place: string): void {
  const { run, experiment, variant, file, process } = start;
  batch.put("experiments", [{
    experiment,
    name: start.name ?? experiment,
    variant,
    file,
    place,
    about: start.about,
    axes: canonical(start.axes ?? []),
    latest_run: run,
  }]);
  batch.put("runs", [{
    run,
    experiment,
    variant,
    file,
    argv: canonical(start.argv ?? []),
    status: "running",
    started_at: start.startedAt,
    version: start.version,
    commit: start.commit,
    host: process?.host,
    processor: process?.processor,
    pid: process?.pid,
    process_started_at: process?.startedAt,
  }]);
  const files = start.files.map((each) => ({ ...each, digest: sha256(each.text) }));
  batch.put("specTexts", files.map(({ digest, text }) => ({ digest, text })));
  batch.put("specFiles", files.map(({ file, digest }, place) => ({ run, place, file, digest })));
  batch.replace(
    "published",
    experiment,
    (start.published ?? []).map(({ publishedMetric, ...row }, place) => (
      { ...row, published_metric: publishedMetric, experiment, place }
    )),
  );
  for (const [kind, metrics] of Object.entries(start.metrics ?? {})) {
    batch.put(
      "metrics",
      Object.entries(metrics).map(([metric, { unit, better, range, isHeadline, about }]) => ({
        kind,
        metric,
        unit,
        better,
        least: range?.[0],
        most: range?.[1],
        is_headline: isHeadline,
        about,
      })),
    );
  }
}

/** A run has ended. */
export function putRunEnd(batch: Batch, run: string, end: RunEnd & { endedAt: string }): void {
  const { status, counts: { total, cached, ran, failed }, elapsedMs, endedAt } = end;
  batch.put("runs", [{
    run,
    status,
    ended_at: endedAt,
    elapsed_ms: elapsedMs,
    total,
    cached,
    ran,
    failed,
  }]);
}

/** Tasks stand at cells; `replace` drops the experiment's other cells. */
export function putCells(
  batch: Batch,
  experiment: string,
  { cells, replace }: { readonly cells: readonly CellRow[]; readonly replace: boolean },
): void {
  const rows = cells.map(({ stage, axes, key, seed, place, at }, index): Row => ({
    experiment,
    stage,
    axes: canonical(axes),
    key,
    wanted_key: key,
    seed,
    place: place ?? index,
    spec_file: at?.file,
    spec_line: at?.line,
  }));
  if (replace) batch.replace("cells", experiment, rows);
  else batch.put("cells", rows);
}

/** What keys are made of, and where they stood. */
export function putHistory(
  batch: Batch,
  { run, experiment, identities, cells }: HistoryRows,
): void {
  batch.put(
    "identities",
    Iterator.from(identities).map(([key, identity]) => ({ key, identity: canonical(identity) })),
  );
  batch.put(
    "history",
    cells.map(({ stage, axes, key }) => (
      { experiment, stage, axes: canonical(axes), key, latest_run: run }
    )),
  );
}

/** Where a task stands. */
export function putTask(batch: Batch, { run, key, kind, state, attempt, faults }: TaskRow): void {
  const message = faults?.[0]?.message;
  batch.put("taskStates", [{ key, kind, state, run, attempt, message }]);
  batch.replace(
    "faults",
    key,
    (faults ?? []).map(({ code, message, at, mend }, place) => ({
      key,
      place,
      code,
      message,
      file: at?.file,
      line_number: at?.line,
      column_number: at?.column,
      mend,
    })),
  );
}

/** All that an artifact says, in place of all that was there of its key. */
export function putArtifact(batch: Batch, { record, measurements }: ArtifactRows): void {
  const { key, attempt, outcome: { facts, scores } } = record;
  batch.put("taskArtifacts", [{
    key,
    kind: record.kind,
    version: record.version,
    state: "done",
    attempt,
    device: record.device,
    engine: record.engine,
    code: record.code,
    started_at: record.startedAt,
    elapsed_ms: record.elapsedMs,
    product_rate: record.productRate,
    bytes: record.files.reduce((sum, { bytes }) => sum + bytes, 0),
    start_key: record.start?.key,
    start_step: record.start?.step,
    ...factRow(facts),
  }]);
  batch.replace("faults", key, []);
  batch.replace("params", key, flattenParams(key, record.params));
  batch.replace(
    "scores",
    key,
    scores.map(({ benchmark, metric, split, value, standardError }) => (
      { key, benchmark, metric, split, value, standard_error: standardError }
    )),
  );
  batch.measured.finish(key, { attempt, measurements });
}

/** The scaling curves of an experiment, in place of its former ones. */
export function putFits(batch: Batch, experiment: string, fits: readonly FitRow[]): void {
  batch.replace(
    "fits",
    experiment,
    fits.map((fit) => ({
      experiment,
      fit: fit.fit,
      cell: canonical(fit.cell),
      stage: fit.stage,
      benchmark: fit.benchmark,
      metric: fit.metric,
      split: fit.split,
      against: [fit.against].flat().map((fact) => FACTS[fact].column).join(", "),
      key: fit.key,
      form: fit.form,
      shape: fit.shape,
      points: fit.points,
      parameters: jsonText(fit.parameters),
      intervals: jsonText(fit.intervals),
      next: jsonText(fit.next),
      goodness: jsonText(fit.goodness),
      warnings: jsonText(fit.warnings),
    })),
  );
}

function factRow(facts: Facts): Row {
  return Object.fromEntries(
    Object.entries(FACTS).map(([name, { column }]: [string, FactInfo]) => [
      column,
      facts[name as keyof Facts],
    ]),
  );
}

/** JSON text; NaN and the infinities, which JSON has not, become null. */
function jsonText(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}
