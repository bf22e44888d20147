/** Training, the same claims for every engine that runs here. */
import type { Engine } from "../../lib/engine/engine.ts";
import { OnnxEngine } from "../../lib/engine/onnx/engine.ts";
import { TfjsEngine } from "../../lib/engine/tfjs/engine.ts";
import { TRAINING_CHECKS } from "./check_training.ts";

const ENGINES: readonly Engine[] = [await TfjsEngine.open("cpu"), new OnnxEngine({ threads: 2 })];

for (const engine of ENGINES) {
  for (const [claim, check] of Object.entries(TRAINING_CHECKS)) {
    Deno.test(`${engine.name}: ${claim}`, () => check(engine));
  }
}
