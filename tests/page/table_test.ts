import assert from "node:assert/strict";
import { tableOf } from "../../lib/page/table.ts";

Deno.test("tableOf() names its columns and rows, and can be scrolled by keyboard", () => {
  const text = String(tableOf({
    caption: "costs",
    columns: [{ name: "kind" }, { name: "seconds", as: "number" }],
    rows: [["<ner>", 12]],
  }));
  assert.match(text, /role="region" tabindex="0" aria-label="costs"/);
  assert.match(text, /<caption>costs<\/caption>/);
  assert.match(text, /<th scope="col">kind<\/th><th scope="col" class="number">seconds<\/th>/);
  assert.match(text, /<tr><th scope="row">&lt;ner&gt;<\/th><td class="number">12<\/td><\/tr>/);
});
