import assert from "node:assert/strict";
import fc from "fast-check";
import { sealJson, unsealJson } from "../../lib/store/sealed_json.ts";

Deno.test("unsealJson() gives back what was sealed, and notices every changed character", () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 });
  fc.assert(fc.property(object, fc.nat(), (value, at) => {
    const text = sealJson(value);
    assert.deepEqual(unsealJson(text), { value: JSON.parse(JSON.stringify(value)) });
    const place = at % text.length;
    const other = text[place] === "x" ? "y" : "x";
    const changed = text.slice(0, place) + other + text.slice(place + 1);
    assert.ok("damage" in unsealJson(changed), changed);
    assert.ok("damage" in unsealJson(text.slice(0, place)));
  }));
});
