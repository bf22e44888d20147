/** Registers a test on every device of the table; one that cannot be used here is ignored. */
import { type DeviceName, DEVICES, openDevice } from "../../lib/engine/devices.ts";
import type { Engine } from "../../lib/engine/engine.ts";

const NAMES = Object.keys(DEVICES) as DeviceName[];

const ABSENT = new Set<DeviceName>();
for (const name of NAMES) await DEVICES[name].check?.().catch(() => ABSENT.add(name));

/** A test by name and device; threads are two, so that what depends on them shows. */
export function testOnEachDevice(
  claim: string,
  body: (engine: Engine, device: DeviceName) => void | Promise<void>,
): void {
  for (const name of NAMES) {
    Deno.test({
      name: `${name}: ${claim}`,
      ignore: ABSENT.has(name),
      fn: async () => await body(await openDevice({ name, threads: 2 }), name),
    });
  }
}
