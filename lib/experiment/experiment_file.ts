/**
 * The form of an experiment file, declared once.
 *
 * The check of a spec and the JSON Schema for editors both come from here. What
 * `with:` takes is each task kind's own affair.
 */
import { z } from "zod";
import { FIT_FORMS } from "../analysis/fit_forms.ts";
import { FIT_FACTS } from "../base/facts.ts";

/** A value of an axis. */
export type AxisValue = string | number | boolean;

const axisName = z.string().regex(
  /^(?!stage$)[A-Za-z_][A-Za-z0-9_]*$/,
  'write letters, digits and _, beginning with a letter, and not "stage"',
);
const stageName = z.string().regex(
  /^[A-Za-z_][A-Za-z0-9_-]*$/,
  "write letters, digits, _ and -, beginning with a letter",
);
const variableName = z.string().regex(
  /^[A-Za-z_][A-Za-z0-9_]*$/,
  "write letters, digits and _, beginning with a letter",
);
const axisValue: z.ZodType<AxisValue> = z.union([z.string(), z.number(), z.boolean()]);
const cell = z.record(z.string(), axisValue).refine(
  (values) => Object.keys(values).length > 0,
  "write axis: value pairs",
);
const variableDefault = z.union([z.string(), z.number()]);

const stage = z.strictObject({
  uses: z.string().min(1).describe("The kind of task."),
  with: z.record(z.string(), z.unknown()).optional()
    .describe("Inputs and parameters of the task."),
  over: z.array(z.string().min(1)).min(1).optional().describe(
    "Axes of which it takes all cells at once, instead of being repeated over them.",
  ),
  keepModel: z.boolean().optional().describe(
    "Whether a fine-tuned model is kept though no stage reads it, such as to be exported.",
  ),
});

const fit = z.strictObject({
  stage: z.string().min(1).describe("The stage whose scores are fitted."),
  benchmark: z.string().min(1).describe('Such as "ner", or "mlm" for held-out loss.'),
  metric: z.string().min(1).describe('Such as "f1" or "lossNats".'),
  split: z.string().min(1).describe('"validation", "dev" or "test".'),
  against: z.union([z.enum(FIT_FACTS), z.array(z.enum(FIT_FACTS)).min(1)]).describe(
    "What stands on the x axis; of a form in several variables a list, in the order of the form.",
  ),
  form: z.enum(FIT_FORMS).optional().describe(
    "The form of the curve: saturating (limit + amplitude x^-exponent) if absent; chinchilla and " +
      "kaplan against parameters and tokens, repeated-data against parameters, tokens and unique " +
      "tokens, transfer against tokens and parameters, domain-share against parameters, tokens " +
      "and the share of further tokens, loss-to-task (a score) against the held-out loss.",
  ),
  at: cell.optional().describe("Axis values that are held: only these cells are fitted."),
  by: z.array(z.string()).min(1).optional().describe("Axes for each of whose values is fitted."),
});

const sections = {
  extends: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional()
    .describe("Files that this one is laid over, relative to it; the later win."),
  name: z.string().regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
    "write letters, digits, dots, _ and -, beginning with a letter or digit",
  ).optional().describe("The experiment's name in the results; the file's name if absent."),
  about: z.string().optional().describe("One line on what the experiment asks."),
  env: z.record(
    variableName,
    z.union([
      z.null(),
      variableDefault,
      z.strictObject({
        default: z.union([z.null(), variableDefault]).optional()
          .describe("The value where the variable is not set."),
        secret: z.boolean().optional().describe(
          "Whether the value is kept out of keys, results, messages and the recorded spec.",
        ),
        about: z.string().optional(),
      }),
    ]),
  ).optional().describe(
    "Environment variables that $(env.NAME) may refer to; a default, or nothing if required.",
  ),
  axes: z.record(axisName, z.array(axisValue).min(1)).optional()
    .describe("What is swept: every axis with its values."),
  zip: z.array(z.array(z.string()).min(2)).optional()
    .describe("Groups of axes that vary together; their lists are equally long."),
  include: z.array(cell).optional()
    .describe("Cells besides the product; axes left out take all their values."),
  exclude: z.array(cell).optional()
    .describe("Cells left out: all that have these values, included ones too."),
  stages: z.record(stageName, stage)
    .refine((stages) => Object.keys(stages).length > 0, "write name: { uses: ... }")
    .describe("What is done: each stage is repeated over the axes that it depends on."),
  fits: z.record(variableName, fit).optional().describe("Scaling curves to fit."),
  budget: z.strictObject({
    steps: z.number().positive().optional().describe("Optimizer updates."),
    tokens: z.number().positive().optional().describe("Tokens trained on."),
    flops: z.number().positive().optional().describe("Floating-point operations."),
  }).optional().describe("The most that the whole experiment may cost; checked before it runs."),
  assume: z.strictObject({
    flopsPerSecond: z.number().positive().optional().describe(
      "What the machine that is to run it computes, with all that a training loses to other work.",
    ),
  }).optional().describe("What a plan goes by where nothing was recorded yet."),
  published: z.strictObject({
    file: z.string().min(1).describe(
      "A CSV table, its path relative to the file that names it: task,dataset,metric,model,value," +
        "source, values in percent.",
    ),
    benchmarks: z.record(z.string(), z.string()).describe(
      "What each of its data sets is called here, under `benchmark`; others are recorded as they are.",
    ),
    metrics: z.record(z.string(), z.string()).describe("What each of its metrics is called here."),
  }).optional().describe(
    "What others published, to stand beside what is measured here, in tables and in SQL.",
  ),
};

/** The form of an experiment file, once what it extends has been merged in. */
export const experimentForm: z.ZodType = z.strictObject(sections);

/** The form of `extends:`, which is read before anything is merged. */
export const extendsForm: z.ZodType = sections.extends;
