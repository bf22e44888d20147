/** What is counted in XLA's text of a program, in lines as it writes them. */
import assert from "node:assert/strict";
import { readHlo } from "./hlo.ts";

const TEXT =
  `HloModule jit, input_output_alias={ {0}: (3, {}, may-alias), {2}: (1, {}, must-alias) }

ENTRY %main (a: f32[4,8], b: f32[8]) -> f32[4,8] {
  %a = f32[4,8]{1,0} parameter(0)
  %wrapped_convert = bf16[4,8]{1,0} fusion(%a), kind=kLoop, calls=%convert
  %both.2 = (f32[8]{0}, bf16[8,4]{1,0}) fusion(%a), kind=kInput, calls=%reduce
  %call.1 = (bf16[4,4]{1,0}, s8[4194304]{0}) custom-call(%wrapped_convert, %both.2#1), custom_call_target="__cublas$lt$matmul"
  %call.2 = (f32[4,4]{1,0}, s8[4194304]{0}) custom-call(%wrapped_convert, %both.2), custom_call_target="__cublas$lt$matmul"
  %call.3 = (bf16[2,2]{1,0}, u8[0]{0}) custom-call(%wrapped_convert), custom_call_target="__cudnn$fmhaSoftmax"
  %dot.4 = f32[4,4]{1,0} dot(%a, %a), lhs_contracting_dims={1}
  %sum = f32[8]{0} all-reduce-start(%b), replica_groups={{0,1}}
  %done = f32[8]{0} all-reduce-done(%sum)
}
`;

Deno.test("readHlo() counts calls, aliases, and products of other types", () => {
  assert.deepEqual(readHlo(TEXT), {
    aliases: 2,
    cublas: 2,
    cudnn: 1,
    otherProducts: 2,
    allReduces: 1,
  });
});
