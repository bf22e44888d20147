/** The command `kinds`: what kinds of tasks there are, what they take and what they measure. */
import { ExperimentError } from "../base/errors.ts";
import { greatestOf } from "../base/extremes.ts";
import { mendName } from "../experiment/check/near.ts";
import { paramsOfKind } from "../experiment/kind_params.ts";
import type { Metric } from "../base/measures.ts";
import { loadKinds } from "../graph/kinds.ts";
import type { InputRole, TaskKind } from "../graph/task.ts";
import { markdownTable } from "../report/text/markdown.ts";
import { formatTable } from "../report/text/table.ts";
import { kinds as allKinds } from "../tasks/registry.ts";
import { outputWidth, writeData, writeOutput } from "./streams.ts";

/** The options of `kinds`. */
export interface KindsOptions {
  /** For a person at a terminal, or as a part of a document. */
  readonly format: "table" | "markdown";
}

/**
 * Prints one kind in full, or all: a line each as a table, in full as Markdown.
 *
 * @throws ExperimentError "cli/no-kind"
 */
export async function kinds(name: string | undefined, { format }: KindsOptions): Promise<void> {
  const chosen = name === undefined
    ? [...(await loadKinds(allKinds)).values()]
    : [await kindOf(name)];
  if (format === "markdown") return writeData(`${chosen.map(markdownOf).join("\n\n")}\n`);
  if (name !== undefined) return writeOutput(`${chosen.map(textOf).join("\n")}\n`);
  const lines = chosen.map(({ kind, about }) => [kind, about]);
  writeOutput(`${wrapped(["kind", "what it does"], lines)}\n\nIn full: deno task kinds pretrain\n`);
}

async function kindOf(name: string): Promise<TaskKind> {
  const kind = await allKinds.get(name);
  if (kind !== undefined) return kind;
  throw new ExperimentError("cli/no-kind", `there is no kind "${name}"`, {
    mend: mendName(name, [...allKinds.keys()]),
  });
}

interface Section {
  readonly title: string;
  readonly head: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

/** What there is to say of a kind; sections without lines are left out. */
function sectionsOf(kind: TaskKind): Section[] {
  const inputs: [string, InputRole][] = Object.entries(kind.inputs);
  const metrics: [string, Metric][] = kind.metricsAbout === undefined
    ? Object.entries(kind.metrics ?? {})
    : [];
  return [
    {
      title: "inputs",
      head: ["input", "what fits", "given", "what it is"],
      lines: inputs.map(([role, { types, about, optional, many }]) => [
        role,
        `${many === true ? "any number of " : ""}${types.join(" or ")}`,
        optional === true ? "optional" : "required",
        about,
      ]),
    },
    {
      title: "parameters",
      head: ["parameter", "what it takes", "default", "what it does"],
      lines: paramsOfKind(kind).map(({ name, type, isRequired, preset, about }) => [
        name,
        type,
        isRequired ? "required" : preset === undefined ? "" : JSON.stringify(preset),
        about,
      ]),
    },
    {
      title: "outputs",
      head: ["reference", "type"],
      lines: Object.entries(kind.produces).map(([output, type]) => [
        output === "" ? "$(stages.NAME)" : `$(stages.NAME.${output})`,
        type,
      ]),
    },
    {
      title: "metrics",
      head: ["metric", "unit", "better", "what it is"],
      lines: metrics.map(([metric, { unit, better, about }]) => [
        metric,
        unit,
        better ?? "",
        about,
      ]),
    },
  ].filter(({ lines }) => lines.length > 0);
}

function textOf(kind: TaskKind): string {
  const sections = sectionsOf(kind).map(({ title, head, lines }) =>
    `\n${title}\n${wrapped(head, lines)}`
  );
  const metrics = kind.metricsAbout === undefined ? [] : [`\nmetrics\n${kind.metricsAbout}`];
  return [`${kind.kind}: ${kind.about}`, ...sections, ...metrics].join("\n");
}

function markdownOf(kind: TaskKind): string {
  const code = (text: string) => text === "" ? "" : `\`${text}\``;
  const sections = sectionsOf(kind).map(({ title, head, lines }) =>
    [
      `${title[0]!.toUpperCase()}${title.slice(1)}:`,
      "",
      markdownTable(
        head.map((name) => ({ name })),
        lines.map(([name, ...rest]) => [code(name!), ...rest]),
      ),
    ].join("\n")
  );
  const metrics = kind.metricsAbout === undefined ? [] : [`Metrics: ${kind.metricsAbout}`];
  return [`## \`${kind.kind}\``, kind.about, ...sections, ...metrics].join("\n\n");
}

/** Columns between the first and the last are no wider, the last no narrower. */
const MIDDLE_ROOM = 32;
const LEAST_ROOM = 24;

/** A table whose cells are broken into lines, so that it keeps to the terminal's width. */
function wrapped(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const last = head.length - 1;
  const natural = head.map((name, i) =>
    Math.max(name.length, greatestOf(rows.map((row) => row[i]!.length)))
  );
  const widths = natural.map((width, i) => i === 0 ? width : Math.min(width, MIDDLE_ROOM));
  const taken = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 0);
  widths[last] = Math.max(LEAST_ROOM, Math.min(outputWidth(), 120) - taken);
  const lines = rows.flatMap((row) => {
    const cells = row.map((text, column) => breakText(text, widths[column]!));
    const height = greatestOf(cells.map(({ length }) => length));
    return Array.from({ length: height }, (_, line) => cells.map((cell) => cell[line] ?? ""));
  });
  return formatTable(head, lines, { right: () => false });
}

function breakText(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line !== "" && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}
