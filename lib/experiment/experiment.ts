/**
 * A spec file -> a checked experiment.
 *
 * All faults of a spec are found before any is reported. Each part is checked as
 * far as the faults of the parts before it allow: a broken axis does not hide a
 * misspelt parameter, and nothing is reported that merely follows from a fault.
 */
import type { JsonObject } from "../base/canonical.ts";
import type { Fault, SourcePosition } from "../base/errors.ts";
import type { Path } from "../base/path.ts";
import type { TextFile } from "../base/text_file.ts";
import type { TaskRequest } from "../graph/request.ts";
import type { Kinds, TaskKind } from "../graph/task.ts";
import { changesOf } from "./changes.ts";
import { composeSpec } from "./yaml/compose.ts";
import { Environment } from "./language/environment.ts";
import { expand, withDependencies } from "./grid/expand.ts";
import { type AxisValue, experimentForm } from "./experiment_file.ts";
import { FaultList } from "./check/fault_list.ts";
import { type FitSpec, fitsThatMatch, readFits } from "./fits.ts";
import { FIT_KIND, fitRequests, warnOfFewCells } from "./fit_requests.ts";
import { type Header, readHeader } from "./header.ts";
import { buildGrid, type Grid, project } from "./grid/grid.ts";
import { checkValue } from "./check/issues.ts";
import {
  entriesOf,
  itemsOf,
  type MapEntry,
  type MapNode,
  plainOf,
  type SpecNode,
  valueOf,
} from "./yaml/node.ts";
import { PathSet } from "./check/path_set.ts";
import { checkChoices } from "./choices.ts";
import { checkOver } from "./reductions.ts";
import { scoresOfStages } from "./scores.ts";
import { reportLeftOut, restrict } from "./grid/only.ts";
import { applyOverrides } from "./yaml/overrides.ts";
import { checkParamsOnce, paramsOfStage } from "./params.ts";
import { reportMissingFolders } from "./paths.ts";
import { warnOfSeeds } from "./seeds.ts";
import { axesOfStages, keptModels, orderStages, readStages, type Stage } from "./stages.ts";
import { resolveConstants, type Scope } from "./language/template.ts";

export type { AxisValue } from "./experiment_file.ts";
export type { FitSpec } from "./fits.ts";

/** A stage as plans and reports show it. */
export interface ExperimentStage {
  /** Its key under `stages:`. */
  readonly name: string;
  /** The kind of its tasks. */
  readonly uses: string;
  /** The axes that it is repeated over, in the order of the grid. */
  readonly axes: readonly string[];
  /** The place of its name. */
  readonly at: SourcePosition;
}

/** A checked spec: what it asks for, at every cell. */
export interface Experiment extends Header {
  /** The spec's path, absolute and without symbolic links: two specs are one if it is equal. */
  readonly file: string;
  /** The spec and what it extends as they are written, comments and all. */
  readonly files: readonly TextFile[];
  /** The variables whose values only tasks may know: see `base/secrets.ts`. */
  readonly secrets: readonly string[];
  /** What `--set` changes, by path; empty where nothing that affects a result differs. */
  readonly overrides: JsonObject;
  /** Values by axis: the declared ones, then those that `include` adds. */
  readonly axes: Readonly<Record<string, readonly AxisValue[]>>;
  /** Every stage, in the order of the spec. */
  readonly stages: readonly ExperimentStage[];
  /** The kinds that its stages and fits use, by name. */
  readonly kinds: ReadonlyMap<string, TaskKind>;
  /** Stage by stage in the order of the spec, later axes varying faster. */
  readonly requests: readonly TaskRequest[];
  /** The curves to fit. */
  readonly fits: readonly FitSpec[];
  /** What is odd but does no harm. */
  readonly warnings: readonly Fault[];
}

