/**
 * Values with `$(...)` in them: read once a stage, evaluated at every cell.
 *
 * `$(axis.x)` alone keeps the value's type, arithmetic gives a number, and within
 * longer text either is written out. `$$(` stands for `$(`.
 */
import type { SourcePosition } from "../../base/errors.ts";
import type { Path } from "../../base/path.ts";
import type { AxisValue } from "../experiment_file.ts";
import {
  evaluateExpression,
  type Expression,
  ExpressionFault,
  parseExpression,
  type Reference,
  referencesOf,
} from "./expression.ts";
import type { FaultList } from "../check/fault_list.ts";
import { mendName } from "../check/near.ts";
import { shown } from "../check/wording.ts";
import { plainOf, type ScalarNode, type SpecNode } from "../yaml/node.ts";

/** The names that may be referred to, and what they stand for. */
export interface Names {
  /** Names of axes; undefined where axes cannot be referred to. */
  readonly axes: ReadonlySet<string> | undefined;
  /** Values of environment variables; undefined of those that are required and not set. */
  readonly env: ReadonlyMap<string, string | undefined>;
  /** Whether a variable may be referred to here; every one may if absent. */
  readonly isOpen?: (name: string) => boolean;
  /** Called for every variable that is referred to. */
  readonly onVariable?: (name: string) => void;
  /** How to mend a reference to a stage, which is no value. */
  readonly stageMend: string;
}

/** Values of axes at a cell; undefined of an axis whose values are faulty. */
export type Scope = ReadonlyMap<string, AxisValue | undefined>;

/** A tree whose expressions have been read. */
export type Template =
  | { readonly type: "constant"; readonly value: unknown }
  | { readonly type: "broken" }
  | { readonly type: "text"; readonly node: ScalarNode; readonly parts: readonly TextPart[] }
  | { readonly type: "list"; readonly items: readonly Template[] }
  | { readonly type: "map"; readonly entries: readonly (readonly [string, Template])[] };

/** Literal text, or an expression whose value takes its place. */
export type TextPart = string | Expression;

/** Reads the expressions of a tree; checks every name in them. */
export function readTemplate(node: SpecNode, names: Names, faults: FaultList): Template {
  switch (node.type) {
    case "broken":
      return { type: "broken" };
    case "scalar":
      return readText(node, names, faults);
    case "list": {
      const items = node.items.map((item) => readTemplate(item, names, faults));
      return items.every(isConstant)
        ? { type: "constant", value: plainOf(node) }
        : { type: "list", items };
    }
    case "map": {
      const entries = [...node.entries].map(([key, entry]) =>
        [key, readTemplate(entry.value, names, faults)] as const
      );
      return entries.every(([, each]) => isConstant(each))
        ? { type: "constant", value: plainOf(node) }
        : { type: "map", entries };
    }
  }
}

/** The axes that a template's value depends on. */
export function axesOf(template: Template): ReadonlySet<string> {
  const axes = new Set<string>();
  collectAxes(template, axes);
  return axes;
}

/** The template at a path, or the nearest above it. */
export function templateAt(template: Template, path: Path): Template {
  let inside = template;
  for (const step of path) {
    const next: Template | undefined = inside.type === "list"
      ? inside.items[Number(step)]
      : inside.type === "map"
      ? inside.entries.find(([key]) => key === step)?.[1]
      : undefined;
    if (next === undefined) return inside;
    inside = next;
  }
  return inside;
}

/** What is left of the characters that all evaluations together may make. */
export interface Room {
  /** Goes down with every text that is made. */
  characters: number;
}

/** Where an evaluation puts what it cannot evaluate. */
export interface Evaluation {
  /** Values of environment variables. */
  readonly env: ReadonlyMap<string, string | undefined>;
  /** Receives the paths of broken parts. */
  readonly broken: Path[];
  /** How many more characters of text may be made; without a limit if absent. */
  readonly room?: Room;
  /** Where faults go. */
  readonly faults: FaultList;
}

