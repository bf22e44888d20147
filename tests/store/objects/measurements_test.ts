import assert from "node:assert/strict";
import fc from "fast-check";
import type { Measurement } from "../../../lib/base/measures.ts";
import { MeasurementLog, readMeasurements } from "../../../lib/store/objects/measurements.ts";
import { TempDir } from "../../_support/temp_dir.ts";

const loss = (step: number, value: number): Measurement => (
  { step, name: "lossNats", split: "train", value }
);

Deno.test("MeasurementLog neither repeats nor drops a step when a training resumes", async () => {
  using folder = new TempDir();
  const first = await MeasurementLog.open(folder.path);
  for (const step of [1, 2, 3, 4]) first.append(loss(step, step));
  first.close();
  // The checkpoint was at step 2: steps 3 and 4 are measured again.
  const second = await MeasurementLog.open(folder.path);
  for (const step of [3, 4, 5]) second.append(loss(step, 10 * step));
  await Deno.mkdir(`${folder.path}/out`);
  await second.finish(`${folder.path}/out`);
  assert.equal(
    await Deno.readTextFile(`${folder.path}/out/measurements.jsonl`),
    [[1, 1], [2, 2], [3, 30], [4, 40], [5, 50]].map(([step, value]) =>
      `{"step":${step},"name":"lossNats","split":"train","value":${value}}\n`
    ).join(""),
  );
});

Deno.test("readMeasurements() sorts by step, name and split", async () => {
  using folder = new TempDir();
  const log = await MeasurementLog.open(folder.path);
  const places = ["10 b dev", "2 b train", "2 b dev", "2 a train", "1 b dev"];
  for (const place of places) {
    const [step, name, split] = place.split(" ") as [string, string, string];
    log.append({ step: Number(step), name, split, value: 0 });
  }
  log.close();
  const read = await readMeasurements(folder.path);
  assert.deepEqual(
    read.map(({ step, name, split }) => `${step} ${name} ${split}`),
    ["1 b dev", "2 a train", "2 b dev", "2 b train", "10 b dev"],
  );
});

Deno.test("MeasurementLog goes on after a kill in the middle of a line", async () => {
  using folder = new TempDir();
  const first = await MeasurementLog.open(folder.path);
  first.append(loss(1, 1));
  first.close();
  const path = `${folder.path}/measurements.jsonl`;
  await Deno.writeTextFile(path, '{"step":2,"name":"lossNa', { append: true });
  const second = await MeasurementLog.open(folder.path);
  second.append(loss(3, 3));
  second.close();
  assert.deepEqual(await readMeasurements(folder.path), [loss(1, 1), loss(3, 3)]);
});

Deno.test("MeasurementLog leaves no file for a task that never measured", async () => {
  using folder = new TempDir();
  const log = await MeasurementLog.open(folder.path);
  await Deno.mkdir(`${folder.path}/out`);
  await log.finish(`${folder.path}/out`);
  assert.deepEqual(await readMeasurements(`${folder.path}/out`), []);
  assert.deepEqual(Array.from(Deno.readDirSync(`${folder.path}/out`)), []);
});

Deno.test("readMeasurements() gives back the last of whatever was appended, bit for bit", async () => {
  const measurement = fc.record({
    step: fc.integer({ min: 0, max: 5 }),
    name: fc.constantFrom("lossNats", 'odd "name"\n'),
    split: fc.constantFrom("train", "dev"),
    value: fc.double().map((value) => Object.is(value, -0) ? 0 : value),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(measurement, { maxLength: 40 }), async (measurements) => {
      using folder = new TempDir();
      const log = await MeasurementLog.open(folder.path);
      for (const each of measurements) log.append(each);
      log.close();
      const place = (each: Measurement) => JSON.stringify([each.step, each.name, each.split]);
      const expected = new Map(measurements.map((each) => [place(each), each.value]));
      const read = await readMeasurements(folder.path);
      assert.deepEqual(new Map(read.map((each) => [place(each), each.value])), expected);
      assert.equal(read.length, expected.size);
    }),
    { numRuns: 50 },
  );
});
