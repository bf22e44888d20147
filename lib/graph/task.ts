/**
 * What a task is to the graph: a kind's contract, its parameters, its inputs.
 *
 * The graph hashes, merges, plans and schedules tasks by this contract alone.
 * It has never heard of BERT: kinds are written in `lib/tasks/`, one file each,
 * and the worker calls their `run`.
 */
import type { z } from "zod";
import type { Json, JsonObject } from "../base/canonical.ts";
import type { Facts } from "../base/facts.ts";
import type { Measurement, Metric, Score, ScoreName } from "../base/measures.ts";

export type { Facts } from "../base/facts.ts";

/**
 * A type of artifact: its name in keys, and how its folder is opened.
 *
 * Each stands in one module beside its domain, which also writes such folders; nobody else
 * knows what files are in them.
 */
export interface ArtifactType<Opened> {
  /** The name, such as "corpus". */
  readonly type: string;
  /** Opens a folder that holds such an artifact; only read, never written. */
  open(dir: string): Promise<Opened>;
}

/**
 * An artifact of another task that a task reads, under a role such as "vocab".
 *
 * Made by `one`, `optional` and `many` of `kind.ts`, from the type of the artifact.
 */
export interface InputRole<Opened = unknown> {
  /** The artifact types that fit, such as ["corpus"]; see `TaskKind.produces`. */
  readonly types: readonly string[];
  /** One sentence for help and for editors. */
  readonly about: string;
  /** Whether it may be left out. */
  readonly optional?: boolean;
  /** Whether a list of references may be given. */
  readonly many?: boolean;
  /**
   * Whether the order of a list means nothing: the key holds its artifacts sorted and each once,
   * and so are they given.
   */
  readonly isSet?: boolean;
  /**
   * Whether the model of the artifact is read, where its kind drops that unless somebody does;
   * "ifKept": where the task keeps a model itself.
   */
  readonly readsModel?: true | "ifKept";
  /** Whether a choice gives params here that take the place of the task's own; see `withChosen`. */
  readonly givesParams?: true;
  /**
   * Whether what stands in the role is only looked at: it is asked for by itself all the same,
   * and made anew where it is gone.
   */
  readonly looksOn?: true;
  /** Whether a task without a seed of its own is of the seed that all have who stand here. */
  readonly givesSeed?: true;
  /** Whether it is told of which training and of which seed each artifact is. */
  readonly tellsTraining?: true;
  /** Opens an artifact that stands in the role; absent where nothing is to be read. */
  open?(dir: string): Promise<Opened>;
}

/** The roles of a kind by their names in `with:`. */
export type InputRoles = Readonly<Record<string, InputRole>>;

/** What a task is given under its roles. */
export type InputsOf<Roles extends InputRoles> = {
  readonly [Name in keyof Roles]: Given<Roles[Name]>;
};

/** A list, an artifact that may be absent, or an artifact, as the role says. */
type Given<Role> = Role extends InputRole<infer Opened>
  ? Role extends { readonly many: true } ? readonly InputArtifact<Opened>[]
  : Role extends { readonly optional: true } ? InputArtifact<Opened> | undefined
  : InputArtifact<Opened>
  : never;

/** A file from outside that a parameter names; its content enters the key, its path does not. */
export interface FileParam {
  /** Where it stands in the params, such as "train"; files of one pattern share it, in order. */
  readonly path: string;
  /** The file's path as given, relative to the working directory. */
  readonly file: string;
  /** The param that names it, where that is not `path`. */
  readonly namedBy?: string;
  /** What to do where it is not there; absent: its path is to be checked. */
  readonly mend?: string;
}

/** Where a kind's outside files may lie that params name otherwise than by path. */
export interface Folders {
  /** The data folder of the spec. */
  readonly data: string;
}

/** What a task costs, for plans and budgets; unknown parts are absent. */
export interface Estimate {
  /** Optimizer updates, those of the trajectory before it counted. */
  readonly steps?: number;
  /** Tokens through the model, repetitions counted. */
  readonly tokens?: number;
  /** Floating-point operations. */
  readonly flops?: number;
  /** What the artifact takes on disk. */
  readonly bytes?: number;
}

/**
 * Where a task stands on a training trajectory that others may share.
 *
 * Tasks whose `shared` (hashed together with their inputs) is equal are points
 * of one trajectory: the one at a later step may start from an earlier one's
 * artifact and gives the same bits, so the start is no part of its key.
 */
export interface Trajectory {
  /** Every parameter that shapes the trajectory, without its end. */
  readonly shared: Json;
  /** The optimizer update at which this task's artifact stands. */
  readonly step: number;
}

/** A task as the estimate of a later one sees it. */
export interface UpstreamTask {
  /** The kind of the task, such as "shards". */
  readonly kind: string;
  /** Its complete params. */
  readonly params: JsonObject;
  /** The tasks before it. */
  readonly inputs: UpstreamInputs;
}

