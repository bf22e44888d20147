import assert from "node:assert/strict";
import fc from "fast-check";
import { markup, trusted } from "../../lib/page/html.ts";

Deno.test("markup` escapes every text, in elements and in attributes", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const escaped = String(markup`<p title="${text}">${[text]}</p>`);
    const [, title, content] = /^<p title="([^"]*)">([^<]*)<\/p>$/.exec(escaped)!;
    const decoded = (each: string) =>
      each.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
        .replaceAll("&#39;", "'").replaceAll("&amp;", "&");
    assert.equal(decoded(title!), text);
    assert.equal(decoded(content!), text);
  }));
});

Deno.test("markup` puts markup in as it is, joins lists, and shows nothing for what is absent", () => {
  const items = ["a", "<b>"].map((text) => markup`<li>${text}</li>`);
  assert.equal(String(markup`<ul>${items}</ul>`), "<ul><li>a</li><li>&lt;b&gt;</li></ul>");
  assert.equal(String(markup`${undefined}${false}${0}${""}${trusted("<i>")}`), "0<i>");
});

Deno.test("markup` shows what would turn the direction of a line; lines stay lines", () => {
  const text = 'a"\u202eb\u2066c\u200b"\r\nd\te';
  assert.equal(
    String(markup`<p title="${text}">${[text, trusted("\u202e")]}</p>`),
    '<p title="a&quot;\\u202eb\\u2066c\\u200b&quot;\nd\te">a&quot;\\u202eb\\u2066c\\u200b&quot;\nd\te\u202e</p>',
  );
});
