/**
 * Opens an engine by the name that a device gives; each is loaded only if asked for.
 *
 * A worker opens an engine once and keeps it for all its tasks.
 */
import { ExperimentError } from "../base/errors.ts";
import type { Engine } from "../engine/engine.ts";
import type { TfjsBackend } from "../engine/tfjs/tensorflow.ts";
import type { Numerics } from "../graph/key.ts";

/** The device of a task's context. */
export interface Device {
  /** The engine's name: a key of `ENGINES`. */
  readonly engine: string;
  /** How many threads it may use. */
  readonly threads: number;
}

type Open = (device: Device) => Promise<Engine>;

const ENGINES: Readonly<Record<string, Open>> = {
  "onnx-cpu": async ({ threads }) => {
    const { OnnxEngine } = await import("../engine/onnx/engine.ts");
    return new OnnxEngine({ threads });
  },
  "tfjs-cpu": () => openTfjs("cpu"),
  "tfjs-node-gpu": () => openTfjs("tfjs-node-gpu"),
};

async function openTfjs(backend: TfjsBackend): Promise<Engine> {
  const { TfjsEngine } = await import("../engine/tfjs/engine.ts");
  return await TfjsEngine.open(backend);
}

const opened = new Map<string, Promise<Engine>>();

/**
 * The engine of a device.
 *
 * @throws ExperimentError "tasks/engine" for a name that is none
 */
export function openEngine(device: Device): Promise<Engine> {
  const open = ENGINES[device.engine];
  if (open === undefined) {
    throw new ExperimentError("tasks/engine", `there is no engine "${device.engine}"`, {
      mend: `use one of ${Object.keys(ENGINES).join(", ")}`,
    });
  }
  const key = `${device.engine} ${device.threads}`;
  let engine = opened.get(key);
  if (engine === undefined) opened.set(key, engine = open(device));
  return engine;
}

/** What an engine's arithmetic is in keys. */
export function numericsOf(engine: string): Numerics {
  return { engine, precision: "float32" };
}
