import assert from "node:assert/strict";
import fc from "fast-check";
import {
  evaluateExpression,
  type Expression,
  ExpressionFault,
  parseExpression,
  referencesOf,
} from "../../../lib/experiment/language/expression.ts";

function parse(text: string): Expression {
  const { expression, end } = parseExpression(`$(${text})`, 2);
  assert.equal(end, text.length + 3);
  return expression;
}

function evaluate(text: string, axes: Record<string, number> = {}): number {
  return evaluateExpression(parse(text), ({ name }) => axes[name]!);
}

const VALUES: readonly (readonly [string, number])[] = [
  ["1 + 2 * 3", 7],
  ["(1 + 2) * 3", 9],
  ["10 - 3 - 2", 5],
  ["16 / 4 / 2", 2],
  ["-2 - -3", 1],
  ["--2", 2],
  ["7 % 4", 3],
  ["-7 % 4", -3],
  ["2 * -3 % 4", -2],
  ["1e3 + .5", 1000.5],
  ["min(3, 1, 2)", 1],
  ["max(3)", 3],
  ["round(2.5)", 3],
  ["round(-2.5)", -2],
  ["floor(-1.5)", -2],
  ["ceil(1.2)", 2],
  ["abs(-4)", 4],
  ["min(50, axis.steps / 10)", 40],
  ["  axis.steps*2 ", 800],
];

for (const [text, value] of VALUES) {
  Deno.test(`evaluateExpression() gives ${value} for ${text}`, () => {
    assert.equal(evaluate(text, { steps: 400 }), value);
  });
}

/** An expression as text, and the same as a function of its axes. */
interface Sample {
  readonly text: string;
  readonly value: (axes: Record<string, number>) => number;
}

const sample = fc.letrec<{ any: Sample }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 5 },
    fc.nat(1_000).map((n) => ({ text: String(n), value: () => n })),
    fc.constantFrom("a", "b").map((name) => ({
      text: `axis.${name}`,
      value: (axes: Record<string, number>) => axes[name]!,
    })),
    tie("any").map((of) => ({
      text: `-(${of.text})`,
      value: (axes: Record<string, number>) => -of.value(axes),
    })),
    fc.tuple(tie("any"), fc.constantFrom("+", "-", "*", "/", "%"), tie("any"), fc.boolean()).map((
      [left, operator, right, isSpaced],
    ) => ({
      text: isSpaced
        ? `(${left.text}) ${operator} (${right.text})`
        : `((${left.text})${operator}(${right.text}))`,
      value: (axes: Record<string, number>) => {
        const [a, b] = [left.value(axes), right.value(axes)];
        return operator === "+"
          ? a + b
          : operator === "-"
          ? a - b
          : operator === "*"
          ? a * b
          : operator === "/"
          ? a / b
          : a % b;
      },
    })),
    fc.tuple(fc.constantFrom("min", "max"), fc.array(tie("any"), { minLength: 1, maxLength: 3 }))
      .map(([name, inputs]) => ({
        text: `${name}(${inputs.map(({ text }) => text).join(", ")})`,
        value: (axes: Record<string, number>) =>
          Math[name as "min" | "max"](...inputs.map(({ value }) => value(axes))),
      })),
    fc.tuple(fc.constantFrom("round", "floor", "ceil", "abs"), tie("any")).map(([name, of]) => ({
      text: `${name}(${of.text})`,
      value: (axes: Record<string, number>) =>
        Math[name as "round" | "floor" | "ceil" | "abs"](of.value(axes)),
    })),
  ),
})).any;

Deno.test("evaluateExpression() agrees with JavaScript or reports what is no finite number", () => {
  const axis = fc.integer({ min: -20, max: 20 });
  let finite = 0;
  fc.assert(
    fc.property(sample, axis, axis, ({ text, value }, a, b) => {
      const axes = { a, b };
      let found: number;
      try {
        found = evaluate(text, axes);
      } catch (error) {
        // A part without a finite value is a fault even where the whole has one: 1 / (1 / 0).
        assert.ok(error instanceof ExpressionFault);
        assert.match(error.message, /divides by zero|no finite value/);
        return;
      }
      finite++;
      // The sign of zero is dropped at every step, which only a division could show.
      assert.equal(found, value(axes) + 0);
      assert.ok(!Object.is(found, -0));
    }),
    { numRuns: 500 },
  );
  assert.ok(finite > 200, "most samples have a value");
});

Deno.test("evaluateExpression() reports a part without a value though the whole has one", () => {
  assert.throws(() => evaluate("min(1, 1 / 0)"), /divides by zero/);
  assert.throws(() => evaluate("1 / (1e300 * 1e300)"), /no finite value/);
});

Deno.test("parseExpression() ends at the parenthesis that closes it", () => {
  const text = "a $(min(1, (2))) b $(3)";
  assert.equal(parseExpression(text, 4).end, 16);
  assert.equal(parseExpression(text, 21).end, text.length);
});

Deno.test("parseExpression() reads references and their outputs", () => {
  const { space, name, output, offset } = referencesOf(parse("stages.my-world.ner"))[0]!;
  assert.deepEqual({ space, name, output, offset }, {
    space: "stages",
    name: "my-world",
    output: "ner",
    offset: 2,
  });
  assert.deepEqual(
    referencesOf(parse("min(axis.a, env.B) - axis.c")).map((each) => each.name),
    ["a", "B", "c"],
  );
});

const FAULTS: readonly (readonly [string, number, string, string])[] = [
  ["axes.steps", 2, 'cannot read "axes.steps" here', "write axis.steps"],
  ["stage.x", 2, 'cannot read "stage.x" here', "write stages.x"],
  ["axis.a.b", 2, 'cannot read "axis.a.b" here', "write axis.<axis>"],
  [
    "stages.a.b.c",
    2,
    'cannot read "stages.a.b.c" here',
    "write stages.<stage>, stages.<stage>.<output>",
  ],
  ["axis.", 2, 'cannot read "axis." here', "write axis.<axis>"],
  ["10_000", 2, 'cannot read "1" here', "write a number, a reference or a parenthesis"],
  ["2 ** 3", 5, 'cannot read "*" here', "write a number, a reference or a parenthesis"],
  [
    "toString(1)",
    2,
    'there is no function "toString"',
    'write one of "min", "max", "round", "floor", "ceil", "abs"',
  ],
  ["1; 2", 3, 'cannot read ";" here', 'write ")"'],
  ["(".repeat(101) + "1", 103, "this is nested too deeply", "write it simpler"],
  ["-".repeat(101) + "1", 103, "this is nested too deeply", "write it simpler"],
  ["1" + "+1".repeat(600), 1002, "this is too long", "write it shorter"],
];

for (const [text, offset, message, mend] of FAULTS) {
  Deno.test(`parseExpression() refuses ${text.slice(0, 20)}`, () => {
    assert.throws(() => parse(text), (error: unknown) => {
      assert.ok(error instanceof ExpressionFault);
      assert.deepEqual([error.offset, error.message, error.mend], [offset, message, mend]);
      return true;
    });
  });
}
