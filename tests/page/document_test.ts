import assert from "node:assert/strict";
import { sha256 } from "../../lib/base/digest.ts";
import { documentOf, policyOf } from "../../lib/page/document.ts";
import { markup } from "../../lib/page/html.ts";

const parts = {
  title: "<title>",
  body: markup`<main>text</main>`,
  style: ".own { color: red }",
  script: "document.title = 'a < b';",
};

Deno.test("documentOf() lets just the style and the script work that stand in the page", () => {
  const text = documentOf(parts);
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(text)![1]!
    .replaceAll("&#39;", "'");
  assert.equal(policy, policyOf(parts));
  assert.match(policy, /^default-src 'none'; /);
  assert.doesNotMatch(policy, /unsafe|\*|https?:|connect-src/);
  for (const name of ["style", "script"]) {
    const content = new RegExp(`<${name}>([^]*?)</${name}>`).exec(text)![1]!;
    const hash = Uint8Array.fromHex(sha256(content)).toBase64();
    assert.ok(policy.includes(`${name}-src 'sha256-${hash}'`), name);
  }
  assert.match(policyOf({ ...parts, mayConnect: true }), /; connect-src 'self'/);
});

Deno.test("documentOf() escapes the title, and has no script where none is given", () => {
  const { script: _, ...without } = parts;
  const text = documentOf(without);
  assert.match(text, /<title>&lt;title&gt;<\/title>/);
  assert.doesNotMatch(text, /script/i);
});
