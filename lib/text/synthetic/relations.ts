/**
 * The benchmark of relations of the synthetic world.
 *
 * A verb tells whether one name acts on another; which relation that is, the classes of both
 * names tell. Names of train, dev and test end in different suffixes, so the classes have to
 * come from the corpus. No relation is where names only meet, or where one is a device.
 */
import type { Part } from "../../base/parts.ts";
import { Stream } from "../../base/rng.ts";
import { distinct, type PartDraws } from "./_distinct.ts";
import { type NameClass, RELATION_PAIRS, type RelationKind } from "./lexicon.ts";
import { textOf, twoNames } from "./sentences.ts";
import { drawNameOf, type World } from "./world.ts";

/** A sentence with the relation of its two names. */
export interface RelationText {
  /** The sentence. */
  readonly text: string;
  /** One of `RELATION_LABELS`. */
  readonly label: string;
}

const NONE = "none";

/** Every label, that of no relation first. */
export const RELATION_LABELS: readonly string[] = [NONE, ...RELATION_PAIRS.map(labelOf)];

const MEETING_SHARE = 0.2;
const DEVICE_SHARE = 0.2;
const KINDS: readonly RelationKind[] = ["promotes", "suppresses"];

/**
 * Sentences of a part, no two alike; the three relations are equally frequent.
 *
 * @throws Error when the world has not so many different sentences
 */
export function relationTexts(
  world: World,
  { part, ...options }: PartDraws<Part>,
): RelationText[] {
  const stream = new Stream(world.seed, `synthetic/relations/${part}`);
  const name = (nameClass: NameClass) => drawNameOf(world, { part, nameClass, stream });
  const draw = (): RelationText => {
    const pair = RELATION_PAIRS[stream.below(RELATION_PAIRS.length)]!;
    const share = stream.float(), isMeeting = share < MEETING_SHARE;
    const isOdd = !isMeeting && share < MEETING_SHARE + DEVICE_SHARE;
    const odd = isOdd ? stream.below(2) : -1;
    const [actor, target] = pair.map((each, side) => name(side === odd ? "device" : each));
    const kind = isMeeting ? NONE : KINDS[stream.below(KINDS.length)]!;
    const sentence = twoNames(actor!, target!, { kind, stream, isRunningText: false });
    return { text: textOf(sentence), label: isMeeting || isOdd ? NONE : labelOf(pair) };
  };
  return distinct(draw, { ...options, textOf: ({ text }) => text });
}

function labelOf([actor, target]: readonly [NameClass, NameClass]): string {
  return `${actor}-${target}`;
}
