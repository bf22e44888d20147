/** That pages and the harness are worth something in a real browser: what is wrong is found. */
import assert from "node:assert/strict";
import { documentOf } from "../../lib/page/document.ts";
import { goodnessOf, heatMap } from "../../lib/page/heat_map.ts";
import { markup } from "../../lib/page/html.ts";
import { barriers, overflow, testInBrowser, VIEWS } from "../_support/browser.ts";
import { TempDir } from "../_support/temp_dir.ts";

const values = Array.from({ length: 9 }, (_, i) => i);
const goodness = goodnessOf(values, "higher");
const grid = heatMap({
  caption: "A grid",
  down: ["steps"],
  across: "tokens",
  heads: values.map(String),
  rows: ["100", "200"].map((label) => ({
    labels: [label],
    cells: values.map((i) => ({
      text: "12.5",
      spread: "± 1.0, 2 seeds",
      goodness: goodness[i],
      isBest: i === 8,
    })),
  })),
});

const page = markup`
  <a class="skip" href="#main">Skip to the content</a>
  <header>
    <h1>A page</h1>
  </header>
  <main id="main"><p>Text, <a href="#main">a link</a> and <span class="faint">faint text</span>.</p>
  <button type="button">Copy</button>
  ${grid}</main>
`;

testInBrowser(
  "a page shows no barrier, on a phone and a desk, in light and dark",
  async (browser) => {
    using dir = new TempDir();
    const script = "document.title = 'it ran';";
    const file = dir.file("page.html", documentOf({ title: "A page", body: page, script }));
    for (const view of VIEWS) {
      const { page, complaints } = await browser.visit(`file://${file}`, view);
      const where = `${view.width} ${view.scheme}`;
      assert.deepEqual(await barriers(page), [], where);
      assert.equal(await overflow(page), 0, where);
      assert.equal(await page.title(), "it ran", where);
      assert.deepEqual(complaints, [], where);
    }
  },
);

testInBrowser(
  "the harness finds barriers, foreign requests, errors and what is too wide",
  async (browser) => {
    using dir = new TempDir();
    const file = dir.file(
      "page.html",
      `<!DOCTYPE html><html><body><img src="http://127.0.0.1:9/a.png">
<p style="width: 2000px; color: #ccc">pale</p><script>throw new Error("thrown")</script></body>`,
    );
    const { page, complaints } = await browser.visit(`file://${file}`, VIEWS[0]!);
    const found = (await barriers(page)).join("\n");
    for (const rule of ["image-alt", "color-contrast", "html-has-lang"]) {
      assert.ok(found.includes(rule), rule);
    }
    assert.ok(await overflow(page) > 0);
    const all = complaints.join("\n");
    for (const what of ["asks for http://127.0.0.1:9/a.png", "cannot get", "thrown"]) {
      assert.ok(all.includes(what), what);
    }
  },
);
