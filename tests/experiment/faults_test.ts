/** What a person can get wrong in a spec, and exactly what they are told. */
import assert from "node:assert/strict";
import { exitCodeOf } from "../../lib/cli/exit.ts";
import { ExperimentError } from "../../lib/base/errors.ts";
import { loadExperiment } from "../../lib/experiment/experiment.ts";
import { kinds } from "./_kinds.ts";
import { faultsOf, STAGES, type TestOptions } from "./_load.ts";
import { TempDir } from "../_support/temp_dir.ts";

interface Case {
  readonly name: string;
  readonly spec: string;
  readonly options?: TestOptions;
  /** Every fault as it is shown. */
  readonly faults: string;
}

/** A spec whose stage `train` stands in line 5, with these lines under `with:` from line 8 on. */
function training(lines: string, before = ""): string {
  const indented = lines.split("\n").map((line) => `      ${line}\n`).join("");
  return `${STAGES}  train:
    uses: practise
    with:
${indented}${before}`;
}

const CASES: readonly Case[] = [
  {
    name: "an unknown key at the top",
    spec: `nmae: x\n${STAGES}`,
    faults: `spec.yaml:1:1: cannot read key "nmae" [experiment/unknown-key]
  mend: write "name"`,
  },
  {
    name: "keys that every object has, and no schema",
    spec: training("corpus: $(stages.shards)\nsteps: 1\nconstructor: 1\ntoString: { a: 1 }"),
    faults: `spec.yaml:10:7: cannot read key "constructor" [experiment/unknown-key]
  mend: write one of "steps", "lr", "learning_rate_decay", "warmup", "seed", "tokens", "optimizer", \
"isTied", "schedule", "tags", "note", "piece" and 4 more
spec.yaml:11:7: cannot read key "toString" [experiment/unknown-key]
  mend: write one of "steps", "lr", "learning_rate_decay", "warmup", "seed", "tokens", "optimizer", \
"isTied", "schedule", "tags", "note", "piece" and 4 more`,
  },
  {
    name: "an unknown key like no other",
    spec: `${STAGES}  other: { uses: imaginary-world, wild: 1 }\n`,
    faults: `spec.yaml:5:35: cannot read key "wild" [experiment/unknown-key]
  mend: write one of "uses", "with", "over", "keepModel"`,
  },
  {
    name: "a key in another spelling",
    spec: training("corpus: $(stages.shards)\nsteps: 1\nlearningRateDecay: 0.5"),
    faults: `spec.yaml:10:7: cannot read key "learningRateDecay" [experiment/unknown-key]
  mend: write "learning_rate_decay"`,
  },
  {
    name: "a misspelt input role",
    spec: training("corpsu: $(stages.shards)\nsteps: 1"),
    faults: `spec.yaml:7:5: input "corpus" is missing [experiment/missing-key]
  mend: write "corpus:" and $(stages.shards)
spec.yaml:8:7: cannot read key "corpsu" [experiment/unknown-key]
  mend: write "corpus"
spec.yaml:8:17: a stage cannot be referred to here [experiment/reference]
  mend: refer to stages in the inputs of practise: corpus, validation, init`,
  },
  {
    name: "a key that a lax schema would drop",
    spec: STAGES.replace("size: 1000", "size: 1000, extra: 1"),
    faults: `spec.yaml:3:79: cannot read key "extra" [experiment/unknown-key]
  mend: write one of "size", "corpora"`,
  },
  {
    name: "an unknown key inside a union, and the key that it was meant as",
    spec: training("corpus: $(stages.shards)\nsteps: 1\nschedule: { type: linear, wramup: 1 }"),
    faults: `spec.yaml:10:33: cannot read key "wramup" [experiment/unknown-key]
  mend: write "warmup"`,
  },
  {
    name: "an unknown tag of a union",
    spec: training("corpus: $(stages.shards)\nsteps: 1\nschedule: { type: liner, warmup: 1 }"),
    faults: `spec.yaml:10:25: "schedule.type" is "liner", but must be one of "constant", "linear" \
[experiment/value]
  mend: write "linear"`,
  },
  {
    name: "a missing tag of a union",
    spec: training("corpus: $(stages.shards)\nsteps: 1\nschedule: {}"),
    faults: `spec.yaml:10:7: key "type" is missing in "schedule" [experiment/missing-key]
  mend: write "type:" and one of "constant", "linear"`,
  },
  {
    name: "none of the keys that alternatives ask for",
    spec: training("corpus: $(stages.shards)\nsteps: 1\nholdOut: {}"),
    faults: `spec.yaml:10:16: "holdOut" is an empty mapping, but must be a mapping with "words" or \
"fraction" [experiment/missing-key]
  mend: write a mapping with "words" or "fraction"`,
  },
  {
    name: "the keys of two alternatives at once",
    spec: training("corpus: $(stages.shards)\nsteps: 1\nholdOut: { words: 1, fraction: 0.5 }"),
    faults: `spec.yaml:10:28: cannot read key "fraction" beside the others [experiment/unknown-key]
  mend: remove it, or the others`,
  },
  {
    name: "a misspelt key of an alternative, and no more",
    spec: training("corpus: $(stages.shards)\nsteps: 1\nholdOut: { wrods: 1 }"),
    faults: `spec.yaml:10:18: cannot read key "wrods" [experiment/unknown-key]
  mend: write "words"`,
  },
  {
    name: "a key that only another tag of the union knows",
    spec: training("corpus: $(stages.shards)\nsteps: 1\nschedule: { type: constant, warmup: 1 }"),
    faults: `spec.yaml:10:35: cannot read key "warmup" [experiment/unknown-key]
  mend: write "type"`,
  },
  {
    name: "what a schema's author says of a value",
    spec: training("corpus: $(stages.shards)\nsteps: 1\npiece: a b"),
    faults: `spec.yaml:10:14: "piece" is "a b": a piece has no spaces [experiment/value]
  mend: write another value`,
  },
  {
    name: "missing keys",
    spec: training("init: null"),
    faults: `spec.yaml:7:5: input "corpus" is missing [experiment/missing-key]
  mend: write "corpus:" and $(stages.shards)
spec.yaml:7:5: key "steps" is missing [experiment/missing-key]
  mend: write "steps:" and a number`,
  },
  {
    name: "a stage without anything",
    spec: `${STAGES}  train: {}\n`,
    faults: `spec.yaml:5:3: key "uses" is missing in "stages.train" [experiment/missing-key]
  mend: write "uses:" and text`,
  },
  {
    name: "no stages",
    spec: "name: x\nstages: {}\n",
    faults: `spec.yaml:2:9: "stages" is an empty mapping [experiment/value]
  mend: write name: { uses: ... }`,
  },
  {
    name: "stages left out",
    spec: "name: x\n",
    faults: `spec.yaml:1:1: key "stages" is missing [experiment/missing-key]
  mend: write "stages:" and a mapping`,
  },
  {
    name: "numbers that are none",
    spec: training("corpus: $(stages.shards)\nsteps: 10_000\nwarmup: 1,000\nlr: '0.1'"),
    faults: `spec.yaml:9:14: "steps" is "10_000", but must be a number [experiment/wrong-type]
  mend: write 10000
spec.yaml:10:15: "warmup" is "1,000", but must be a number [experiment/wrong-type]
  mend: write 1000
spec.yaml:11:11: "lr" is "0.1", but must be a number [experiment/wrong-type]
  mend: write 0.1`,
  },
  {
    name: "a leading zero",
    spec: training("corpus: $(stages.shards)\nsteps: 012"),
    faults: `spec.yaml:9:14: 012 would be read as 12 [experiment/yaml]
  mend: write 12, or "012" if text is meant`,
  },
  {
    name: "numbers that no double holds",
    spec: training("corpus: $(stages.shards)\nsteps: 12345678901234567890\nlr: .inf\nseed: -0"),
    faults:
      `spec.yaml:9:14: 12345678901234567890 would be read as 12345678901234567000 [experiment/yaml]
  mend: write a smaller number, or "12345678901234567890" if text is meant
spec.yaml:10:11: .inf would be read as Infinity [experiment/yaml]
  mend: write a finite number
spec.yaml:11:13: -0 would be read as -0 [experiment/yaml]
  mend: write 0`,
  },
  {
    name: "values of wrong types",
    spec: training(
      "corpus: $(stages.shards)\nsteps: many\nisTied: yes\ntags: a\nnote: 12\nlr: [1]\nseed:",
    ),
    faults: `spec.yaml:9:14: "steps" is "many", but must be a number [experiment/wrong-type]
  mend: write a number
spec.yaml:10:15: "isTied" is "yes", but must be true or false [experiment/wrong-type]
  mend: write true
spec.yaml:11:13: "tags" is "a", but must be a list [experiment/wrong-type]
  mend: write [a]
spec.yaml:12:13: "note" is 12, but must be text [experiment/wrong-type]
  mend: write "12"
spec.yaml:13:11: "lr" is a list, but must be a number [experiment/wrong-type]
  mend: write a number
spec.yaml:14:12: "seed" is empty, but must be a number [experiment/wrong-type]
  mend: write a number`,
  },
  {
    name: "values out of range",
    spec: training(
      "corpus: $(stages.shards)\nsteps: 1.5\nlr: 0\nwarmup: -1\nlearning_rate_decay: 2\n" +
        "optimizer: sdg\ntokens: few",
    ),
    faults: `spec.yaml:9:14: "steps" is 1.5, but must be a whole number [experiment/wrong-type]
  mend: write a whole number
spec.yaml:10:11: "lr" is 0, but must be above 0 [experiment/value]
  mend: write a number above 0
spec.yaml:11:15: "warmup" is -1, but must be at least 0 [experiment/value]
  mend: write a number of at least 0
spec.yaml:12:28: "learning_rate_decay" is 2, but must be at most 1 [experiment/value]
  mend: write a number of at most 1
spec.yaml:13:18: "optimizer" is "sdg", but must be one of "adamw", "sgd" [experiment/value]
  mend: write "sgd"
spec.yaml:14:15: "tokens" is "few", but must be "all" or a number [experiment/wrong-type]
  mend: write "all" or a number`,
  },
  {
    name: "braces for parentheses",
    spec: training('corpus: $(stages.shards)\nsteps: "${axis.steps}"', "axes: { steps: [1] }\n"),
    faults:
      `spec.yaml:9:14: "steps" is "\${axis.steps}", but must be a number [experiment/wrong-type]
  mend: write $(axis.steps)`,
  },
  {
    name: "text of a variable where a number is wanted",
    spec: training("corpus: $(stages.shards)\nsteps: $(env.STEPS)", "env: { STEPS: 12 }\n"),
    faults: `spec.yaml:9:14: "steps" is "12", but must be a number [experiment/wrong-type]
  mend: write $(env.STEPS + 0)`,
  },
  {
    name: "params that do not go together, once for all cells",
    spec: training(
      "corpus: $(stages.shards)\nsteps: $(axis.steps)\nwarmup: $(axis.steps + 1)",
      "axes: { steps: [1, 2, 3, 4] }\n",
    ),
    faults: `spec.yaml:10:15: stage "train" at steps=1: warmup is 2, more than steps (1) \
[experiment/params]
  mend: give at most as many as steps`,
  },
  {
    name: "a value that is wrong at some cells only, once",
    spec: training(
      "corpus: $(stages.shards)\nsteps: $(axis.steps / 10)\nseed: $(axis.seed)",
      "axes: { steps: [10, 15, 25], seed: [1, 2] }\n",
    ),
    faults: `spec.yaml:9:14: "steps" is 1.5 at steps=15, but must be a whole number \
[experiment/wrong-type]
  mend: write a whole number`,
  },
  {
    name: "expressions that cannot be read",
    spec: training(
      "corpus: $(stages.shards)\nsteps: $(1 +)\nwarmup: $(mni(1, 2))\nlr: $(1\nseed: $(round(1, 2))\n" +
        "note: $(1 & 2)\ntokens: $()",
    ),
    faults: `spec.yaml:9:19: cannot read ")" here [experiment/expression]
  mend: write a number, a reference or a parenthesis
spec.yaml:10:17: there is no function "mni" [experiment/expression]
  mend: write "min"
spec.yaml:11:14: "$(" is not closed [experiment/expression]
  mend: write ")"
spec.yaml:12:15: round takes one number [experiment/expression]
  mend: write round(x)
spec.yaml:13:17: cannot read "&" here [experiment/expression]
  mend: write ")"
spec.yaml:14:17: cannot read ")" here [experiment/expression]
  mend: write a number, a reference or a parenthesis`,
  },
  {
    name: "expressions without a value",
    spec: training(
      'corpus: $(stages.shards)\nsteps: "$(1 / (axis.n - 1))"\nwarmup: $(1 % 0)\n' +
        "lr: $(1e308 * 10)\nseed: $(axis.arm + 1)\ntokens: $(axis.text + 1)",
      'axes: { n: [1, 2], arm: [a], text: ["10"] }\n',
    ),
    faults: `spec.yaml:9:19: this divides by zero [experiment/expression]
  mend: divide by something else
spec.yaml:10:19: this divides by zero [experiment/expression]
  mend: divide by something else
spec.yaml:11:19: this has no finite value [experiment/expression]
  mend: use smaller numbers
spec.yaml:12:15: axis.arm is "a", not a number [experiment/expression]
  mend: use numbers only in arithmetic
spec.yaml:13:17: axis.text is "10", not a number [experiment/expression]
  mend: use numbers only in arithmetic`,
  },
  {
    name: "an expression that a comma cuts",
    spec: `axes: { steps: [1] }\n${STAGES}  train: { uses: practise, with: \
{ warmup: $(min(5, axis.steps / 2)), corpus: $(stages.shards), steps: 1 } }\n`,
    faults: `spec.yaml:6:44: a comma cuts "$(min(5" off [experiment/yaml]
  mend: put the whole value in quotes: inside { } and [ ], a comma ends a value`,
  },
  {
    name: "references to nothing",
    spec: training(
      "corpus: $(stages.shrads)\ninit: $(stages.world.generl)\nvalidation: $(stages.shards.x)\n" +
        "steps: $(axis.stpes)\nseed: $(env.SEDE)\nnote: $(steps)",
      "axes: { steps: [1] }\nenv: { SEED: 1 }\n",
    ),
    faults: `spec.yaml:8:17: there is no stage "shrads" [experiment/unknown-name]
  mend: write stages.shards
spec.yaml:9:15: stage "world" has no output "generl" [experiment/unknown-name]
  mend: write stages.world.general
spec.yaml:10:21: stage "shards" has no output "x" [experiment/unknown-name]
  mend: write stages.shards
spec.yaml:11:16: there is no axis "stpes" [experiment/unknown-name]
  mend: write axis.steps
spec.yaml:12:15: there is no variable "SEDE" under env [experiment/unknown-name]
  mend: write env.SEED
spec.yaml:13:15: cannot read "steps" here [experiment/expression]
  mend: write axis.steps, env.steps or stages.steps`,
  },
  {
    name: "references of a wrong type or form",
    spec: training(
      "corpus: $(stages.world.domain)\nvalidation: stages.shards\ninit: [$(stages.train2)]\n" +
        "steps: $(stages.vocab)",
      "  train2: { uses: practise, with: { corpus: ../some/folder, steps: 1 } }\n",
    ),
    faults: `spec.yaml:8:17: input "corpus" takes shards, but stages.world.domain is corpus \
[experiment/reference]
  mend: write $(stages.shards)
spec.yaml:9:19: input "validation" must be a reference to a stage [experiment/reference]
  mend: write $(stages.shards)
spec.yaml:10:13: input "init" takes one reference, no list [experiment/wrong-type]
  mend: write one of $(stages.train), $(stages.train2)
spec.yaml:11:16: a stage cannot be referred to here [experiment/reference]
  mend: refer to stages in the inputs of practise: corpus, validation, init
spec.yaml:12:45: input "corpus" must be a reference to a stage [experiment/reference]
  mend: write $(stages.shards)`,
  },
  {
    name: "an unknown kind",
    spec: STAGES.replace("uses: words", "uses: wrods"),
    faults: `spec.yaml:3:18: there is no kind of task "wrods" [experiment/unknown-name]
  mend: write words`,
  },
  {
    name: "a circle of stages, and no more of those that read it",
    spec:
      `${STAGES}  a: { uses: practise, with: { corpus: $(stages.shards), init: $(stages.b), steps: 1 } }
  b: { uses: practise, with: { corpus: $(stages.shards), init: $(stages.c), steps: 1 } }
  c: { uses: practise, with: { corpus: $(stages.shards), init: $(stages.a), steps: 1 } }
  d: { uses: practise, with: { corpus: $(stages.shards), init: $(stages.a), steps: 1 } }
  e: { uses: practise, with: { corpus: $(stages.shards), init: $(stages.e), steps: 1 } }
`,
    faults:
      `spec.yaml:5:66: stages refer to each other in a circle: a -> b -> c -> a [experiment/cycle]
  mend: remove one of these references
spec.yaml:9:66: stages refer to each other in a circle: e -> e [experiment/cycle]
  mend: remove one of these references`,
  },
  {
    name: "a variable that is not set, once",
    spec: `env:\n  DATA: { about: where }\n${STAGES}  more: { uses: imaginary-world, with: \
{ path: $(env.DATA) } }\n  most: { uses: imaginary-world, with: { path: $(env.DATA)/x } }\n`,
    faults: `spec.yaml:2:3: environment variable DATA is not set [experiment/env]
  mend: set it: write "DATA=<value>" before the command, or give it a default here`,
  },
  {
    name: "axes that are none",
    spec:
      `axes:\n  a: []\n  b: [1, 2, 1]\n  c: 5\n  d: [null]\n  a-b: [1]\n  stage: [1]\n${STAGES}`,
    faults: `spec.yaml:2:6: "axes.a" is an empty list, but must be a list of at least 1 value \
[experiment/value]
  mend: write a list of at least 1 value
spec.yaml:3:13: axis "b" has the value 1 twice [experiment/axis]
  mend: remove one of the two
spec.yaml:4:6: "axes.c" is 5, but must be a list [experiment/wrong-type]
  mend: write [5]
spec.yaml:5:7: "axes.d[0]" is empty, but must be text or a number or true or false \
[experiment/wrong-type]
  mend: write text or a number or true or false
spec.yaml:6:3: cannot take the name "a-b" [experiment/value]
  mend: write letters, digits and _, beginning with a letter, and not "stage"
spec.yaml:7:3: cannot take the name "stage" [experiment/value]
  mend: write letters, digits and _, beginning with a letter, and not "stage"`,
  },
  {
    name: "a faulty axis does not hide faults elsewhere, nor make up others",
    spec: training(
      "corpus: $(stages.shards)\nsteps: $(axis.steps)\nlr: high\nseed: $(axis.seed)",
      "axes: { steps: [], seed: [-1] }\nfits:\n  f: { stage: trian, benchmark: b, metric: m, " +
        "split: s, against: steps }\n",
    ),
    faults: `spec.yaml:10:11: "lr" is "high", but must be a number [experiment/wrong-type]
  mend: write a number
spec.yaml:11:13: "seed" is -1 at seed=-1, but must be at least 0 [experiment/value]
  mend: write a number of at least 0
spec.yaml:12:16: "axes.steps" is an empty list, but must be a list of at least 1 value [experiment/value]
  mend: write a list of at least 1 value
spec.yaml:14:15: there is no stage "trian" [experiment/unknown-name]
  mend: write train`,
  },
  {
    name: "zip, include and exclude that do not fit",
    spec: `axes: { a: [1, 2], b: [1, 2, 3], c: [1, 2] }
zip: [[a, b], [c, d], [a, c]]
include: [{ a: 5 }, { e: 1 }, {}]
exclude: [{ a: 9 }, { c: "1" }]
${STAGES}`,
    faults: `spec.yaml:3:31: "include[2]" is an empty mapping [experiment/value]
  mend: write axis: value pairs`,
  },
  {
    name: "zip of unequal lengths, of unknown axes, of one axis twice",
    spec: `axes: { a: [1, 2], b: [1, 2, 3], c: [1, 2] }
zip: [[a, b], [c, d], [a, c]]
include: [{ a: 5 }, { e: 1 }]
exclude: [{ a: 9 }, { c: "1" }]
${STAGES}`,
    faults:
      `spec.yaml:2:7: zipped axes must have equally many values, but a has 2, b has 3 [experiment/grid]
  mend: give each of them the same number of values
spec.yaml:2:19: there is no axis "d" [experiment/unknown-name]
  mend: write one of a, b, c
spec.yaml:2:24: axis "a" is zipped twice [experiment/grid]
  mend: name it once: axes that vary together form one list
spec.yaml:2:27: axis "c" is zipped twice [experiment/grid]
  mend: name it once: axes that vary together form one list
spec.yaml:3:11: this cell gives "a" but not "b", zipped with it [experiment/grid]
  mend: give "b" too
spec.yaml:3:23: there is no axis "e" [experiment/unknown-name]
  mend: write one of a, b, c
spec.yaml:4:16: axis "a" has no value 9 [experiment/grid]
  mend: write one of 1, 2, 5
spec.yaml:4:26: axis "c" has no value "1" [experiment/grid]
  mend: write one of 1, 2`,
  },
  {
    name: "exclude that leaves nothing",
    spec: `axes: { a: [1, 2] }\nexclude: [{ a: 1 }, { a: 2 }]\n${STAGES}`,
    faults: `spec.yaml:2:21: exclude leaves no cell [experiment/grid]
  mend: exclude less`,
  },
  {
    name: "a grid too large to be meant",
    spec: `axes:\n${
      ["a", "b", "c"].map((axis) =>
        `  ${axis}: [${Array.from({ length: 100 }, (_, i) => i).join(", ")}]\n`
      ).join("")
    }${STAGES}`,
    faults: `spec.yaml:1:1: the grid has 1000000 cells [experiment/grid]
  mend: zip axes or remove values until there are at most 250000`,
  },
  {
    name: "axes and stages where only variables are known",
    spec: `axes: { a: [$(axis.b)], b: [$(stages.world)] }\n${STAGES}`,
    faults: `spec.yaml:1:15: an axis cannot be referred to here [experiment/reference]
  mend: write the value itself; only env.<VARIABLE> is known here
spec.yaml:1:31: a stage cannot be referred to here [experiment/reference]
  mend: write the value itself; only env.<VARIABLE> is known here`,
  },
  {
    name: "fits of nothing",
    spec: training(
      "corpus: $(stages.shards)\nsteps: $(axis.steps)",
      `axes: { steps: [1, 2], seed: [1] }
fits:
  one: { stage: trian, benchmark: mlm, metric: lossNats, split: validation, against: steps }
  two: { stage: train, benchmark: mlm, metric: lossNats, split: validation, against: step, at: \
{ steps: 3 }, by: [seed, steps] }
`,
    ),
    faults: `spec.yaml:12:17: there is no stage "trian" [experiment/unknown-name]
  mend: write train
spec.yaml:13:86: "fits.two.against" is "step", but must be one of "steps", "uniqueTokens", \
"seenTokens", "flops", "parameters", "epochs", "allTokens", "furtherShare", \
"heldOutLossNats" [experiment/value]
  mend: write "steps"
spec.yaml:13:105: axis "steps" has no value 3 [experiment/value]
  mend: write one of 1, 2
spec.yaml:13:115: stage "train" has no axis "seed" [experiment/unknown-name]
  mend: write steps
spec.yaml:13:121: axis "steps" is given twice [experiment/value]
  mend: name an axis once, in "at" or in "by"`,
  },
  {
    name: "fits that can match nothing: benchmark, metric, split, and a stage without scores",
    spec: `${training("corpus: $(stages.shards)\nsteps: 1")}\
  ner: { uses: tag, with: { model: $(stages.train), data: $(stages.world.ner), benchmark: bc5 } }
fits:
  a: { stage: ner, benchmark: ner, metric: f1, split: test, against: steps }
  b: { stage: ner, benchmark: bc5, metric: F1, split: test, against: steps }
  c: { stage: ner, benchmark: bc5, metric: f1, split: tets, against: steps }
  d: { stage: train, benchmark: mlm, metric: loss, split: validation, against: steps }
  e: { stage: vocab, benchmark: mlm, metric: loss, split: validation, against: steps }
  f: { stage: train, benchmark: mlm, metric: lossNats, split: validation, against: steps }
`,
    faults: `spec.yaml:12:31: stage "ner" has no benchmark "ner" [experiment/unknown-name]
  mend: write bc5
spec.yaml:13:44: stage "ner" has no metric "F1" of benchmark "bc5" [experiment/unknown-name]
  mend: write f1
spec.yaml:14:55: stage "ner" has no split "tets" of benchmark "bc5", metric "f1" \
[experiment/unknown-name]
  mend: write test
spec.yaml:15:46: stage "train" has no metric "loss" of benchmark "mlm" [experiment/unknown-name]
  mend: write one of lossNats, maskedAccuracy
spec.yaml:16:15: stage "vocab" has no scores [experiment/unknown-name]
  mend: write one of train, ner`,
  },
  {
    name: "forms of fits that stand against too few facts or too many, or are none",
    spec: `${training("corpus: $(stages.shards)\nsteps: 1")}\
fits:
  a: { stage: train, benchmark: mlm, metric: lossNats, split: validation, form: chinchilla, \
against: [parameters] }
  b: { stage: train, benchmark: mlm, metric: lossNats, split: validation, form: repeated-data, \
against: steps }
  c: { stage: train, benchmark: mlm, metric: lossNats, split: validation, against: [steps, flops] }
  d: { stage: train, benchmark: mlm, metric: lossNats, split: validation, form: chinchila, \
against: [parameters, seenTokens] }
`,
    faults: `spec.yaml:11:102: the form chinchilla stands against 2 facts (parameters, tokens), \
not 1 [experiment/value]
  mend: write one for each of parameters, tokens, such as [parameters, seenTokens]
spec.yaml:12:105: the form repeated-data stands against 3 facts (parameters, tokens, \
uniqueTokens), not 1 [experiment/value]
  mend: write one for each of parameters, tokens, uniqueTokens, such as [parameters, \
seenTokens, uniqueTokens]
spec.yaml:13:84: the form saturating stands against one fact, not 2 [experiment/value]
  mend: name one, or another form
spec.yaml:14:81: "fits.d.form" is "chinchila", but must be one of "saturating", "chinchilla", \
"kaplan", "repeated-data", "transfer", "domain-share", "loss-to-task" [experiment/value]
  mend: write "chinchilla"`,
  },
  {
    name: "facts that are not what a form's variable is",
    spec: `${training("corpus: $(stages.shards)\nsteps: 1")}\
fits:
  a: { stage: train, benchmark: mlm, metric: lossNats, split: validation, form: domain-share, \
against: [parameters, steps, epochs] }
  b: { stage: train, benchmark: mlm, metric: lossNats, split: validation, form: loss-to-task, \
against: flops }
  c: { stage: train, benchmark: mlm, metric: lossNats, split: validation, form: loss-to-task, \
against: [heldOutLossNats, steps] }
`,
    faults: `spec.yaml:11:117: the form domain-share takes tokens here, which steps is not \
[experiment/value]
  mend: write one of seenTokens, uniqueTokens, allTokens
spec.yaml:11:124: the form domain-share takes share here, which epochs is not [experiment/value]
  mend: write furtherShare
spec.yaml:12:104: the form loss-to-task takes loss here, which flops is not [experiment/value]
  mend: write heldOutLossNats
spec.yaml:13:104: the form loss-to-task stands against one fact, not 2 [experiment/value]
  mend: write heldOutLossNats`,
  },
  {
    name: "a fit at values that no cell has together",
    spec: training(
      "corpus: $(stages.shards)\nsteps: $(axis.steps)\nseed: $(axis.seed)",
      `axes: { steps: [1, 2], seed: [1, 2] }
exclude: [{ steps: 2, seed: 2 }]
fits:
  f:
    stage: train
    benchmark: mlm
    metric: lossNats
    split: validation
    against: steps
    at: { steps: 2, seed: 2 }
`,
    ),
    faults: `spec.yaml:20:11: there is no cell train{steps=2, seed=2}, so that nothing can be \
fitted [experiment/value]
  mend: hold values that occur together, or fewer of them`,
  },
  {
    name: "half a surrogate pair, which no key could hold",
    spec: training('corpus: $(stages.shards)\nsteps: 1\nnote: "\\ud800"\n"\\udc00": 1'),
    faults: `spec.yaml:10:13: half a surrogate pair is no text [experiment/yaml]
  mend: write the character itself, or both halves of it
spec.yaml:11:7: a key must be a name [experiment/yaml]
  mend: write a plain name`,
  },
  {
    name: "a budget of nothing",
    spec: `budget: { steps: 0, hours: 1 }\n${STAGES}`,
    faults: `spec.yaml:1:18: "budget.steps" is 0, but must be above 0 [experiment/value]
  mend: write a number above 0
spec.yaml:1:21: cannot read key "hours" [experiment/unknown-key]
  mend: write one of "steps", "tokens", "flops"`,
  },
  {
    name: "keys given twice",
    spec: `name: a\nname: b\n${STAGES}`,
    faults: `spec.yaml:2:1: key "name" is given twice (first in line 1) [experiment/yaml]
  mend: remove one of the two`,
  },
  {
    name: "no YAML",
    spec: "name: [a\nstages: {}\n",
    faults: `spec.yaml:2:1: cannot read this as YAML: flow sequence in block collection must be \
sufficiently indented and end with a ] [experiment/yaml]
  mend: close the bracket, or indent the line as its neighbours`,
  },
  {
    name: "tabs",
    spec: "stages:\n\tworld: { uses: imaginary-world }\n",
    faults:
      `spec.yaml:2:1: cannot read this as YAML: tabs are not allowed as indentation [experiment/yaml]
  mend: indent with spaces`,
  },
  {
    name: "two documents",
    spec: `${STAGES}---\nname: b\n`,
    faults:
      `spec.yaml:5:1: cannot read this as YAML: there is more than one document [experiment/yaml]
  mend: keep one document a file: remove the line ---`,
  },
  {
    name: "an empty file",
    spec: "# nothing\n",
    faults: `spec.yaml:1:1: this experiment is empty [experiment/yaml]
  mend: write stages: with at least one stage`,
  },
  {
    name: "a list for a spec",
    spec: "- a\n",
    faults: `spec.yaml:1:1: an experiment is a mapping [experiment/yaml]
  mend: write stages: with at least one stage`,
  },
];

