/** Where a report is written: the launcher grants it, the command does it. */

/** The experiment that is meant where none is named. */
export const DEFAULT_EXPERIMENT = "ablation";

/** The folder that `--out` names, else one in `reports/` of the results, called by what is in it. */
export function reportFolder(
  { results, out, experiments }: {
    readonly results: string;
    readonly out?: string | undefined;
    readonly experiments: readonly string[];
  },
): string {
  if (out !== undefined) return out;
  const [experiment = DEFAULT_EXPERIMENT, other] = experiments;
  const names = other === undefined ? experiment : `${experiment}-and-${other}`;
  const plain = names.replace(/[^\p{L}\p{N}._+-]/gu, "-").replace(/^\.+/, "-");
  return `${results.length > 1 ? results.replace(/\/+$/, "") : results}/reports/${plain}`;
}
