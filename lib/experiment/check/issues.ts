/**
 * Checks a value against a zod schema and says each issue as a located fault.
 *
 * zod knows values and paths; this finds the place in the file, words what is
 * wrong, and proposes a mend: a near name, the number that `1_000` meant.
 */
import type { z } from "zod";
import type { SourcePosition } from "../../base/errors.ts";
import { formatPath, type Path } from "../../base/path.ts";
import type { FaultList } from "./fault_list.ts";
import { mendName, nearestName } from "./near.ts";
import { locate, type SpecNode } from "../yaml/node.ts";
import { PathSet } from "./path_set.ts";
import { unknownKeys } from "./schema_walk.ts";
import { asNoun, demandOf, isStock, quoted, shown, typeMend } from "./wording.ts";

/** A value to check, and where what it says stands. */
export interface ValueCheck<T> {
  /** What the value must be. */
  readonly schema: z.ZodType<T>;
  /** The tree that the value was made from. */
  readonly root: SpecNode | undefined;
  /** The value. */
  readonly value: unknown;
  /** Places whose faults are reported already; nothing more is said of them. */
  readonly broken: readonly Path[];
  /** The place of the key that holds the value. */
  readonly ownerAt: SourcePosition;
  /** What the value is called in messages; paths inside it are shown alone if absent. */
  readonly label?: string;
  /** Further keys that the top of the value might have meant. */
  readonly otherKeys?: readonly string[];
  /** Said after a value, such as " at steps=100". */
  readonly note?: (path: Path) => string;
  /** Where faults go. */
  readonly faults: FaultList;
}

/** A value that passed, or the paths of what did not. */
export type ValueChecked<T> =
  | { readonly isSound: true; readonly value: T }
  | { readonly isSound: false; readonly paths: readonly Path[] };

type Issue = z.core.$ZodIssue;

/** Checks a value; its faults go to `check.faults`. */
export function checkValue<T>(check: ValueCheck<T>): ValueChecked<T> {
  const reporter = new Reporter(check as ValueCheck<unknown>);
  for (const { path, key, known } of unknownKeys(check.schema, check.value)) {
    reporter.unknownKey(path, key, known);
    if (check.faults.isFull) break;
  }
  const parsed = check.schema.safeParse(check.value);
  for (const issue of parsed.error?.issues ?? []) {
    reporter.issue(issue, []);
    if (check.faults.isFull) break;
  }
  if (parsed.success && reporter.paths.length === 0 && check.broken.length === 0) {
    return { isSound: true, value: parsed.data };
  }
  if (reporter.paths.length === 0 && check.broken.length === 0) {
    throw new Error("a value failed its check and no fault says why");
  }
  return { isSound: false, paths: [...reporter.paths, ...check.broken] };
}

class Reporter {
  readonly paths: Path[] = [];
  /** Keys that unknown ones were probably meant as; that they are missing follows from that. */
  readonly #meant = new Set<string>();
  readonly #check: ValueCheck<unknown>;
  readonly #broken: PathSet;

  constructor(check: ValueCheck<unknown>) {
    this.#check = check;
    this.#broken = new PathSet(check.broken);
  }

  unknownKey(path: Path, key: string, known: readonly string[]): void {
    const names = path.length === 0 ? [...known, ...this.#check.otherKeys ?? []] : known;
    const { keyAt } = locate(this.#check.root, [...path, key], this.#check.ownerAt);
    this.paths.push([...path, key]);
    const near = nearestName(key, names);
    if (near !== undefined) this.#meant.add(formatPath([...path, near]));
    this.#check.faults.add("experiment/unknown-key", `cannot read key ${JSON.stringify(key)}`, {
      at: keyAt,
      mend: mendName(key, names),
    });
  }

  issue(issue: Issue, prefix: Path): void {
    const path = [...prefix, ...issue.path as (string | number)[]];
    if (issue.code === "unrecognized_keys") return this.#extraKeys(issue, path);
    if (this.#broken.overlaps(path)) return;
    switch (issue.code) {
      case "invalid_union":
        return this.#union(issue, path);
      case "invalid_key":
        return this.#key(issue, path);
      default:
        return this.#value(issue, path);
    }
  }

  #key(issue: Issue & { code: "invalid_key" }, path: Path): void {
    const { keyAt } = locate(this.#check.root, path, this.#check.ownerAt);
    this.paths.push(path);
    this.#check.faults.add(
      "experiment/value",
      `cannot take the name ${JSON.stringify(path.at(-1) ?? "")}`,
      { at: keyAt, mend: issue.issues[0]?.message ?? "write another name" },
    );
  }

