/** planMemory() on random plans: what lives at the same time never overlaps. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ExecutionPlan, Place } from "../../../lib/engine/onnx/lower/lower.ts";
import {
  align,
  ALIGNMENT_BYTES,
  byteLength,
  planMemory,
} from "../../../lib/engine/onnx/memory_plan.ts";

function made(size: number): Place {
  return { kind: "made", dtype: "f32", size };
}

/** A plan of one kernel call a step: step i makes place i from earlier ones. */
function chain(sizes: readonly number[], reads: readonly (readonly number[])[]) {
  const places = sizes.map(made);
  const steps: ExecutionPlan["steps"] = places.map((output, i) => ({
    kind: "kernel",
    call: { kernel: "addRows", rowSize: 1 },
    inputs: (reads[i] ?? []).filter((each) => each < i).map((each) => places[each]!),
    outputs: [output],
  }));
  const outputs = new Map([["last", places.at(-1)!]]);
  return { places, plan: { steps, inputs: [], outputs } satisfies ExecutionPlan };
}

Deno.test("planMemory() keeps apart what lives at the same time", () => {
  fc.assert(fc.property(
    fc.array(
      fc.tuple(fc.integer({ min: 1, max: 100 }), fc.array(fc.nat(15), { maxLength: 3 })),
      { minLength: 1, maxLength: 16 },
    ),
    (rows) => {
      const { places, plan } = chain(rows.map(([size]) => size), rows.map(([, reads]) => reads));
      const { addresses, end } = planMemory(plan, { start: 128 });
      const lastRead = places.map((place, i) =>
        place === places.at(-1) ? Infinity : Math.max(
          i,
          ...plan.steps.flatMap((s, at) =>
            s.kind === "kernel" && s.inputs.includes(place) ? [at] : []
          ),
        )
      );
      for (const [i, a] of places.entries()) {
        const from = addresses.get(a)!;
        assert.equal(from % ALIGNMENT_BYTES, 0);
        assert.ok(from >= 128 && from + align(byteLength(a)) <= end);
        for (const [j, b] of places.entries()) {
          if (i >= j || lastRead[i]! < j) continue;
          const other = addresses.get(b)!;
          const isApart = from + align(byteLength(a)) <= other ||
            other + align(byteLength(b)) <= from;
          assert.ok(isApart, `${i} and ${j} overlap`);
        }
      }
    },
  ));
});

Deno.test("planMemory() uses memory again", () => {
  const { plan } = chain([1000, 1000, 1000, 1000], [[], [0], [1], [2]]);
  assert.equal(planMemory(plan, { start: 0 }).end, 2 * align(4000));
});

Deno.test("planMemory() leaves fixed places and those elsewhere alone", () => {
  const { places, plan } = chain([10, 20, 30], [[], [0], [1]]);
  const fixed = new Map([[places[0]!, 4096]]);
  const elsewhere = new Set([places[1]!]);
  const { addresses, end } = planMemory(plan, { start: 64, fixed, elsewhere });
  assert.deepEqual([...addresses], [[places[0], 4096], [places[2], 64]]);
  assert.equal(end, 64 + align(120));
});

Deno.test("planMemory() keeps inputs and constants from one run to the next", () => {
  const { places: [first, second, third] } = chain([10, 10, 10], []);
  const input = { kind: "input", name: "x", dtype: "f32", size: 10 } as const;
  const constant = { kind: "constant", value: 1, dtype: "f32", size: 10 } as const;
  const call = { kernel: "addRows", rowSize: 1 } as const;
  const plan: ExecutionPlan = {
    steps: [
      { kind: "kernel", call, inputs: [input, constant], outputs: [first!] },
      { kind: "kernel", call, inputs: [first!], outputs: [second!] },
      { kind: "kernel", call, inputs: [second!], outputs: [third!] },
    ],
    inputs: [input],
    outputs: new Map([["y", third!]]),
  };
  const { addresses } = planMemory(plan, { start: 0 });
  for (const kept of [input, constant]) {
    const shared = [...addresses].filter(([, address]) => address === addresses.get(kept));
    assert.deepEqual(shared.map(([place]) => place), [kept]);
  }
});
