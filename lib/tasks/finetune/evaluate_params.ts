/** What every evaluation takes, whatever the benchmark: parameters and inputs. */
import { z } from "zod";
import { type Benchmark, type Example, SCORED_PARTS } from "../../benchmarks/benchmark.ts";
import type { One } from "../../graph/kind.ts";
import type { FineTuned } from "./fine_tuned.ts";

/** The parameters of an evaluation. */
export interface EvaluateParams {
  /** What the results view calls the data set. */
  readonly benchmark: string;
  /** The parts that are scored. */
  readonly parts: readonly (typeof SCORED_PARTS)[number][];
  /** Rows a batch; absent: as in training. */
  readonly rows?: number | undefined;
  /** The most pieces of a row; absent: as in training. */
  readonly length?: number | undefined;
  /** The benchmark's own; absent ones as in training. */
  readonly [own: string]: unknown;
}

/** What an evaluation reads. */
export interface EvaluateInputs<Data> {
  /** The model. */
  readonly model: One<FineTuned>;
  /** The benchmark's data. */
  readonly data: One<Data>;
  /** No other role. */
  readonly [role: string]: One<unknown>;
}

/** Their schema, with the benchmark's own. */
export function evaluateSchema(
  { kind, params }: Pick<Benchmark<unknown, z.ZodRawShape, Example, unknown>, "kind" | "params">,
): z.ZodType<EvaluateParams> {
  const size = (least: number, about: string) =>
    z.int().min(least).optional().describe(`${about}; absent: as in training.`);
  const own = Object.entries(params).map(([name, schema]) => [name, asTrained(schema)]);
  return z.strictObject({
    benchmark: z.string().min(1).default(kind).describe(
      "What the results view calls the data set.",
    ),
    parts: z.array(z.enum(SCORED_PARTS)).min(1).default(["test"]).describe("What is scored."),
    rows: size(1, "Rows a batch"),
    length: size(8, "The most pieces of a row"),
    ...Object.fromEntries(own),
  }) as unknown as z.ZodType<EvaluateParams>;
}

/** A parameter without its default, since the model was trained with a value of it. */
function asTrained(schema: z.core.$ZodType): z.ZodType {
  const inner = (schema instanceof z.ZodDefault ? schema.unwrap() : schema) as z.ZodType;
  const about = (schema as z.ZodType).description ?? inner.description ?? "";
  return inner.optional().describe(`${about} Absent: as in training.`.trim());
}
