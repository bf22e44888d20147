/**
 * Entity-level precision, recall and F1, counted as the script of the CoNLL-2000
 * shared task counts them.
 *
 * An entity is right when its first word, its last word and its type are. An I-
 * at the start of a sentence, after O, or after another type opens an entity of
 * its own, both in the gold tags and in the predicted ones.
 *
 * @see https://www.clips.uantwerpen.be/conll2000/chunking/output.html
 */
import { bootstrapErrors } from "../../analysis/clusters.ts";
import { parseTag, type Tag } from "./conll.ts";

/** Counts of entities and the rates made of them, between 0 and 1. */
export interface EntityCounts {
  /** correct / predicted, 0 when nothing is predicted. */
  readonly precision: number;
  /** correct / gold, 0 when there is nothing to find. */
  readonly recall: number;
  /** The harmonic mean of precision and recall, 0 when nothing is correct. */
  readonly f1: number;
  /** Entities in the gold tags. */
  readonly gold: number;
  /** Entities in the predicted tags. */
  readonly predicted: number;
  /** Entities that are in both. */
  readonly correct: number;
}

/** How far the rates may be off by the choice of sentences; absent for fewer than two. */
export interface EntityErrors {
  /** Of the precision. */
  readonly precision?: number;
  /** Of the recall. */
  readonly recall?: number;
  /** Of the F1. */
  readonly f1?: number;
}

/** The counts of all entities together, and by type. */
export interface EntityScore extends EntityCounts {
  /** Standard errors of the rates of all entities, by drawing sentences anew. */
  readonly standardErrors: EntityErrors;
  /** By type, in alphabetical order; entities of bare B and I tags have type "". */
  readonly byType: Readonly<Record<string, EntityCounts>>;
}

/** An entity: words `start` to `end`, the end not counted in. */
export interface Entity {
  /** "" for one of bare tags. */
  readonly type: string;
  /** The first word, from 0. */
  readonly start: number;
  /** The word after the last. */
  readonly end: number;
}

const OUTSIDE: Tag = { position: "O", type: "" };

/**
 * The entities that a sentence's tags stand for, in order.
 *
 * @throws Error for a text that is no tag, which is a bug of the caller
 */
export function entitiesOf(tags: readonly string[]): Entity[] {
  const entities: Entity[] = [];
  let before = OUTSIDE;
  let start = -1;
  for (let i = 0; i <= tags.length; i++) {
    const tag = i < tags.length ? checkedTag(tags[i]!) : OUTSIDE;
    const continues = tag.position === "I" && before.position !== "O" && tag.type === before.type;
    if (start >= 0 && !continues) {
      entities.push({ type: before.type, start, end: i });
      start = -1;
    }
    if (tag.position !== "O" && !continues) start = i;
    before = tag;
  }
  return entities;
}

/**
 * Compares predicted tags with gold ones, sentence by sentence.
 *
 * @param gold tags by sentence
 * @param predicted tags by sentence, as many as the gold ones
 * @throws Error when the two do not align or hold no tags, which is a bug of the caller
 */
export function scoreEntities(
  gold: readonly (readonly string[])[],
  predicted: readonly (readonly string[])[],
): EntityScore {
  if (gold.length !== predicted.length) {
    throw new Error(`${gold.length} gold sentences, but ${predicted.length} predicted`);
  }
  const tallies = new Map<string, Tally>();
  const bySentence = new Float64Array(TALLY.length * gold.length);
  const tallyOf = (type: string) => {
    let tally = tallies.get(type);
    if (tally === undefined) tallies.set(type, tally = { gold: 0, predicted: 0, correct: 0 });
    return tally;
  };
  gold.forEach((goldTags, index) => {
    const predictedTags = predicted[index]!;
    if (goldTags.length !== predictedTags.length) {
      throw new Error(
        `sentence ${index} has ${goldTags.length} gold tags, ` +
          `but ${predictedTags.length} predicted`,
      );
    }
    const entities = entitiesOf(goldTags);
    const found = new Set(entities.map(spanOf));
    const count = (type: string, what: keyof Tally) => {
      tallyOf(type)[what]++;
      bySentence[index * TALLY.length + TALLY.indexOf(what)]!++;
    };
    for (const entity of entities) count(entity.type, "gold");
    for (const entity of entitiesOf(predictedTags)) {
      count(entity.type, "predicted");
      if (found.has(spanOf(entity))) count(entity.type, "correct");
    }
  });
  const total: Tally = { gold: 0, predicted: 0, correct: 0 };
  for (const tally of tallies.values()) {
    total.gold += tally.gold;
    total.predicted += tally.predicted;
    total.correct += tally.correct;
  }
  const types = [...tallies.keys()].sort();
  return {
    ...countsOf(total),
    standardErrors: bootstrapErrors(bySentence, {
      width: TALLY.length,
      statistics: ([gold, predicted, correct]) => {
        const { precision, recall, f1 } = countsOf({
          gold: gold!,
          predicted: predicted!,
          correct: correct!,
        });
        return { precision, recall, f1 };
      },
    }),
    byType: Object.fromEntries(types.map((type) => [type, countsOf(tallies.get(type)!)])),
  };
}

/** What is counted, in the order of sums. */
const TALLY = ["gold", "predicted", "correct"] as const;

interface Tally {
  gold: number;
  predicted: number;
  correct: number;
}

function countsOf(tally: Tally): EntityCounts {
  const precision = tally.predicted === 0 ? 0 : tally.correct / tally.predicted;
  const recall = tally.gold === 0 ? 0 : tally.correct / tally.gold;
  const sum = precision + recall;
  return { precision, recall, f1: sum === 0 ? 0 : 2 * precision * recall / sum, ...tally };
}

function spanOf(entity: Entity): string {
  return `${entity.start} ${entity.end} ${entity.type}`;
}

function checkedTag(text: string): Tag {
  const tag = parseTag(text);
  if (tag === undefined) throw new Error(`${JSON.stringify(text)} is no tag`);
  return tag;
}
