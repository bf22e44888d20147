import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatMessage,
  type FromWorker,
  messageLines,
  parseMessage,
} from "../../lib/executor/protocol.ts";

Deno.test("parseMessage() gives back any event, NaN and infinities as they are", () => {
  const values = fc.oneof(
    fc.double().filter((value) => !Object.is(value, -0)),
    fc.constantFrom(NaN, Infinity, -Infinity),
  );
  fc.assert(fc.property(values, fc.string({ unit: "binary" }), (value, name) => {
    const message: FromWorker = {
      type: "measurement",
      step: 1,
      name,
      split: "train",
      value,
    };
    const line = formatMessage(message);
    assert.equal(line.indexOf("\n"), line.length - 1);
    assert.deepEqual(parseMessage(line), message);
  }));
});

Deno.test("parseMessage() refuses what is no message", () => {
  for (const line of ["", "{", "3", "null", '{"kind":"x"}']) {
    assert.throws(() => parseMessage(line), Error);
  }
});

Deno.test("messageLines() gives the same lines however the bytes are cut", async () => {
  const lines = fc.array(fc.string({ unit: "binary" }).map((line) => line.replaceAll("\n", "")));
  await fc.assert(fc.asyncProperty(lines, fc.integer({ min: 1, max: 7 }), async (sent, size) => {
    const bytes = new TextEncoder().encode(sent.map((line) => `${line}\n`).join(""));
    const pieces = Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, index) => bytes.slice(index * size, (index + 1) * size),
    );
    const received = await Array.fromAsync(messageLines(ReadableStream.from(pieces)));
    assert.deepEqual(received, sent.map((line) => line.toWellFormed()));
  }));
});

Deno.test("messageLines() gives a last line without an end", async () => {
  const bytes = new TextEncoder().encode("a\nb");
  assert.deepEqual(await Array.fromAsync(messageLines(ReadableStream.from([bytes]))), ["a", "b"]);
});
