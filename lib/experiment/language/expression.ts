/**
 * The language inside `$(...)`: references and arithmetic, total and without effects.
 *
 *   expression := term (("+" | "-") term)*      term := factor (("*" | "/" | "%") factor)*
 *   factor := "-" factor | number | reference | name "(" expression ("," expression)* ")"
 *           | "(" expression ")"
 *
 * `%` is the remainder with the dividend's sign; `round` takes halves up. There is
 * no `eval`, no loop, no text: what is not a finite number is a fault.
 */
import { listOf } from "../../base/list.ts";
import { mendName } from "../check/near.ts";

/** `axis.steps`, `env.DATA`, `stages.world`, `stages.world.ner`. */
export interface Reference {
  readonly type: "reference";
  /** What kind of thing is named. */
  readonly space: "axis" | "env" | "stages";
  /** The axis, variable or stage. */
  readonly name: string;
  /** A stage's output; "" for the artifact itself. */
  readonly output: string;
  /** Where it stands in the text. */
  readonly offset: number;
}

/** A parsed expression. */
export type Expression =
  | { readonly type: "number"; readonly value: number; readonly offset: number }
  | Reference
  | { readonly type: "negate"; readonly of: Expression; readonly offset: number }
  | {
    readonly type: "binary";
    readonly operator: string;
    readonly left: Expression;
    readonly right: Expression;
    readonly offset: number;
  }
  | {
    readonly type: "call";
    readonly name: string;
    readonly inputs: readonly Expression[];
    readonly offset: number;
  };

/** What is wrong with an expression, and where in its text. */
export class ExpressionFault extends Error {
  /** A fault at an offset of the text, in UTF-16 code units. */
  constructor(readonly offset: number, message: string, readonly mend: string) {
    super(message);
  }
}

const FUNCTIONS: Readonly<Record<string, (...inputs: number[]) => number>> = {
  min: Math.min,
  max: Math.max,
  round: Math.round,
  floor: Math.floor,
  ceil: Math.ceil,
  abs: Math.abs,
};
const MANY_INPUTS = new Set(["min", "max"]);
const SPACES = ["axis", "env", "stages"] as const;
const MAX_DEPTH = 100;
const MAX_TOKENS = 1_000;

/**
 * Reads an expression up to the parenthesis that closes its `$(`.
 *
 * @param start where the expression begins, behind `$(`
 * @returns the expression, and where the text behind its parenthesis begins
 * @throws ExpressionFault
 */
export function parseExpression(
  text: string,
  start: number,
): { readonly expression: Expression; readonly end: number } {
  const parser = new Parser(text, start);
  const expression = parser.sum(0);
  parser.expect(")");
  return { expression, end: parser.offset };
}

/** All references of an expression, from left to right. */
export function referencesOf(expression: Expression): readonly Reference[] {
  switch (expression.type) {
    case "number":
      return [];
    case "reference":
      return [expression];
    case "negate":
      return referencesOf(expression.of);
    case "binary":
      return [...referencesOf(expression.left), ...referencesOf(expression.right)];
    case "call":
      return expression.inputs.flatMap(referencesOf);
  }
}

/**
 * The value of an arithmetic expression: a finite number, never -0.
 *
 * @param numberOf the value of a reference
 * @throws ExpressionFault when a part is no finite number
 */
export function evaluateExpression(
  expression: Expression,
  numberOf: (reference: Reference) => number,
): number {
  const value = compute(expression, numberOf);
  if (!Number.isFinite(value)) {
    throw new ExpressionFault(
      expression.offset,
      "this has no finite value",
      "use smaller numbers",
    );
  }
  return value + 0; // -0 + 0 is 0
}

function compute(expression: Expression, numberOf: (reference: Reference) => number): number {
  switch (expression.type) {
    case "number":
      return expression.value;
    case "reference":
      return numberOf(expression);
    case "negate":
      return -evaluateExpression(expression.of, numberOf);
    case "call":
      return FUNCTIONS[expression.name]!(
        ...expression.inputs.map((input) => evaluateExpression(input, numberOf)),
      );
    case "binary":
      return combine(expression, {
        left: evaluateExpression(expression.left, numberOf),
        right: evaluateExpression(expression.right, numberOf),
      });
  }
}

function combine(
  { operator, offset }: { readonly operator: string; readonly offset: number },
  { left, right }: { readonly left: number; readonly right: number },
): number {
  if (right === 0 && (operator === "/" || operator === "%")) {
    throw new ExpressionFault(offset, "this divides by zero", "divide by something else");
  }
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    default:
      return left % right;
  }
}

interface Token {
  readonly kind: "number" | "name" | "sign" | "end";
  readonly text: string;
  readonly offset: number;
}

class Parser {
  readonly #text: string;
  #next: Token;
  #taken = 0;
  /** Where the text behind the last token taken begins. */
  offset: number;

  constructor(text: string, start: number) {
    this.#text = text;
    this.offset = start;
    this.#next = this.#read(start);
  }

