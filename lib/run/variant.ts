/**
 * What a run's results are filed under: the spec's name, or that of a variant of it.
 *
 * A trial with overrides or on another device must not take over what is recorded of
 * the experiment itself, so it has a name of its own, which follows from what differs.
 */
import { canonical, type JsonObject } from "../base/canonical.ts";
import { sha256 } from "../base/digest.ts";
import { DEFAULT_DEVICE } from "../engine/devices.ts";
import { formatAxisValue } from "../report/text/labels.ts";

/** The name of an experiment as it is recorded. */
export interface Filing {
  /** What results are filed under: "ablation", "ablation+1a2b3c4d", or as `--name` says. */
  readonly experiment: string;
  /** The spec's name. */
  readonly name: string;
  /** What makes it a variant, such as "--set stages.ner.with.epochs=10"; absent if nothing does. */
  readonly variant?: string;
}

/** What the name follows from. */
export interface FilingParts {
  /** The spec's name. */
  readonly name: string;
  /** What overrides change of the spec, by path. */
  readonly overrides: JsonObject;
  /** Where numbers are computed. */
  readonly device: string;
  /** As `--name` gives it. */
  readonly asked?: string | undefined;
}

/** Digits of the digest in a variant's name. */
const DIGITS = 8;

/** What results are filed under. */
export function fileUnder({ name, overrides, device, asked }: FilingParts): Filing {
  const changes = Object.entries(overrides);
  const words = [
    ...changes.map(([path, value]) => `--set ${path}=${formatAxisValue(value)}`),
    ...(device === DEFAULT_DEVICE ? [] : [`--device ${device}`]),
  ];
  if (words.length === 0) return { experiment: asked ?? name, name };
  const digest = sha256(canonical({ overrides, device })).slice(0, DIGITS);
  return { experiment: asked ?? `${name}+${digest}`, name, variant: words.join(" ") };
}

/** The name with what makes it a variant: "ablation+1a2b3c4d (--set axes.seed=[1])". */
export function formatFiling(
  { experiment, variant }: Pick<Filing, "experiment" | "variant">,
): string {
  return variant === undefined ? experiment : `${experiment} (${variant})`;
}