/** What a spec is loaded with. */
export interface LoadOptions {
  /** Kinds of tasks by the name that `uses:` gives. */
  readonly kinds: Kinds;
  /** `path=value`, as of `--set`. */
  readonly set?: readonly string[];
  /** `axis=value,value` or `stage=name`, as of `--only`. */
  readonly only?: readonly string[];
  /** Whether folders may be absent of which every stage that reads there declares what they hold. */
  readonly allowsAbsent?: boolean;
  /** The environment; the process's own if absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whether folders may be absent that variables stand for, as where nothing is read from them. */
  readonly allowsNoFolders?: boolean;
}

/**
 * Reads and checks an experiment file.
 *
 * @throws ExperimentError "experiment/..." with every fault of the spec, by place
 */
export async function loadExperiment(path: string, options: LoadOptions): Promise<Experiment> {
  const faults = new FaultList();
  const { root: composed, files } = await composeSpec(path, faults);
  const root = composed && withoutEmpty(applyOverrides(composed, options.set ?? [], faults));
  if (root === undefined) {
    faults.throwIfAny(path);
    throw new Error("a spec without faults has content");
  }
  const loaded = await new Loader(path, { root, files, faults, options }).load();
  const plain = (node: MapNode) => plainOf(withoutEmpty(node)) as JsonObject;
  const isChanged = (options.set ?? []).length > 0;
  return {
    ...loaded,
    file: await Deno.realPath(path),
    overrides: isChanged ? changesOf(plain(composed!), plain(root)) : {},
  };
}

/** The mapping without those keys of its top, and those `with`, that have no value. */
function withoutEmpty(root: MapNode): MapNode {
  const isGiven = ({ value }: MapEntry) => !(value.type === "scalar" && value.value === null);
  const entries = new Map([...root.entries].filter(([, entry]) => isGiven(entry)));
  const stages = entries.get("stages");
  if (stages?.value.type === "map") {
    const trimmed = [...stages.value.entries].map(([name, stage]): [string, MapEntry] => {
      if (stage.value.type !== "map") return [name, stage];
      const kept = new Map(
        [...stage.value.entries].filter(([key, each]) => key !== "with" || isGiven(each)),
      );
      return [name, { ...stage, value: { ...stage.value, entries: kept } }];
    });
    entries.set("stages", { ...stages, value: { ...stages.value, entries: new Map(trimmed) } });
  }
  return { ...root, entries };
}

/** Sections in which no cell is at hand, so that expressions know variables only. */
const CONSTANT_SECTIONS = new Set([
  "axes",
  "zip",
  "include",
  "exclude",
  "fits",
  "budget",
  "assume",
  "published",
]);

/** Stages times their cells. */
const MAX_REQUESTS = 250_000;
/** Characters that all texts with expressions in them may make at all cells. */
const MAX_TEXT = 50_000_000;

class Loader {
  readonly #file: string;
  readonly #root: MapNode;
  readonly #faults: FaultList;
  readonly #warnings = new FaultList();
  readonly #options: LoadOptions;
  readonly #files: readonly TextFile[];
  readonly #environment: Environment;
  /** By stage and variable, the folders that variables stand for in paths. */
  readonly #folders = new Map<string, Map<string, string>>();
  #unsound = new PathSet([]);

