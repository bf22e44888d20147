/** The module that worker processes run: serves every kind of the registry. */
import { serveWorker } from "../executor/worker.ts";
import { kinds } from "./registry.ts";

if (import.meta.main) serveWorker([...kinds.values()]);