/** The value of a template at a cell; broken parts are `undefined`. */
export function evaluateTemplate(
  template: Template,
  scope: Scope,
  evaluation: Evaluation,
  path: Path = [],
): unknown {
  switch (template.type) {
    case "constant":
      return template.value;
    case "broken":
      evaluation.broken.push(path);
      return undefined;
    case "list":
      return template.items.map((item, index) =>
        evaluateTemplate(item, scope, evaluation, [...path, index])
      );
    case "map":
      return Object.fromEntries(template.entries.map(([key, each]) => [
        key,
        evaluateTemplate(each, scope, evaluation, [...path, key]),
      ]));
    case "text": {
      const value = evaluateText(template, scope, evaluation);
      if (value === undefined) evaluation.broken.push(path);
      return value;
    }
  }
}

/**
 * The stage that a node refers to, if it is one lone `$(stages...)`.
 *
 * @throws ExpressionFault when it holds an expression that cannot be read
 */
export function stageReferenceOf(node: ScalarNode): Reference | undefined {
  const text = node.value;
  if (typeof text !== "string" || !text.trimStart().startsWith("$(")) return undefined;
  const { expression, end } = parseExpression(text, text.indexOf("$(") + 2);
  const isLone = text.slice(end).trim() === "";
  return isLone && expression.type === "reference" && expression.space === "stages"
    ? expression
    : undefined;
}

/** The tree with the expressions in it replaced by what they stand for, outside of any cell. */
export function resolveConstants(node: SpecNode, names: Names, faults: FaultList): SpecNode {
  switch (node.type) {
    case "broken":
      return node;
    case "list":
      return { ...node, items: node.items.map((item) => resolveConstants(item, names, faults)) };
    case "map":
      return {
        ...node,
        entries: new Map(
          [...node.entries].map(([key, { keyAt, value }]) => [
            key,
            { keyAt, value: resolveConstants(value, names, faults) },
          ]),
        ),
      };
    case "scalar": {
      const template = readTemplate(node, names, faults);
      if (template.type === "constant" && template.value === node.value) return node;
      const value = evaluateTemplate(template, new Map(), { env: names.env, broken: [], faults });
      return value === undefined
        ? { type: "broken", at: node.at }
        : { ...node, value: value as AxisValue };
    }
  }
}

/** The place of a character of a scalar's text; the scalar's own where that cannot be told. */
export function positionIn(node: ScalarNode, offset: number): SourcePosition {
  if (node.at.column === undefined || node.raw.includes("\n")) return node.at;
  const start = node.raw === node.value ? 0 : node.raw.slice(1, -1) === node.value ? 1 : undefined;
  return start === undefined ? node.at : { ...node.at, column: node.at.column + start + offset };
}

function isConstant(template: Template): boolean {
  return template.type === "constant";
}

function readText(node: ScalarNode, names: Names, faults: FaultList): Template {
  const text = node.value;
  if (typeof text !== "string" || !text.includes("$(")) return { type: "constant", value: text };
  const parts: TextPart[] = [];
  let isSound = true;
  let done = 0;
  while (done < text.length) {
    const start = text.indexOf("$(", done);
    if (start < 0) break;
    if (text[start - 1] === "$") {
      parts.push(text.slice(done, start - 1), "$(");
      done = start + 2;
      continue;
    }
    if (start > done) parts.push(text.slice(done, start));
    try {
      const { expression, end } = parseExpression(text, start + 2);
      for (const reference of referencesOf(expression)) {
        isSound = isNamed(reference, { node, names, faults }) && isSound;
      }
      parts.push(expression);
      done = end;
    } catch (error) {
      addExpressionFault(error, node, faults);
      return { type: "broken" };
    }
  }
  if (done < text.length) parts.push(text.slice(done));
  if (!isSound) return { type: "broken" };
  return parts.every((part) => typeof part === "string")
    ? { type: "constant", value: parts.join("") }
    : { type: "text", node, parts };
}

interface Reading {
  readonly node: ScalarNode;
  readonly names: Names;
  readonly faults: FaultList;
}