  #union(issue: Issue & { code: "invalid_union" }, path: Path): void {
    const tag = issue as { discriminator?: string; options?: readonly unknown[] };
    if (tag.discriminator !== undefined && issue.errors.length === 0) {
      const { node } = locate(this.#check.root, path, this.#check.ownerAt);
      const isInside = path.at(-1) === tag.discriminator;
      const tagPath = isInside || node?.type !== "map" ? path : [...path, tag.discriminator];
      return this.#value(
        { code: "invalid_value", values: tag.options ?? [], path: [], message: "Invalid" } as never,
        tagPath,
      );
    }
    // Alternatives that the value has at least the type of; the nearest speaks for them.
    const inside = issue.errors.filter((issues) =>
      issues.every((each) => each.path.length > 0 || each.code === "unrecognized_keys")
    ).sort((a, b) => a.length - b.length);
    const missing = inside.map((issues) => this.#missingKey(issues as Issue[], path));
    if (missing.length > 1 && missing.every((key) => key !== undefined)) {
      if (missing.some((key) => this.#meant.has(formatPath([...path, key])))) return;
      return this.#report(path, `a mapping with ${quoted(missing)}`, "experiment/missing-key");
    }
    if (inside.length > 0) {
      for (const each of inside[0]!) this.issue(each as Issue, path);
      return;
    }
    // One of some values or a list of such: of a single value the former is meant.
    const { node } = locate(this.#check.root, path, this.#check.ownerAt);
    const [single, ...others] = issue.errors.map((issues) => issues[0]);
    const isListBeside = others.length > 0 &&
      others.every((each) => each?.code === "invalid_type" && each.expected === "array");
    if (node?.type === "scalar" && isListBeside && single?.code === "invalid_value") {
      return this.#value(single as Issue, path);
    }
    const outside = issue.errors.map((issues) => issues.find((each) => each.path.length === 0));
    const wants = outside.flatMap((each) => each === undefined ? [] : [demandOf(each as Issue)]);
    const demand = wants.length === 0 ? "another value" : [...new Set(wants)].join(" or ");
    this.#report(path, demand, "experiment/wrong-type");
  }

  /** The key, if an alternative lacks one key, and but for unknown ones all else is right. */
  #missingKey(issues: readonly Issue[], path: Path): string | undefined {
    const [issue, ...others] = issues.filter((each) => each.code !== "unrecognized_keys");
    if (others.length > 0 || issue?.path.length !== 1) return undefined;
    const inside = [...path, ...issue.path as (string | number)[]];
    const { node } = locate(this.#check.root, inside, this.#check.ownerAt);
    return node === undefined ? String(issue.path[0]) : undefined;
  }

  /** Keys that only one of several alternatives knows, and not the one that is meant. */
  #extraKeys(issue: Issue & { code: "unrecognized_keys" }, path: Path): void {
    const reported = new PathSet(this.paths);
    for (const key of issue.keys) {
      const inside = [...path, key];
      if (reported.has(inside)) continue;
      const { keyAt } = locate(this.#check.root, inside, this.#check.ownerAt);
      this.paths.push(inside);
      this.#check.faults.add(
        "experiment/unknown-key",
        `cannot read key "${key}" beside the others`,
        {
          at: keyAt,
          mend: "remove it, or the others",
        },
      );
    }
  }

  #value(issue: Issue, path: Path): void {
    const isType = issue.code === "invalid_type";
    if (issue.code === "invalid_value") return this.#choice(issue, path);
    if (issue.code === "custom" || !isStock(issue.message)) return this.#custom(issue, path);
    this.#report(path, demandOf(issue), isType ? "experiment/wrong-type" : "experiment/value");
  }

  #choice(issue: Issue & { code: "invalid_value" }, path: Path): void {
    const { node } = locate(this.#check.root, path, this.#check.ownerAt);
    const value = node?.type === "scalar" ? node.value : undefined;
    const near = typeof value === "string"
      ? nearestName(value, issue.values.filter((each) => typeof each === "string"))
      : undefined;
    this.#report(
      path,
      demandOf(issue),
      "experiment/value",
      near === undefined ? undefined : `write "${near}"`,
    );
  }

  #custom(issue: Issue, path: Path): void {
    const { at, node } = locate(this.#check.root, path, this.#check.ownerAt);
    if (node === undefined) return this.#report(path, demandOf(issue), "experiment/missing-key");
    this.paths.push(path);
    // A message of ours that begins with "write" says the mend, any other says the fault.
    const isMend = issue.message.startsWith("write ");
    const what = `${this.#name(path)} is ${shown(valueAt(this.#check.value, path))}`;
    const why = isMend ? "" : `: ${issue.message}`;
    this.#check.faults.add("experiment/value", `${what}${this.#note(path)}${why}`, {
      at,
      mend: isMend ? issue.message : "write another value",
      subject: formatPath(path),
    });
  }

  #report(
    path: Path,
    demand: string,
    code: "experiment/wrong-type" | "experiment/value" | "experiment/missing-key",
    mend?: string,
  ): void {
    const { faults, ownerAt, root } = this.#check;
    const { node, at, keyAt } = locate(root, path, ownerAt);
    this.paths.push(path);
    if (node === undefined) {
      if (this.#meant.has(formatPath(path))) return;
      const key = String(path.at(-1) ?? this.#check.label ?? "");
      const owner = path.length > 1 ? ` in ${this.#name(path.slice(0, -1))}` : "";
      faults.add("experiment/missing-key", `key "${key}" is missing${owner}`, {
        at: keyAt,
        mend: `write "${key}:" and ${demand}`,
        subject: formatPath(path),
      });
      return;
    }
    const value = valueAt(this.#check.value, path);
    faults.add(
      code,
      `${this.#name(path)} is ${shown(value)}${this.#note(path)}, but must be ${demand}`,
      {
        at,
        mend: mend ?? typeMend(value, node, demand) ?? `write ${asNoun(demand)}`,
        subject: formatPath(path),
      },
    );
  }

  #name(path: Path): string {
    const inside = formatPath(path);
    const { label } = this.#check;
    if (label === undefined) return JSON.stringify(inside);
    const dot = inside === "" || inside.startsWith("[") ? "" : ".";
    return JSON.stringify(`${label}${dot}${inside}`);
  }

  #note(path: Path): string {
    return this.#check.note?.(path) ?? "";
  }
}

function valueAt(value: unknown, path: Path): unknown {
  let inside = value;
  for (const step of path) {
    inside = (inside as Record<string | number, unknown> | undefined)?.[step];
  }
  return inside;
}