for (const { name, spec, options, faults } of CASES) {
  Deno.test(`loadExperiment() reports ${name}`, async () => {
    assert.equal(await faultsOf(spec, options), faults);
  });
}

Deno.test("loadExperiment() leads to exit code 2 for every fault of a spec", async () => {
  await assert.rejects(
    () => loadExperiment("no/such.yaml", { kinds }),
    (error: unknown) => error instanceof ExperimentError && exitCodeOf(error.faults) === 2,
  );
});

Deno.test("loadExperiment() names the specs near a missing one", async () => {
  using temp = new TempDir();
  const folder = temp.path;
  await Deno.writeTextFile(`${folder}/ablation.yaml`, STAGES);
  await Deno.writeTextFile(`${folder}/other.yaml`, STAGES);
  const said = async (name: string) => {
    try {
      await loadExperiment(`${folder}/${name}`, { kinds });
    } catch (error) {
      if (error instanceof ExperimentError) return error.faults[0];
    }
    throw new Error("it loaded");
  };
  assert.deepEqual(await said("ablatoin.yaml"), {
    code: "experiment/not-found",
    message: `experiment ${folder}/ablatoin.yaml is not there`,
    mend: `write ${folder}/ablation.yaml`,
  });
  assert.deepEqual((await said("ablation")).mend, `write ${folder}/ablation.yaml`);
  assert.match(
    (await said("zzzzzzzzzz.yaml")).mend ?? "",
    new RegExp(`^write one of ${folder}/ablation.yaml, ${folder}/other.yaml`),
  );
  assert.equal((await said("")).message, `experiment ${folder}/ is a folder`);
});
