/** Why a task runs, in words: what changed since the nearest earlier task, field by field. */
import { canonical, type Json } from "../../base/canonical.ts";
import { listOf } from "../../base/list.ts";

/** One field in which two tasks differ; absent means the default, or that there is none. */
export interface ShownDifference {
  /** Such as "params.learningRate", "inputs.corpus[0]", "version". */
  readonly path: string;
  /** What the earlier task had. */
  readonly from?: Json;
  /** What the later one has. */
  readonly to?: Json;
  /** For an input: in what the tasks that made it differ. */
  readonly upstream?: readonly ShownDifference[];
}

/** Why a task runs. */
export type ShownReason =
  | { readonly type: "new" | "missing" | "damaged" | "interrupted" | "model" | "state" }
  | { readonly type: "failed"; readonly message: string; readonly run: string }
  | { readonly type: "skipped"; readonly because?: string }
  | { readonly type: "changed" | "upstream"; readonly differences: readonly ShownDifference[] }
  | { readonly type: "choice"; readonly choices: readonly string[] }
  | { readonly type: "code"; readonly where: "own" | "upstream" };

/**
 * A reason as lines of text, the first one short.
 *
 * @param labelOf what a task is called, by its key
 */
export function formatReason(reason: ShownReason, labelOf: (key: string) => string): string[] {
  switch (reason.type) {
    case "new":
      return ["new"];
    case "failed":
      return [`failed in run ${reason.run}: ${reason.message}`];
    case "skipped": {
      const { because } = reason;
      return [`skipped, as ${because === undefined ? "what it reads" : labelOf(because)} failed`];
    }
    case "interrupted":
      return ["interrupted before its end"];
    case "missing":
      return ["its artifact is gone"];
    case "damaged":
      return ["its artifact was damaged"];
    case "model":
      return ["its model was not kept, and is wanted now"];
    case "state":
      return ["its optimizer's state was not kept, and is wanted now"];
    case "choice":
      return [`follows what ${listOf(reason.choices.map(labelOf), NAMED_FIELDS)} will choose`];
    case "code":
      return [reason.where === "own" ? "its code changed" : "code upstream changed"];
    case "changed":
    case "upstream":
      return formatDifferences(reason.differences);
  }
}

/** Fields, or choices, that a reason names; of more there is a count. */
const NAMED_FIELDS = 3;

/**
 * A reason in one line: of differences upstream only those at their source, each once, with
 * the input that they came by.
 *
 * @param labelOf what a task is called, by its key
 */
export function formatReasonShortly(
  reason: ShownReason,
  labelOf: (key: string) => string,
): string {
  if (reason.type !== "changed" && reason.type !== "upstream") {
    return formatReason(reason, labelOf).join(", ");
  }
  return listOf([...new Set(sourcesOf(reason.differences))], NAMED_FIELDS);
}

function sourcesOf(differences: readonly ShownDifference[], input = ""): string[] {
  return differences.flatMap((each) => {
    if (each.upstream === undefined) return [`${input}${formatDifference(each)}`];
    const [, name] = /^inputs\.(.+?)(?:\[\d+\])?$/.exec(each.path) ?? [];
    return sourcesOf(each.upstream, `in its ${name ?? each.path}, `);
  });
}

/** Differences as lines of text: `learningRate: 0.0001 -> 0.00002`, inputs with theirs below. */
export function formatDifferences(
  differences: readonly ShownDifference[],
  indent = "",
): string[] {
  return differences.flatMap((each) => [
    `${indent}${formatDifference(each)}`,
    ...formatDifferences(each.upstream ?? [], `${indent}  `),
  ]);
}

function formatDifference({ path, from, to, upstream }: ShownDifference): string {
  const name = path.replace(/^params\./, "").replace(/\.sha256$/, " (content)");
  if (upstream !== undefined) return `${name}, because of`;
  const none = path.startsWith("params.") ? "(default)" : "(none)";
  const show = (value: Json | undefined) => value === undefined ? none : shorten(canonical(value));
  return `${name}: ${show(from)} -> ${show(to)}`;
}

/** A key or digest by its first twelve digits, any other long text cut at sixty characters. */
function shorten(text: string): string {
  const short = text.replace(/^"([0-9a-f]{12})[0-9a-f]{52}(\/[^"]*)?"$/, "$1$2");
  return short.length <= 60 ? short : `${short.slice(0, 59)}…`;
}