  constructor(
    file: string,
    { root, files, faults, options }: {
      readonly root: MapNode;
      readonly files: readonly TextFile[];
      readonly faults: FaultList;
      readonly options: LoadOptions;
    },
  ) {
    this.#file = file;
    this.#files = files;
    this.#faults = faults;
    this.#options = options;
    this.#environment = new Environment(valueOf(root, "env"), {
      valueOf: (name) => options.env === undefined ? Deno.env.get(name) : options.env[name],
      faults,
    });
    this.#root = this.#resolved(root);
  }

  async load(): Promise<Omit<Experiment, "file" | "overrides">> {
    this.#checkForm();
    const faults = this.#faults;
    const isSound = this.#isSound;
    const grid = buildGrid(this.#root, { faults, warnings: this.#warnings, isSound });
    const axes = entriesOf(valueOf(this.#root, "axes")).map(([axis]) => axis);
    const stages = await readStages(this.#root, {
      kinds: this.#options.kinds,
      axes,
      names: { env: this.#environment.values, onVariable: this.#environment.use },
      faults,
    });
    const paramsOf = this.#checkParams(stages, grid);
    const ordered = orderStages(stages, faults);
    const axesOf = ordered === undefined ? undefined : axesOfStages(ordered, axes);
    if (axesOf !== undefined) {
      checkOver(stages.values(), { axesOf, grid, faults, warnings: this.#warnings });
    }
    const scores = ordered && scoresOfStages(ordered, { paramsOf, grid, faults });
    if (ordered !== undefined) checkChoices(ordered, { faults, warnings: this.#warnings });
    const names = new Set(entriesOf(valueOf(this.#root, "stages")).map(([name]) => name));
    const fits = readFits(this.#root, {
      stages: names,
      axesOf,
      scoresOf: (name) => scores?.get(name),
      grid,
      faults,
      isSound,
    });
    const restriction = grid === undefined
      ? undefined
      : restrict(this.#options.only ?? [], { grid, stages: names, faults });
    this.#environment.reportUnset(faults);
    faults.throwIfAny(this.#file);
    if (grid === undefined || restriction === undefined || axesOf === undefined) {
      throw new Error("a spec without faults has a grid and an order of stages");
    }
    this.#checkCount([...stages.values()], { axesOf, grid });
    const expanded = expand({
      stages: ordered ?? [],
      axesOf,
      grid: restriction.grid,
      whole: grid,
      paramsOf,
      keptModels: keptModels(ordered ?? []),
    });
    const all = [...stages.keys()].flatMap((name) => expanded.requests.get(name)!);
    reportLeftOut(expanded, { restriction, faults, warnings: this.#warnings });
    faults.throwIfAny(this.#file);
    const requests = restriction.stages === undefined
      ? all
      : withDependencies(all, restriction.stages);
    const { allowsAbsent = false } = this.#options;
    const used = new Set(
      requests.filter(({ kind, params }) => !allowsAbsent || kind.isDeclared?.(params) !== true)
        .map(({ cell }) => cell.stage),
    );
    const folders = [...used].flatMap((stage) => [...this.#folders.get(stage) ?? []]);
    if (this.#options.allowsNoFolders !== true) {
      await reportMissingFolders(new Map(folders), { environment: this.#environment, faults });
    }
    faults.throwIfAny(this.#file);
    warnOfSeeds(ordered ?? [], this.#warnings);
    this.#warn(axesOf);
    const matching = fitsThatMatch(fits, requests, this.#warnings);
    // What --only leaves out is not the spec's fault.
    if ((this.#options.only ?? []).length === 0) warnOfFewCells(matching, requests, this.#warnings);
    const fitKind = matching.length > 0 ? await this.#options.kinds.get(FIT_KIND) : undefined;
    const kinds = [...stages.values()].map(({ kind }) => kind).concat(fitKind ?? []);
    return {
      ...readHeader(this.#root, this.#file),
      files: this.#files,
      secrets: this.#environment.secrets,
      axes: Object.fromEntries(grid.values),
      stages: [...stages.values()].map(({ name, kind, at }) => ({
        name,
        uses: kind.kind,
        axes: axesOf.get(name)!,
        at,
      })),
      kinds: new Map(kinds.map((each) => [each.kind, each])),
      requests: [...requests, ...this.#fitRequests(matching, { requests, kind: fitKind })],
      fits: matching,
      warnings: this.#warnings.sorted(this.#file),
    };
  }

  /** None under `--only`: a curve through a part would pass for that of the whole. */
  #fitRequests(
    fits: readonly FitSpec[],
    { requests, kind }: {
      readonly requests: readonly TaskRequest[];
      readonly kind: TaskKind | undefined;
    },
  ): readonly TaskRequest[] {
    if (kind === undefined || (this.#options.only ?? []).length > 0) return [];
    return fitRequests(fits, requests, kind);
  }

  readonly #isSound = (...path: Path): boolean => !this.#unsound.overlaps(path);

  #resolved(root: MapNode): MapNode {
    const names = {
      axes: undefined,
      env: this.#environment.values,
      isOpen: (name: string) => this.#environment.variables.get(name)?.isSecret !== true,
      onVariable: this.#environment.use,
      stageMend: "write the value itself; only env.<VARIABLE> is known here",
    };
    const entries = [...root.entries].map(([key, entry]): [string, MapEntry] =>
      CONSTANT_SECTIONS.has(key)
        ? [key, { ...entry, value: resolveConstants(entry.value, names, this.#faults) }]
        : [key, entry]
    );
    return { ...root, entries: new Map(entries) };
  }

  #checkForm(): void {
    const broken: Path[] = [];
    const result = checkValue({
      schema: experimentForm,
      root: this.#root,
      value: plainOf(this.#root, broken),
      broken,
      ownerAt: this.#root.at,
      faults: this.#faults,
    });
    if (!result.isSound) this.#unsound = new PathSet(result.paths);
  }

  #checkParams(
    stages: ReadonlyMap<string, Stage>,
    grid: Grid | undefined,
  ): ReadonlyMap<string, ReadonlyMap<string, JsonObject>> {
    const env = this.#environment.values;
    const room = { characters: MAX_TEXT };
    const axes = entriesOf(valueOf(this.#root, "axes"));
    const options = {
      env,
      faults: this.#faults,
      warnings: this.#warnings,
      paths: {
        environment: this.#environment,
        axisAt: new Map(axes.map(([axis, { keyAt }]) => [axis, keyAt])),
      },
      folders: this.#folders,
      room,
    };
    const checked = new Map<string, ReadonlyMap<string, JsonObject>>();
    const scope = grid === undefined ? this.#firstValues() : new Map();
    for (const [name, stage] of stages) {
      if (grid === undefined) checkParamsOnce(stage, scope, options);
      else checked.set(name, paramsOfStage(stage, grid, options));
    }
    return checked;
  }

  /** Each axis's first value, to check with while the grid is unknown. */
  #firstValues(): Scope {
    const first = (node: SpecNode) =>
      itemsOf(node).find((item) => item.type === "scalar" && item.value !== null);
    return new Map(
      entriesOf(valueOf(this.#root, "axes")).map(([axis, { value }]) => {
        const node = first(value);
        return [axis, node?.type === "scalar" ? node.value as AxisValue : undefined];
      }),
    );
  }

  /** Refuses more tasks than anybody means, before they are made. */
  #checkCount(
    stages: readonly Stage[],
    { axesOf, grid }: {
      readonly axesOf: ReadonlyMap<string, readonly string[]>;
      readonly grid: Grid;
    },
  ): void {
    let count = 0;
    for (const { name } of stages) count += project(grid, axesOf.get(name)!).length;
    if (count <= MAX_REQUESTS) return;
    this.#faults.add("experiment/too-large", `the stages make ${count} tasks at their cells`, {
      at: this.#root.entries.get("stages")!.keyAt,
      mend: `remove values of axes, or stages, until there are at most ${MAX_REQUESTS} tasks`,
    });
    this.#faults.throwIfAny(this.#file);
  }

  #warn(axesOf: ReadonlyMap<string, readonly string[]>): void {
    const used = new Set([...axesOf.values()].flat());
    for (const [axis, { keyAt }] of entriesOf(valueOf(this.#root, "axes"))) {
      if (used.has(axis)) continue;
      this.#warnings.add("experiment/unused", `no stage refers to the axis ${axis}`, {
        at: keyAt,
        mend: `remove it, or refer to it as $(axis.${axis})`,
      });
    }
    this.#environment.reportUnused(this.#warnings);
  }
}
