/** The forms of curves that specs can name, without the arithmetic: what checks and keys need. */

/** The formula of the saturating law, stored beside its parameters so that a row explains itself. */
export const SATURATING_FORM = "limit + amplitude * x^-exponent";

/** What stands on the axes of each form, in order, and how many parameters are found. */
const FORMS = {
  saturating: { variables: ["x"], parameters: 3 },
  chinchilla: { variables: ["parameters", "tokens"], parameters: 5 },
  kaplan: { variables: ["parameters", "tokens"], parameters: 4 },
  "repeated-data": { variables: ["parameters", "tokens", "uniqueTokens"], parameters: 7 },
  transfer: { variables: ["tokens", "parameters"], parameters: 3 },
  "domain-share": { variables: ["parameters", "tokens", "share"], parameters: 8 },
  "loss-to-task": { variables: ["loss"], parameters: 4 },
} as const;

/** The name of a form. */
export type FitForm = keyof typeof FORMS;

/** The forms; the first is the default. */
export const FIT_FORMS = Object.keys(FORMS) as [FitForm, ...FitForm[]];

/** What stands on the axes of a form, in order. */
export function variablesOf(form: FitForm): readonly string[] {
  return FORMS[form].variables;
}

/** How many points a curve of a form needs at the least: one more than it has parameters. */
export function leastPoints(form: FitForm): number {
  return FORMS[form].parameters + 1;
}
