/**
 * The stages of a spec: their kinds, the stages that they refer to, their axes.
 *
 * A stage is repeated over the axes that it, or any stage it refers to, mentions, but for those
 * that it takes all of.
 */
import { listOf } from "../base/list.ts";
import type { SourcePosition } from "../base/errors.ts";
import { sortTopologically } from "../base/order.ts";
import { loadKinds } from "../graph/kinds.ts";
import type { ModelKeeping } from "../graph/node.ts";
import type { InputRole, InputRoles, Kinds, TaskKind } from "../graph/task.ts";
import { ExpressionFault } from "./language/expression.ts";
import type { FaultList } from "./check/fault_list.ts";
import { mendName, nearestName } from "./check/near.ts";
import { type OverAxis, readOver } from "./over.ts";
import { entriesOf, type MapEntry, type MapNode, type SpecNode, valueOf } from "./yaml/node.ts";
import {
  addExpressionFault,
  axesOf,
  type Names,
  positionIn,
  readTemplate,
  stageReferenceOf,
  type Template,
} from "./language/template.ts";

/** A reference from a stage's input role to another stage. */
export interface StageReference {
  /** The name of the stage. */
  readonly stage: string;
  /** "" for the artifact itself. */
  readonly output: string;
  /** The place of the reference. */
  readonly at: SourcePosition;
}

/** A stage whose references have been read. */
export interface Stage {
  /** Its key under `stages:`. */
  readonly name: string;
  /** What `uses` names. */
  readonly kind: TaskKind;
  /** The place of its name. */
  readonly at: SourcePosition;
  /** The place of `with`, or of its name. */
  readonly withAt: SourcePosition;
  /** What stands under `with`, roles included. */
  readonly given: MapNode;
  /** By role, every role of the kind. */
  readonly inputs: ReadonlyMap<string, readonly StageReference[]>;
  /** The roles that something is given for, right or wrong. */
  readonly givenRoles: readonly string[];
  /** `given` without its roles. */
  readonly params: MapNode;
  /** `params` with its expressions read. */
  readonly template: Template;
  /** Axes that the params mention, in the order of the grid. */
  readonly ownAxes: readonly string[];
  /** Axes that it takes all cells of. */
  readonly over: readonly OverAxis[];
  /** Where the spec asks that its model be kept; absent where it does not. */
  readonly keepModelAt?: SourcePosition;
}

/** What stages are read with. */
export interface StageOptions {
  /** Kinds of tasks by name. */
  readonly kinds: Kinds;
  /** Names of all axes, in the order of the grid. */
  readonly axes: readonly string[];
  /** What expressions may refer to besides axes. */
  readonly names: Omit<Names, "axes" | "stageMend">;
  /** Where faults go. */
  readonly faults: FaultList;
}

/** Reads every stage of known kind; faults of the others are reported. */
export async function readStages(
  root: SpecNode,
  options: StageOptions,
): Promise<ReadonlyMap<string, Stage>> {
  const used = entriesOf(valueOf(root, "stages")).flatMap(([, { value }]) => usedBy(value) ?? []);
  const known = await loadKinds(options.kinds, used);
  return new StageReader(root, options, known).read();
}

/** The kind that a stage names, if it names one. */
function usedBy(stage: SpecNode): string | undefined {
  const uses = valueOf(stage, "uses");
  const isNamed = uses?.type === "scalar" && typeof uses.value === "string" && uses.value !== "";
  return isNamed ? uses.value as string : undefined;
}

/**
 * The stages so that each comes after those it refers to.
 *
 * @returns undefined when stages refer to each other in a circle, which is reported
 */
export function orderStages(
  stages: ReadonlyMap<string, Stage>,
  faults: FaultList,
): readonly Stage[] | undefined {
  const { sorted, circles } = sortTopologically(
    stages.keys(),
    (name) => sourcesOf(stages.get(name)!).filter((source) => stages.has(source)),
  );
  for (const circle of circles) {
    const closing = [...stages.get(circle[0]!)!.inputs.values()].flat()
      .find((each) => each.stage === (circle[1] ?? circle[0]))!;
    faults.add(
      "experiment/cycle",
      `stages refer to each other in a circle: ${[...circle, circle[0]].join(" -> ")}`,
      { at: closing.at, mend: "remove one of these references" },
    );
  }
  return circles.length > 0 ? undefined : sorted.map((name) => stages.get(name)!);
}

/**
 * The axes of every stage, in the order of the grid.
 *
 * @param ordered stages, each after those it refers to
 */
export function axesOfStages(
  ordered: readonly Stage[],
  axes: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, ReadonlySet<string>>();
  for (const stage of ordered) {
    const all = new Set(stage.ownAxes);
    for (const source of sourcesOf(stage)) {
      for (const axis of found.get(source) ?? []) all.add(axis);
    }
    for (const { axis } of stage.over) all.delete(axis);
    found.set(stage.name, all);
  }
  return new Map(
    [...found].map(([name, all]) => [name, axes.filter((axis) => all.has(axis))]),
  );
}

