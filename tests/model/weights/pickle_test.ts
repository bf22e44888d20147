import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { ExperimentError } from "../../../lib/base/errors.ts";
import { sizeOf } from "../../../lib/engine/ir/graph.ts";
import { toHuggingFace } from "../../../lib/model/config.ts";
import { readModelFolder } from "../../../lib/model/weights/folder.ts";
import { TorchFile } from "../../../lib/model/weights/torch_file.ts";
import { SPECIAL_PIECES } from "../../../lib/text/pieces/wordpiece.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { CONFIG, SPECS } from "./_small_bert.ts";

/** A model that torch saved: see `golden/make_torch_model.py`. */
const MODEL = Deno.readFileSync(new URL("./golden/torch_model.bin", import.meta.url));

function folder(dir: TempDir, weights: Uint8Array): string {
  dir.file("config.json", JSON.stringify(toHuggingFace(CONFIG, { padId: 0 })));
  dir.file("vocab.txt", [...SPECIAL_PIECES, "A", "b", "##b"].join("\n"));
  dir.file("pytorch_model.bin", weights);
  return dir.path;
}

Deno.test("readModelFolder() reads the pytorch_model.bin that torch wrote, with every head", async () => {
  using dir = new TempDir();
  const { specs, params, notes } = await readModelFolder(folder(dir, MODEL));
  assert.deepEqual(specs, SPECS);
  assert.deepEqual(notes, []);
  for (const { name, shape } of SPECS) {
    const salt = new TextEncoder().encode(name).reduce((sum, byte) => sum + byte, 0);
    const wanted = Float32Array.from(
      { length: sizeOf(shape) },
      (_, i) => ((i * 37 + salt) % 101 - 50) / 64,
    );
    assert.deepEqual(params[name], wanted, name);
  }
});

Deno.test("a pytorch_model.bin with any one byte changed gives an error that a person can mend, or its own tensors", async () => {
  using dir = new TempDir();
  const { params } = await readModelFolder(folder(dir, MODEL));
  const path = join(dir.path, "pytorch_model.bin");
  await fc.assert(
    fc.asyncProperty(fc.nat(MODEL.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
      const bytes = MODEL.slice();
      bytes[at]! ^= by;
      Deno.writeFileSync(path, bytes);
      try {
        const read = await readModelFolder(dir.path);
        for (const [name, values] of Object.entries(read.params)) {
          assert.deepEqual(values, params[name], `${name}, byte ${at}`);
        }
      } catch (error) {
        if (!(error instanceof ExperimentError)) throw error;
      }
    }),
    { numRuns: 300 },
  );
});

/** A file of the form before 1.6 whose state is this program. */
function legacy(...state: (number | string)[]): Uint8Array {
  const head = [
    0x80,
    2,
    0x8A,
    10,
    0x6C,
    0xFC,
    0x9C,
    0x46,
    0xF9,
    0x20,
    0x6A,
    0xA8,
    0x50,
    0x19,
    0x2E,
  ];
  const version = [0x80, 2, 0x4D, 0xE9, 3, 0x2E], system = [0x80, 2, 0x7D, 0x2E];
  const program = state.flatMap((each) =>
    typeof each === "number" ? [each] : [...new TextEncoder().encode(each)]
  );
  const keys = [0x80, 2, 0x5D, 0x2E];
  return Uint8Array.from([...head, ...version, ...system, 0x80, 2, ...program, ...keys]);
}

/** A persistent id of a storage of `values`, as torch writes it. */
function storage(values: number): (number | string)[] {
  return [
    ...["(", "X", 7, 0, 0, 0, "storage", "ctorch\nFloatStorage\n", "X", 1, 0, 0, 0, "0"],
    ...["X", 3, 0, 0, 0, "cpu", "K", values, "N", "t", "Q"],
  ];
}

const REBUILD = "ctorch._utils\n_rebuild_tensor_v2\n";
const only = (what: string) => `it asks for ${what}, and only tensors are read`;

/** What a hostile or damaged file may try, and what becomes of it. */
const HOSTILE: readonly [what: string, state: (number | string)[], says: string][] = [
  ["GLOBAL and REDUCE", ["cos\nsystem\n", "X", 1, 0, 0, 0, "x", 0x85, "R", "."], only("os.system")],
  [
    "STACK_GLOBAL",
    [0x8C, 8, "builtins", 0x8C, 4, "eval", 0x93, "."],
    only("builtins.eval"),
  ],
  ["a class of torch's that is no tensor", ["ctorch.nn\nModule\n."], only("torch.nn.Module")],
  [
    "a name beside an allowed one",
    ["ctorch._utils\n_rebuild_tensor_v2.x\n."],
    only(
      "torch._utils._rebuild_tensor_v2.x",
    ),
  ],
  ["INST", ["(ios\nsystem\n."], "it has the unknown operation 0x69"],
  ["OBJ", ["(o."], "it has the unknown operation 0x6f"],
  ["NEWOBJ", [0x81, "."], "it has the unknown operation 0x81"],
  ["EXT1", [0x82, 1, "."], "it has the unknown operation 0x82"],
  [
    "calling what is no callable",
    ["X", 1, 0, 0, 0, "x", ")", "R", "."],
    "it calls what cannot be called",
  ],
  [
    "calling a storage type",
    ["ctorch\nFloatStorage\n", ")", "R", "."],
    "it calls torch.FloatStorage",
  ],
  ["setting a list's state", ["]", "}", "b", "."], "it sets the state of what is no dictionary"],
  ["a text longer than the file", ["X", 255, 255, 255, 255, "."], "it ends too soon"],
  ["an empty stack", ["0", "."], "its stack is empty"],
  ["a memo that is not there", ["h", 9, "."], "it has no memo 9"],
  ["no mark", ["t", "."], "it has no mark"],
  ["a list", ["]", "."], "it holds no dictionary of tensors"],
  ["a number in a tensor's place", ["}", "X", 1, 0, 0, 0, "a", "K", 1, "s", "."], "a is no tensor"],
  [
    "a tensor of a made-up storage",
    [REBUILD, "(", "}", "K", 0, "K", 1, 0x85, "K", 1, 0x85, "t", "R", "."],
    "it describes a tensor of an unknown form",
  ],
  [
    "a tensor beyond its storage",
    [REBUILD, "(", ...storage(4), "K", 2, "K", 3, 0x85, "K", 1, 0x85, "t", "R", "."],
    "it has a tensor [3] of value 4 in 4",
  ],
  [
    "one value shown at a trillion places",
    [
      ...[REBUILD, "(", ...storage(4), "K", 0, "J", 64, 66, 15, 0, "J", 64, 66, 15, 0, 0x86],
      ...["K", 0, "K", 0, 0x86, "t", "R", "."],
    ],
    "it has a tensor [1000000,1000000] of 4 values",
  ],
];

for (const [what, state, says] of HOSTILE) {
  Deno.test(`TorchFile refuses a hostile pickle: ${what}`, async () => {
    using dir = new TempDir();
    const path = dir.file("pytorch_model.bin", legacy(...state));
    await assert.rejects(TorchFile.open(path), {
      code: "model/torch",
      message: `cannot read weights: ${says}`,
    });
  });
}