/** Whether a reference names something that is there; reports it if not. */
function isNamed(reference: Reference, { node, names, faults }: Reading): boolean {
  const { space, name } = reference;
  if (space === "env") {
    names.onVariable?.(name);
    if (names.isOpen?.(name) === false) {
      faults.add("experiment/reference", `the secret ${name} cannot be referred to here`, {
        at: positionIn(node, reference.offset),
        mend: "refer to it in the params of a stage: all else is shown and recorded",
      });
      return false;
    }
    // A variable that is not set is reported where it is declared.
    if (names.env.has(name)) return names.env.get(name) !== undefined;
    const at = positionIn(node, reference.offset);
    faults.add("experiment/unknown-name", `there is no variable "${name}" under env`, {
      at,
      mend: names.env.size === 0
        ? `declare it: write "env: { ${name}: null }" at the top`
        : mendName(name, names.env.keys(), (near) => `env.${near}`),
    });
    return false;
  }
  if (space === "axis") {
    if (names.axes?.has(name)) return true;
    const at = positionIn(node, reference.offset);
    if (names.axes === undefined) {
      faults.add("experiment/reference", "an axis cannot be referred to here", {
        at,
        mend: "write the value itself; only env.<VARIABLE> is known here",
      });
    } else {
      faults.add("experiment/unknown-name", `there is no axis "${name}"`, {
        at,
        mend: names.axes.size === 0
          ? `write "axes: { ${name}: [...] }" at the top`
          : mendName(name, names.axes, (near) => `axis.${near}`),
      });
    }
    return false;
  }
  faults.add("experiment/reference", "a stage cannot be referred to here", {
    at: positionIn(node, reference.offset),
    mend: names.stageMend,
  });
  return false;
}

function evaluateText(
  { node, parts }: Template & { type: "text" },
  scope: Scope,
  { env, faults, room }: Evaluation,
): AxisValue | undefined {
  if (room !== undefined && room.characters < 0) return undefined;
  try {
    const values = parts.map((part) =>
      typeof part === "string" ? part : evaluatePart(part, scope, env)
    );
    if (values.some((each) => each === undefined)) return undefined;
    if (room !== undefined) {
      for (const each of values) room.characters -= String(each).length;
      if (room.characters < 0) {
        faults.add("experiment/too-large", "texts with $(...) in them become too long here", {
          at: node.at,
          mend: "refer to shorter values, or less often",
        });
        return undefined;
      }
    }
    return values.length === 1 ? values[0] : values.join("");
  } catch (error) {
    addExpressionFault(error, node, faults);
    return undefined;
  }
}

function evaluatePart(
  expression: Expression,
  scope: Scope,
  env: ReadonlyMap<string, string | undefined>,
): AxisValue | undefined {
  const valueOf = ({ space, name }: Reference) => space === "env" ? env.get(name) : scope.get(name);
  if (expression.type === "reference") return valueOf(expression);
  if (referencesOf(expression).some((each) => valueOf(each) === undefined)) return undefined;
  return evaluateExpression(expression, (reference) => {
    const value = valueOf(reference);
    if (typeof value === "number") return value;
    const isNumeral = reference.space === "env" && typeof value === "string" &&
      /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(value);
    if (isNumeral) return Number(value);
    throw new ExpressionFault(
      reference.offset,
      `${reference.space}.${reference.name} is ${shown(value)}, not a number`,
      "use numbers only in arithmetic",
    );
  });
}

/** Adds an ExpressionFault to the faults of a spec; throws any other error on. */
export function addExpressionFault(error: unknown, node: ScalarNode, faults: FaultList): void {
  if (!(error instanceof ExpressionFault)) throw error;
  faults.add("experiment/expression", error.message, {
    at: positionIn(node, error.offset),
    mend: error.mend,
    subject: "expression",
  });
}

function collectAxes(template: Template, axes: Set<string>): void {
  if (template.type === "list") { for (const item of template.items) collectAxes(item, axes); }
  if (template.type === "map") { for (const [, each] of template.entries) collectAxes(each, axes); }
  if (template.type !== "text") return;
  for (const part of template.parts) {
    if (typeof part === "string") continue;
    for (const { space, name } of referencesOf(part)) if (space === "axis") axes.add(name);
  }
}