/**
 * Why the models of stages are kept, of those that are: also where `--only` leaves out what
 * reads them, since that may be run later.
 *
 * @param ordered stages, each after those it refers to
 */
export function keptModels(ordered: readonly Stage[]): ReadonlyMap<string, ModelKeeping> {
  const kept = new Map<string, ModelKeeping>();
  for (const { name, kind, inputs, keepModelAt } of ordered.toReversed()) {
    if (keepModelAt !== undefined) kept.set(name, "asked");
    const roles: InputRoles = kind.inputs;
    for (const [role, references] of inputs) {
      const reads = roles[role]!.readsModel;
      if (reads === undefined || (reads === "ifKept" && !kept.has(name))) continue;
      for (const { stage } of references) if (!kept.has(stage)) kept.set(stage, "read");
    }
  }
  return kept;
}

/** The names of the stages that a stage refers to, each once. */
export function sourcesOf(stage: Stage): readonly string[] {
  return [...new Set([...stage.inputs.values()].flat().map((each) => each.stage))];
}

class StageReader {
  readonly #section: readonly (readonly [string, MapEntry])[];
  readonly #names: ReadonlySet<string>;
  readonly #kinds = new Map<string, TaskKind>();
  readonly #options: StageOptions;

  constructor(
    root: SpecNode,
    options: StageOptions,
    readonly known: ReadonlyMap<string, TaskKind>,
  ) {
    this.#options = options;
    this.#section = entriesOf(valueOf(root, "stages"));
    this.#names = new Set(this.#section.map(([name]) => name));
  }

