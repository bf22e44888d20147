/**
 * Labels of files that stand for one class of the benchmark: a relation's names are many, and
 * published scores are of a few groups of them.
 *
 * Groups come from the spec, whole and in advance, so that a file which lacks a name changes
 * nothing.
 */
import { ExperimentError, type SourcePosition } from "../../base/errors.ts";

/** A class, and the names that files give it. */
export interface LabelGroup {
  /** The class, one of the benchmark's labels. */
  readonly label: string;
  /** The names. */
  readonly of: readonly string[];
}

/** Groups that a spec may name instead of writing them out. */
export type NamedGroups = "chemprot";

/** Groups as a spec gives them. */
export type LabelGroups = NamedGroups | readonly LabelGroup[];

/**
 * ChemProt's relations by the classes of BioCreative VI: five are scored, all else is no
 * relation there. CPR:1 is PART-OF, CPR:2 the regulators without a direction, CPR:7 the
 * modulators, CPR:8 the cofactors, CPR:10 what a text denies.
 *
 * @see https://biocreative.bioinformatics.udel.edu/tasks/biocreative-vi/track-5/
 */
const CHEMPROT: readonly LabelGroup[] = [
  { label: "CPR:3", of: ["UPREGULATOR", "ACTIVATOR", "INDIRECT-UPREGULATOR"] },
  { label: "CPR:4", of: ["DOWNREGULATOR", "INHIBITOR", "INDIRECT-DOWNREGULATOR"] },
  { label: "CPR:5", of: ["AGONIST", "AGONIST-ACTIVATOR", "AGONIST-INHIBITOR"] },
  { label: "CPR:6", of: ["ANTAGONIST"] },
  { label: "CPR:9", of: ["SUBSTRATE", "PRODUCT-OF", "SUBSTRATE_PRODUCT-OF"] },
  {
    label: "false",
    of: ["PART-OF", "REGULATOR", "DIRECT-REGULATOR", "INDIRECT-REGULATOR", "MODULATOR"]
      .concat(["MODULATOR-ACTIVATOR", "MODULATOR-INHIBITOR", "COFACTOR", "NOT", "UNDEFINED"]),
  },
];

/** The groups, written out. */
function writtenGroups(groups: LabelGroups): readonly LabelGroup[] {
  return groups === "chemprot" ? CHEMPROT : groups;
}

/**
 * Tells the benchmark's label of a label of a file.
 *
 * @returns a function that throws ExperimentError "benchmarks/unknown-label" for a name that is
 *   neither a label nor of a group whose label is one
 */
export function labelReader(
  labels: readonly string[],
  groups: LabelGroups,
): (name: string, at: SourcePosition) => string {
  const known = new Set(labels), byName = new Map<string, string>();
  for (const { label, of } of writtenGroups(groups)) {
    for (const name of of) byName.set(name, label);
  }
  return (name, at) => {
    const label = byName.get(name) ?? name;
    if (known.has(label)) return label;
    const stands = label === name ? "" : `, which stands for ${JSON.stringify(label)},`;
    throw new ExperimentError(
      "benchmarks/unknown-label",
      `the label ${JSON.stringify(name)}${stands} is none of ${labels.join(", ")}`,
      {
        at,
        mend: label === name
          ? "add it to labels, or correct header and columns of this source"
          : `add ${JSON.stringify(label)} to labels, or leave such lines out of the file`,
      },
    );
  };
}
