import assert from "node:assert/strict";
import { PARTS } from "../../../lib/base/parts.ts";
import { CLASS_CUES, DOMAIN_CLASSES } from "../../../lib/text/synthetic/lexicon.ts";
import { worldQuestions } from "../../../lib/text/synthetic/questions.ts";
import { smallWorld } from "./_small_world.ts";

const world = smallWorld();

Deno.test("worldQuestions() asks by cues of the class whose name is the answer, at its place", () => {
  for (const part of PARTS) {
    for (
      const { question, context, answer, start } of worldQuestions(world, { part, count: 300 })
    ) {
      assert.equal(context.slice(start, start + answer.length), answer);
      const asked = DOMAIN_CLASSES.filter((nameClass) =>
        CLASS_CUES[nameClass].nouns.some((noun) => question.split(" ").includes(noun))
      );
      const fitting = world.partSuffixes[part][asked[0]!]!;
      assert.equal(asked.length, 1, question);
      assert.ok(fitting.some((suffix) => answer.endsWith(suffix)), `${question}: ${answer}`);
      // No cue of any class stands in the context.
      const cues = DOMAIN_CLASSES.flatMap((nameClass) => Object.values(CLASS_CUES[nameClass]));
      assert.ok(!context.split(" ").some((word) => cues.flat().includes(word)), context);
    }
  }
});

Deno.test("worldQuestions() asks for each of the three names alike, on different contexts", () => {
  const questions = worldQuestions(world, { part: "test", count: 900 });
  assert.equal(new Set(questions.map(({ context }) => context)).size, 900);
  const suffixes = Object.values(world.partSuffixes.test).flat();
  const isName = (word: string) =>
    suffixes.some((suffix) =>
      word.endsWith(suffix) && world.stems.includes(word.slice(0, -suffix.length))
    );
  const asked = [0, 0, 0];
  for (const { context, start } of questions) {
    asked[context.slice(0, start).split(/[ ,]+/).filter(isName).length]!++;
  }
  for (const count of asked) assert.ok(count > 240 && count < 360, `${asked}`);
});

Deno.test("worldQuestions() starts the same whatever the number", () => {
  const few = worldQuestions(world, { part: "dev", count: 10 });
  assert.deepEqual(worldQuestions(world, { part: "dev", count: 50 }).slice(0, 10), few);
});