  read(): ReadonlyMap<string, Stage> {
    for (const [name, { value }] of this.#section) this.#readKind(name, value);
    const stages = new Map<string, Stage>();
    for (const [name, entry] of this.#section) {
      const kind = this.#kinds.get(name);
      if (kind !== undefined) stages.set(name, this.#readStage(name, { entry, kind }));
    }
    return stages;
  }

  #readKind(name: string, stage: SpecNode): void {
    const used = usedBy(stage);
    if (used === undefined) return;
    const kind = this.known.get(used);
    if (kind !== undefined) {
      this.#kinds.set(name, kind);
      return;
    }
    this.#options.faults.add(
      "experiment/unknown-name",
      `there is no kind of task ${JSON.stringify(used)}`,
      {
        at: valueOf(stage, "uses")!.at,
        mend: mendName(used, this.#options.kinds.keys(), (near) => near),
      },
    );
  }

  #readStage(
    name: string,
    { entry, kind }: { readonly entry: MapEntry; readonly kind: TaskKind },
  ): Stage {
    const { axes, names, faults } = this.#options;
    const withEntry = entry.value.type === "map" ? entry.value.entries.get("with") : undefined;
    const withAt = withEntry?.keyAt ?? entry.keyAt;
    const given: MapNode = withEntry?.value.type === "map"
      ? withEntry.value
      : { type: "map", at: withAt, entries: new Map() };
    const inputs = new Map<string, readonly StageReference[]>();
    for (const [role, wanted] of Object.entries<InputRole>(kind.inputs)) {
      inputs.set(role, this.#readRole(role, { wanted, node: valueOf(given, role), withAt }));
    }
    const params: MapNode = {
      ...given,
      entries: new Map([...given.entries].filter(([key]) => !inputs.has(key))),
    };
    const roles = [...inputs.keys()];
    const template = readTemplate(params, {
      ...names,
      axes: new Set(axes),
      stageMend: roles.length === 0
        ? `remove it: ${kind.kind} reads no other stage`
        : `refer to stages in the inputs of ${kind.kind}: ${listOf(roles)}`,
    }, faults);
    const mentioned = axesOf(template);
    const keepModel = entry.value.type === "map" ? entry.value.entries.get("keepModel") : undefined;
    return {
      name,
      kind,
      at: entry.keyAt,
      withAt,
      given,
      inputs,
      givenRoles: roles.filter((role) => !isEmpty(valueOf(given, role))),
      params,
      template,
      ownAxes: axes.filter((axis) => mentioned.has(axis)),
      over: readOver(valueOf(entry.value, "over"), { axes, faults }),
      ...(isTrue(keepModel?.value) ? { keepModelAt: keepModel!.keyAt } : {}),
    };
  }

  #readRole(
    role: string,
    { wanted, node, withAt }: {
      readonly wanted: InputRole;
      readonly node: SpecNode | undefined;
      readonly withAt: SourcePosition;
    },
  ): readonly StageReference[] {
    if (isEmpty(node)) {
      if (wanted.optional === true) return [];
      this.#options.faults.add("experiment/missing-key", `input "${role}" is missing`, {
        at: withAt,
        mend: () => `write "${role}:" and ${this.#fitting(wanted)}`,
      });
      return [];
    }
    if (node.type === "list" && wanted.many !== true) {
      this.#options.faults.add(
        "experiment/wrong-type",
        `input "${role}" takes one reference, no list`,
        {
          at: node.at,
          mend: () => `write ${this.#fitting(wanted)}`,
        },
      );
      return [];
    }
    const items = node.type === "list" ? node.items : [node];
    return items.flatMap((item) => this.#readReference(role, { wanted, item }));
  }

  #readReference(
    role: string,
    { wanted, item }: { readonly wanted: InputRole; readonly item: SpecNode },
  ): readonly StageReference[] {
    const { faults } = this.#options;
    if (item.type === "broken") return [];
    try {
      const reference = item.type === "scalar" ? stageReferenceOf(item) : undefined;
      if (item.type === "scalar" && reference !== undefined) {
        const at = positionIn(item, reference.offset);
        const found = { stage: reference.name, output: reference.output, at };
        return this.#isFitting(role, { wanted, found }) ? [found] : [];
      }
    } catch (error) {
      if (!(error instanceof ExpressionFault) || item.type !== "scalar") throw error;
      addExpressionFault(error, item, faults);
      return [];
    }
    const text = item.type === "scalar" ? String(item.value) : "";
    const meant = text.replace(/^stages\./, "");
    const isName = this.#names.has(meant.split(".")[0]!);
    faults.add("experiment/reference", `input "${role}" must be a reference to a stage`, {
      at: item.at,
      mend: () => `write ${isName ? `$(stages.${meant})` : this.#fitting(wanted)}`,
    });
    return [];
  }

  /** Whether a stage and output are there and of a type that the role takes; reports it if not. */
  #isFitting(
    role: string,
    { wanted, found }: { readonly wanted: InputRole; readonly found: StageReference },
  ): boolean {
    const { faults } = this.#options;
    if (!this.#names.has(found.stage)) {
      faults.add("experiment/unknown-name", `there is no stage "${found.stage}"`, {
        at: found.at,
        mend: () =>
          nearestName(found.stage, this.#names) === undefined
            ? `write ${this.#fitting(wanted)}`
            : mendName(found.stage, this.#names, (near) => `stages.${near}`),
      });
      return false;
    }
    const kind = this.#kinds.get(found.stage);
    if (kind === undefined) return false; // its `uses` is reported
    const outputs = Object.keys(kind.produces).filter((output) => output !== "");
    const type = kind.produces[found.output];
    const path = found.output === "" ? found.stage : `${found.stage}.${found.output}`;
    if (!Object.hasOwn(kind.produces, found.output) || type === undefined) {
      faults.add(
        "experiment/unknown-name",
        found.output === ""
          ? `stage "${found.stage}" has no output of its own`
          : `stage "${found.stage}" has no output "${found.output}"`,
        {
          at: found.at,
          mend: outputs.length === 0
            ? `write stages.${found.stage}`
            : mendName(found.output, outputs, (near) => `stages.${found.stage}.${near}`),
        },
      );
      return false;
    }
    if (wanted.types.includes(type)) return true;
    faults.add(
      "experiment/reference",
      `input "${role}" takes ${wanted.types.join(" or ")}, but stages.${path} is ${type}`,
      { at: found.at, mend: () => `write ${this.#fitting(wanted, found.stage)}` },
    );
    return true; // it is still a reference, for axes and circles
  }

  /** The references that a role would take; of one stage where that has any. */
  #fitting(wanted: InputRole, preferred?: string): string {
    const all = this.#section.flatMap(([name]) =>
      Object.entries(this.#kinds.get(name)?.produces ?? {})
        .filter(([, type]) => wanted.types.includes(type))
        .map(([output]) => ({ name, text: referenceText(name, output) }))
    );
    const preferredOnes = all.filter((each) => each.name === preferred);
    const texts = (preferredOnes.length > 0 ? preferredOnes : all).map((each) => each.text);
    if (texts.length === 0) {
      return `$(stages.<stage>), with a stage that makes ${wanted.types.join(" or ")}`;
    }
    return texts.length === 1 ? texts[0]! : `one of ${listOf(texts)}`;
  }
}

function referenceText(stage: string, output: string): string {
  return output === "" ? `$(stages.${stage})` : `$(stages.${stage}.${output})`;
}

function isTrue(node: SpecNode | undefined): boolean {
  return node?.type === "scalar" && node.value === true;
}

function isEmpty(node: SpecNode | undefined): node is undefined {
  return node === undefined || node.type === "scalar" && node.value === null ||
    node.type === "list" && node.items.length === 0;
}
