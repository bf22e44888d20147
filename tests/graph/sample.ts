/** A small science of its own for the tests of the graph: texts, trainings, exams. */
import { z } from "zod";
import type { JsonObject } from "../../lib/base/canonical.ts";
import { buildGraph, type TaskGraph } from "../../lib/graph/build.ts";
import type { RequestRef, TaskRequest } from "../../lib/graph/request.ts";
import type { TaskKind } from "../../lib/graph/task.ts";

const contract = { version: 1, about: "for tests", entry: "none.ts", isNumeric: false } as const;

const run = () => Promise.reject(new Error("a graph never runs a task"));

interface TextParams {
  readonly sources: readonly { readonly path: string; readonly keep: number }[];
  readonly language: string;
}

/** Reads files; nothing numeric about it. */
export const text: TaskKind<TextParams> = {
  ...contract,
  kind: "text",
  params: z.strictObject({
    sources: z.array(z.strictObject({ path: z.string(), keep: z.number().default(1) })).default([]),
    language: z.string().default("en"),
  }),
  inputs: {},
  produces: { "": "text", dev: "text" },
  files: ({ sources }) =>
    sources.map(({ path }, index) => ({ path: `sources[${index}].path`, file: path })),
  run,
};

interface TrainParams {
  readonly steps: number;
  readonly learningRate: number;
  readonly decaySteps: number;
  readonly shape: "constant" | "linear";
  readonly seed: number;
}

/** Trains; with `decaySteps` it branches off a constant trunk before its end. */
export const train: TaskKind<TrainParams> = {
  ...contract,
  kind: "train",
  isNumeric: true,
  params: z.strictObject({
    steps: z.number(),
    learningRate: z.number().default(1e-4),
    decaySteps: z.number().default(0),
    shape: z.enum(["constant", "linear"]).default("constant"),
    seed: z.number().default(0),
  }),
  inputs: {
    text: { types: ["text"], about: "what it reads" },
    init: { types: ["model"], about: "where it begins", optional: true },
  },
  produces: { "": "model" },
  trajectory({ steps, ...shared }) {
    if (shared.shape === "linear") return { whyNot: "a linear decay depends on the end" };
    return { shared: { ...shared }, step: steps };
  },
  trunk({ decaySteps, steps, ...rest }) {
    return decaySteps === 0 ? undefined : { ...rest, steps: steps - decaySteps, decaySteps: 0 };
  },
  estimate: ({ steps }) => ({ steps, tokens: steps * 10, flops: steps * 1000 }),
  run,
};

/** Examines models. */
export const exam: TaskKind<{ readonly questions: number }> = {
  ...contract,
  kind: "exam",
  isNumeric: true,
  params: z.strictObject({ questions: z.number().default(20) }),
  inputs: { model: { types: ["model"], about: "who is examined", many: true } },
  produces: { "": "scores" },
  estimate: () => ({ flops: 500 }),
  run,
};

/** What a request is made of; `at` and the cell follow from the id. */
export interface Wish {
  readonly kind: TaskKind;
  readonly params?: JsonObject;
  /** Ids of requests by role, "id#output" for an output. */
  readonly inputs?: Readonly<Record<string, readonly string[]>>;
  readonly axes?: JsonObject;
  readonly stage?: string;
}

/** Requests by id, defaults of their params filled in, each at line 10 of a made-up spec. */
export function requestsOf(wishes: Readonly<Record<string, Wish>>): TaskRequest[] {
  return Object.entries(wishes).map(([id, wish]) => ({
    id,
    kind: wish.kind,
    cell: { stage: wish.stage ?? id, axes: wish.axes ?? {} },
    params: wish.kind.params.parse(wish.params ?? {}) as JsonObject,
    inputs: Object.fromEntries(
      Object.entries(wish.inputs ?? {}).map(([role, refs]) => [role, refs.map(refOf)]),
    ),
    at: { file: "spec.yaml", line: 10, column: 1 },
    positionOf: (path) => ({ file: "spec.yaml", line: 10, column: path.length }),
  }));
}

function refOf(text: string): RequestRef {
  const [request, output = ""] = text.split("#");
  return { request: request!, output };
}

/** The numerics of all tests that say nothing else. */
export const numerics = { engine: "onnx-cpu", precision: "float32" };

/** The graph of some wishes; files digest to made-up digests. */
export async function graphOf(wishes: Readonly<Record<string, Wish>>): Promise<TaskGraph> {
  return await buildGraph(requestsOf(wishes), {
    numerics,
    readFileDigest: (path) => Promise.resolve(`digest of ${path}`),
  });
}

/** The key of a request. */
export function keyOfRequest(graph: TaskGraph, id: string): string {
  const key = graph.ofRequest.get(id);
  if (key === undefined) throw new Error(`no request ${id}`);
  return key;
}