/** The tasks that a task reads, by role. */
export type UpstreamInputs = Readonly<Record<string, readonly UpstreamTask[]>>;

/** What is wrong with a param: where it stands, such as "schedule.warmup", and how to mend it. */
export interface ParamFault {
  /** The param. */
  readonly path: string;
  /** What is wrong; stage and axis values are said before it. */
  readonly message: string;
  /** What to do about it. */
  readonly mend: string;
  /** Whether it is odd and no fault: it is told, and the task runs all the same. */
  readonly isWarning?: true;
}

/** A kind of task: everything the graph, the spec and the worker must know of it. */
// deno-lint-ignore no-explicit-any -- the registry holds kinds of every params type
export interface TaskKind<P = any, Roles extends InputRoles = any> {
  /** The name that `uses:` gives, such as "pretrain". */
  readonly kind: string;
  /** Counted up by hand when the same inputs would give another result. */
  readonly version: number;
  /** One sentence for help and for editors. */
  readonly about: string;
  /** Checks `with:` less the input roles, and fills in defaults. */
  readonly params: z.ZodType<P>;
  /** Roles by their name in `with:`. */
  readonly inputs: Roles;
  /** Types by output name; "" is the artifact itself, others are folders of it. */
  readonly produces: Readonly<Record<string, string>>;
  /**
   * Whether it chooses among what it reads. What reads its artifact reads the chosen one, and has
   * a key once that is known: see `choices.ts`.
   */
  readonly chooses?: true;
  /**
   * Params with those that a choice gives in the place of its own: of a kind with a role that
   * `givesParams`.
   *
   * @param taken names of params that are chosen, whether or not candidates differ in them
   * @throws ExperimentError where they do not fit
   */
  withChosen?(params: P, chosen: Chosen, taken: readonly string[]): P;
  /** Whether engine and precision affect the result, and so the key. */
  readonly isNumeric: boolean;
  /**
   * Whether several of its tasks, of a numeric kind, compute side by side on a device that takes
   * one other task at a time, such as a GPU.
   */
  readonly sharesDevice?: true;
  /** Whether its artifact holds its model only where something reads that, or it is asked for. */
  readonly dropsModel?: true;
  /** The URL of the module whose graph is the kind's code, its `import.meta.url`; or several. */
  readonly entry: string | readonly string[];
  /**
   * What a schema cannot say: faults between parameters, or between them and the roles
   * that are given. Without roles those are not checked.
   */
  check?(params: P, roles?: readonly string[]): readonly ParamFault[];
  /** The params with paths of what they name otherwise, such as a model on the hub. */
  place?(params: P, folders: Folders): P;
  /** Params that only say where files are, whose content is in the key: no part of it. */
  readonly unkeyed?: readonly string[];
  /** The outside files that the params name. */
  files?(params: P): readonly FileParam[];
  /** Whether the params say what those files hold, so that a plan can be made without them. */
  isDeclared?(params: P): boolean;
  /** The trajectory this task is a point of, or why it cannot share one. */
  trajectory?(params: P): Trajectory | { readonly whyNot: string };
  /**
   * Params of a task that must come before, on a trajectory of the same kind and
   * inputs: the trunk of an annealed point. Its artifact is given as `start`.
   */
  trunk?(params: P): P | undefined;
  /**
   * The roles whose artifacts are read with what a later point of their trajectory would take
   * to start from them: state that is dropped where nobody reads it.
   */
  readsState?(params: P): readonly string[];
  /** The metrics of its scores and measurements by name; absent for kinds that measure nothing. */
  readonly metrics?: Readonly<Record<string, Metric>>;
  /** What is told of them in place of a list, where they are those of what the kind reads. */
  readonly metricsAbout?: string;
  /**
   * The scores that a task of these params will have, each a row of the results view.
   *
   * @param given the scores of what it reads
   */
  scores?(params: P, given?: GivenScores): readonly ScoreName[];
  /** Faults between params and the scores of what the task reads. */
  checkScores?(params: P, given: GivenScores): readonly ParamFault[];
  /** The seed that the results view shows. */
  seed?(params: P): number | undefined;
  /** What the task costs, as far as its params and those of the tasks before it tell. */
  estimate?(params: P, inputs: UpstreamInputs): Estimate;
  /**
   * Whether it takes less time under XLA than under the default engine, both on a CPU and with any
   * number of threads; absent: it does not.
   */
  gainsByXla?(params: P, inputs: UpstreamInputs): boolean;
  /**
   * What the artifact will take on disk, about, by the outside files, where the estimate does
   * not tell: asked of tasks that are to run alone, since it looks at the files.
   */
  bytesOf?(params: P): number | undefined;
  /** The step of the checkpoint that a run would go on from, if there is one in its scratch folder. */
  checkpointStep?(scratchDir: string): Promise<number | undefined>;
  /** Does the work, in a worker process. Heavy imports belong inside it. */
  run(context: TaskContext<P, Roles>): Promise<TaskOutcome>;
}