  sum(depth: number): Expression {
    let left = this.#product(depth);
    while (this.#isSign("+-")) {
      const { text: operator, offset } = this.#take();
      left = { type: "binary", operator, left, right: this.#product(depth), offset };
    }
    return left;
  }

  expect(sign: string): void {
    if (this.#next.text === sign && this.#next.kind === "sign") {
      this.#take();
      return;
    }
    throw this.#unexpected(`"${sign}"`);
  }

  #product(depth: number): Expression {
    let left = this.#factor(depth);
    while (this.#isSign("*/%")) {
      const { text: operator, offset } = this.#take();
      left = { type: "binary", operator, left, right: this.#factor(depth), offset };
    }
    return left;
  }

  #factor(depth: number): Expression {
    const token = this.#next;
    if (depth > MAX_DEPTH) {
      throw new ExpressionFault(token.offset, "this is nested too deeply", "write it simpler");
    }
    if (token.kind === "number") {
      this.#take();
      return { type: "number", value: Number(token.text), offset: token.offset };
    }
    if (token.kind === "name") {
      this.#take();
      return this.#isSign("(") ? this.#call(token, depth) : reference(token);
    }
    if (this.#isSign("-")) {
      this.#take();
      return { type: "negate", of: this.#factor(depth + 1), offset: token.offset };
    }
    if (this.#isSign("(")) {
      this.#take();
      const inside = this.sum(depth + 1);
      this.expect(")");
      return inside;
    }
    throw this.#unexpected("a number, a reference or a parenthesis");
  }

  #call({ text: name, offset }: Token, depth: number): Expression {
    if (!Object.hasOwn(FUNCTIONS, name)) {
      throw new ExpressionFault(
        offset,
        `there is no function "${name}"`,
        mendName(name, Object.keys(FUNCTIONS)),
      );
    }
    this.expect("(");
    const inputs = [this.sum(depth + 1)];
    while (this.#isSign(",")) {
      this.#take();
      inputs.push(this.sum(depth + 1));
    }
    this.expect(")");
    if (inputs.length > 1 && !MANY_INPUTS.has(name)) {
      throw new ExpressionFault(offset, `${name} takes one number`, `write ${name}(x)`);
    }
    return { type: "call", name, inputs, offset };
  }

  #isSign(signs: string): boolean {
    return this.#next.kind === "sign" && signs.includes(this.#next.text);
  }

  #take(): Token {
    const token = this.#next;
    if (++this.#taken > MAX_TOKENS) {
      throw new ExpressionFault(token.offset, "this is too long", "write it shorter");
    }
    this.offset = token.offset + token.text.length;
    this.#next = this.#read(this.offset);
    return token;
  }

  #read(start: number): Token {
    TOKEN.lastIndex = start;
    const match = TOKEN.exec(this.#text);
    if (match === null) return { kind: "end", text: "", offset: start };
    const offset = start + match[1]!.length;
    const [, , number, name, sign] = match;
    if (number !== undefined) return { kind: "number", text: number, offset };
    if (name !== undefined) return { kind: "name", text: name, offset };
    if (sign !== undefined) return { kind: "sign", text: sign, offset };
    return { kind: "end", text: "", offset };
  }

  #unexpected(wanted: string): ExpressionFault {
    const { kind, text, offset } = this.#next;
    const isCut = kind === "end" && offset >= this.#text.length;
    if (isCut) return new ExpressionFault(offset, `"$(" is not closed`, 'write ")"');
    const found = kind === "end" ? this.#text.charAt(offset) : text;
    return new ExpressionFault(
      offset,
      `cannot read ${JSON.stringify(found)} here`,
      `write ${wanted}`,
    );
  }
}

/** Space, then a number, a name, or a sign; names under `stages.` may hold hyphens. */
const TOKEN =
  /(\s*)(?:((?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))|((?:stages\.[\w.-]*\w)|[A-Za-z_][\w.]*)|([-+*/%(),]))?/y;

function reference({ text, offset }: Token): Reference {
  const [space = "", name, ...rest] = text.split(".");
  const isKnown = (SPACES as readonly string[]).includes(space);
  if (!isKnown) {
    const mend = name === undefined
      ? `write axis.${space}, env.${space} or stages.${space}`
      : mendName(space, SPACES, (near) => `${near}.${name}`);
    throw new ExpressionFault(offset, `cannot read "${text}" here`, mend);
  }
  const isShort = name === undefined || name === "";
  const isLong = rest.length > (space === "stages" ? 1 : 0);
  if (isShort || isLong || rest.includes("")) {
    const forms = ["axis.<axis>", "env.<VARIABLE>", "stages.<stage>", "stages.<stage>.<output>"];
    const fitting = forms.filter((form) => form.startsWith(`${space}.`));
    throw new ExpressionFault(
      offset,
      `cannot read "${text}" here`,
      `write ${listOf(fitting)}`,
    );
  }
  return {
    type: "reference",
    space: space as Reference["space"],
    name,
    output: rest[0] ?? "",
    offset,
  };
}
