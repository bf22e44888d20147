/** The wire format, against bytes worked out by hand from its specification. */
import assert from "node:assert/strict";
import { Message } from "../../lib/engine/protobuf.ts";

const CASES: readonly [string, Message, readonly number[]][] = [
  ["a small number", new Message().int(1, 5), [0x08, 5]],
  ["a number of two bytes", new Message().int(1, 300), [0x08, 0xAC, 0x02]],
  ["zero", new Message().int(2, 0), [0x10, 0]],
  [
    "a negative number, in ten bytes",
    new Message().int(1, -1),
    [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
  ],
  ["a field above 15", new Message().int(20, 1), [0xA0, 0x01, 1]],
  ["a float", new Message().float(2, 0.5), [0x15, 0, 0, 0, 0x3F]],
  ["text in UTF-8", new Message().text(4, "é"), [0x22, 2, 0xC3, 0xA9]],
  [
    "a message in a message",
    new Message().message(7, new Message().int(1, 5).int(2, 6)),
    [0x3A, 4, 0x08, 5, 0x10, 6],
  ],
];

for (const [what, message, bytes] of CASES) {
  Deno.test(`Message encodes ${what}`, () => {
    assert.deepEqual([...message.encoded()], bytes);
  });
}

Deno.test("Message holds more bytes than it first has room for", () => {
  const bytes = Uint8Array.from({ length: 200 }, (_, i) => i);
  const encoded = new Message().int(1, 1).bytes(9, bytes).encoded();
  assert.deepEqual([...encoded], [0x08, 1, 0x4A, 200, 1, ...bytes]);
});
