/** What done tasks scored: read once from their artifacts, each of which never changes. */
import { realPath } from "../store/results_folder.ts";
import type { Metric, Score } from "../base/measures.ts";
import { kinds } from "../tasks/registry.ts";
import { ArtifactStore } from "../store/objects/artifacts.ts";

/** A score, and what its kind says of the metric. */
export interface KnownScore extends Score {
  /** What the metric is. */
  readonly declared: Metric | undefined;
}

/** Artifacts that are looked at before others get their turn. */
const MOST_AT_ONCE = 200;

const BY_SPLIT = ["test", "validation", "dev"];

/** Scores by task; `look` for those that are new. */
export class Scores {
  readonly #store: ArtifactStore;
  readonly #root: string;
  readonly #known = new Map<string, KnownScore | undefined>();

  private constructor(store: ArtifactStore, root: string) {
    this.#store = store;
    this.#root = root;
  }

  /** Of a folder of results; what a link leads to outside of it is not read. */
  static async open({ root, store }: { root: string; store: string }): Promise<Scores> {
    return new Scores(await ArtifactStore.open(store, { isReadOnly: true }), root);
  }

  /** What a table shows of a task, as far as it was looked at; undefined where it has no score. */
  of(key: string): KnownScore | undefined {
    return this.#known.get(key);
  }

  /** Looks at tasks that were not looked at. */
  async look(keys: Iterable<string>): Promise<void> {
    let looked = 0;
    for (const key of keys) {
      if (this.#known.has(key) || looked++ >= MOST_AT_ONCE) continue;
      this.#known.set(key, await this.#read(key));
    }
  }

  async #read(key: string): Promise<KnownScore | undefined> {
    try {
      const dir = this.#store.dirOf(key);
      if (!realPath(dir).startsWith(`${realPath(this.#root)}/`)) return undefined;
      const record = await this.#store.find(key);
      if (record === undefined) return undefined;
      const metrics = (await kinds.get(record.kind))?.metrics;
      const scores = record.outcome.scores.map((score) => ({
        ...score,
        declared: metrics?.[score.metric],
      }));
      const shown = scores.filter(({ declared }) => declared?.isHeadline === true);
      return BY_SPLIT.map((split) => shown.find((score) => score.split === split))
        .find((score) => score !== undefined) ?? shown[0];
    } catch {
      // An artifact that cannot be used has no score to show; a run says what is wrong with it.
      return undefined;
    }
  }
}
