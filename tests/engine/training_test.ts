/** Training, the same claims for every device, and for one whose steps are over only later. */
import { openDevice } from "../../lib/engine/devices.ts";
import { TRAINING_CHECKS } from "./check_training.ts";
import { testOnEachDevice } from "./each_device.ts";
import { LateEngine } from "./late_engine.ts";

for (const [claim, check] of Object.entries(TRAINING_CHECKS)) {
  testOnEachDevice(claim, check);
  Deno.test(`an engine that computes late: ${claim}`, async () => {
    await check(new LateEngine(await openDevice({ name: "cpu", threads: 1 })));
  });
}
