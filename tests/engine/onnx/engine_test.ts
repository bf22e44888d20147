/** OnnxEngine against the table of operations that every engine has to agree with. */
import { OnnxEngine } from "../../../lib/engine/onnx/engine.ts";
import { CASES } from "../cases.ts";
import { checkCase } from "../check_case.ts";

for (const threads of [1, 2]) {
  const engine = new OnnxEngine({ threads });
  for (const each of CASES) {
    Deno.test(`OnnxEngine computes ${each.name} and its gradient, ${threads} threads`, () =>
      checkCase(engine, each));
  }
}
