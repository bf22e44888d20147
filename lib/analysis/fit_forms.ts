/** The forms of curves that specs can name, without the arithmetic: what checks and keys need. */

/** The formula of the saturating law, stored beside its parameters so that a row explains itself. */
export const SATURATING_FORM = "limit + amplitude * x^-exponent";

/** What stands on the axes of each form, in order. */
const VARIABLES = {
  saturating: ["x"],
  chinchilla: ["parameters", "tokens"],
  kaplan: ["parameters", "tokens"],
  "repeated-data": ["parameters", "tokens", "uniqueTokens"],
  transfer: ["tokens", "parameters"],
  "domain-share": ["parameters", "tokens", "share"],
  "loss-to-task": ["loss"],
} as const;

/** The name of a form. */
export type FitForm = keyof typeof VARIABLES;

/** The forms; the first is the default. */
export const FIT_FORMS = Object.keys(VARIABLES) as [FitForm, ...FitForm[]];

/** What stands on the axes of a form, in order. */
export function variablesOf(form: FitForm): readonly string[] {
  return VARIABLES[form];
}