/** Kinds by the name that `uses:` gives: a registry, or a map of kinds that are there. */
export interface Kinds {
  /** Every name, in the order in which kinds are shown. */
  keys(): Iterable<string>;
  /** The kind of that name, or nothing. */
  get(name: string): TaskKind | Promise<TaskKind> | undefined;
}

/** An artifact as it lies in the store. */
export interface StoredArtifact {
  /** The key of the task that made it. */
  readonly key: string;
  /** The folder to read; never written. */
  readonly dir: string;
  /** What the task that made it says of it. */
  readonly facts: Facts;
}

/** An artifact that a task reads. */
export interface InputArtifact<Opened = unknown> extends StoredArtifact {
  /** What made it, and what that scored. */
  readonly made: MadeBy;
  /**
   * The training that it is a point of, or that it was made from, where its role asks for that:
   * it follows from the key.
   */
  readonly training?: string;
  /** The seed that it is of, likewise; absent where it is of none, or of several. */
  readonly seed?: number;
  /** Opens it as its role's type says; digests were checked before. */
  open(): Promise<Opened>;
}

/** The task that made an artifact. */
export interface MadeBy {
  /** Its kind. */
  readonly kind: string;
  /** Its complete params. */
  readonly params: JsonObject;
  /** What it scored. */
  readonly scores: readonly Score[];
}

/** What a choice has come to. */
export interface Chosen {
  /** The task whose artifact the choice is. */
  readonly key: string;
  /** The kind of that task; of a mean that of its cells; "" where they are of several. */
  readonly kind: string;
  /** Its params, by path; of a mean those that its cells have alike. */
  readonly recipe: Readonly<Record<string, Json>>;
  /** Those of them that the candidates do not have alike. */
  readonly params: Readonly<Record<string, Json>>;
}

/** By role, the scores that each of the stages that stand in it will have. */
export type GivenScores = Readonly<Record<string, readonly (readonly ScoreName[])[]>>;

/** What a task says of its artifact when it is done. */
export interface TaskOutcome {
  /** How far training had come. */
  readonly facts: Facts;
  /** Rows of the results view. */
  readonly scores: readonly Score[];
  /** False where no later point of the trajectory can start from the artifact. */
  readonly canGoOn?: boolean;
  /** Of a kind that drops it else: that the artifact holds the model. */
  readonly hasModel?: boolean;
  /** Of a kind that chooses: what it comes to. */
  readonly chosen?: Chosen;
}

/** What a running task tells; measurements are recorded, the rest is shown. */
export type TaskEvent =
  | {
    readonly type: "progress";
    /** What is being done, where a task does several things: "evaluating", "scoring test". */
    readonly phase?: string;
    /** How many units are done, of the phase. */
    readonly done: number;
    /** How many there will be. */
    readonly total: number;
    /** What is counted: "steps" (optimizer updates), "documents", "MB", "sentences". */
    readonly unit: string;
    readonly lossNats?: number;
    readonly tokensPerSecond?: number;
  }
  | ({ readonly type: "measurement" } & Measurement)
  | { readonly type: "warning"; readonly message: string };

/** What the worker gives a task. */
// deno-lint-ignore no-explicit-any -- a task of any kind
export interface TaskContext<P, Roles extends InputRoles = any> {
  /** Complete, as the schema gives them. */
  readonly params: P;
  /** By role: a list where it takes many, undefined where an optional one is absent. */
  readonly inputs: InputsOf<Roles>;
  /** An earlier point of the same trajectory, and its step. */
  readonly start?: StoredArtifact & { readonly step: number };
  /**
   * Whether the artifact is to hold what a later point of its trajectory takes to start from
   * it. It is no part of the key: scores and model are the same without.
   */
  readonly keepsState: boolean;
  /** Of a kind that drops it else: whether the artifact is to hold the model; no part of the key. */
  readonly keepsModel: boolean;
  /** An empty folder; what stands in it when `run` returns becomes the artifact. */
  readonly outDir: string;
  /** A folder that outlives a kill of this task, for checkpoints; deleted once it is done. */
  readonly scratchDir: string;
  /**
   * Where numbers are computed, a name of the devices, how many threads it may use, a folder for
   * what it compiles, which outlives the task, and the part of the device's memory that is its
   * own, all if absent.
   */
  readonly device: {
    readonly name: string;
    readonly threads: number;
    readonly cache?: string;
    readonly memoryShare?: number | undefined;
  };
  /**
   * Tells progress and measurements. After a resume, report again from the
   * checkpoint's step on: equal (step, name, split) replace what was there.
   */
  emit(event: TaskEvent): void;
  /** Aborted when the run is interrupted: save a checkpoint and throw its reason. */
  readonly signal: AbortSignal;
}

/** A reference to an artifact as the planner resolved it. */
export interface InputRef {
  /** The key of the task that makes it. */
  readonly key: string;
  /** The output's name, "" for the artifact itself. */
  readonly output: string;
}
