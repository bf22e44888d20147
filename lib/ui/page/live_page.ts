/** The live page as a document: its frame, which the script fills and keeps current. */
import { documentOf, type DocumentParts, policyOf } from "../../page/document.ts";
import { markup } from "../../page/html.ts";
import SCRIPT from "./live.js" with { type: "text" };
import STYLE from "./live.css" with { type: "text" };

/** A page, and what it may do, as a header says it. */
export interface ServedPage {
  /** The document. */
  readonly text: string;
  /** The header Content-Security-Policy. */
  readonly policy: string;
}

/**
 * The live page.
 *
 * @param act the secret that requests which act must carry
 * @param results the folder of results, as it is told
 * @param command what starts a run whose results are put there
 */
export function livePage(
  { act, results, command }: {
    readonly act: string;
    readonly results: string;
    readonly command: string;
  },
): ServedPage {
  const body = markup`<a class="skip" href="#run">Skip to the run</a>
<header class="bar">
<p class="brand">Titrate</p>
<p class="folder" title="${results}">${results}</p>
<dl class="machine" aria-label="This computer">
<div><dt>Cores</dt><dd id="cores">–</dd><dd class="gauge" aria-hidden="true"><i id="cores-bar"></i></dd></div>
<div><dt>Memory</dt><dd id="memory">–</dd><dd class="gauge" aria-hidden="true"><i id="memory-bar"></i></dd></div>
</dl>
</header>
<p id="link" class="notice" role="status" hidden></p>
<div class="columns">
<nav aria-label="Runs">
<h2>Runs</h2>
<ol id="runs"></ol>
</nav>
<main id="run" tabindex="-1">
<div class="title">
<h1 id="experiment">One moment</h1>
<p id="status" class="badge" role="status"></p>
<p class="acts"><button type="button" id="cancel-run" hidden>Cancel run</button>
<button type="button" id="rerun" hidden>Run again what is undone</button></p>
</div>
<p id="variant" class="faint"></p>
<p id="summary"></p>
<p id="start" hidden>Start one: <code>${command}</code></p>
<div id="states" class="states" role="img" aria-label="Tasks by state"></div>
<ul id="counts" class="counts"></ul>
<p class="command small"><code id="command"></code> <span id="started-at" class="faint"></span></p>
<p id="told" class="notice" role="status" hidden></p>
<section id="task-part" aria-labelledby="task-head" hidden>
<h2 id="task-head"></h2>
<p class="acts"><button type="button" id="cancel-task" hidden>Cancel task</button>
<button type="button" id="rerun-task" hidden>Run this task again</button>
<button type="button" id="close-task">Close</button></p>
<p id="task-facts" class="faint"></p>
<div id="task-faults"></div>
<ol id="log" class="log" tabindex="0" aria-label="What the task told"></ol>
</section>
<section id="failures-part" aria-labelledby="failures-head" hidden>
<h2 id="failures-head">Failed</h2>
<div id="failures"></div>
</section>
<section id="running-part" aria-labelledby="running-head">
<h2 id="running-head">Running</h2>
<p id="idle" class="faint">Nothing runs.</p>
<div id="running" class="cards"></div>
</section>
<section id="grid-part" aria-labelledby="grid-head" hidden>
<h2 id="grid-head">Grid</h2>
<ul id="single"></ul>
<div id="grid"></div>
</section>
<section id="curves-part" aria-labelledby="curves-head" hidden>
<h2 id="curves-head">Losses</h2>
<div id="curves" class="figures"></div>
</section>
<section id="queue-part" aria-labelledby="queue-head" hidden>
<h2 id="queue-head">Queue</h2>
<ol id="queue" class="queue"></ol>
<p id="queue-more" class="faint"></p>
</section>
<section id="warnings-part" aria-labelledby="warnings-head" hidden>
<h2 id="warnings-head">Warnings</h2>
<ul id="warnings"></ul>
</section>
</main>
</div>
<p id="act" hidden data-act="${act}"></p>`;
  return served({
    title: "Titrate: live",
    body,
    style: STYLE,
    script: SCRIPT,
    mayConnect: true,
  });
}

/** The page that an address with the secret leads to, for a browser that does not go on by itself. */
export function enteringPage(): ServedPage {
  return served({
    title: "Titrate: live",
    body: markup`<main><h1>Titrate</h1><p><a href="/">Go on to the live page</a></p></main>`,
  });
}

function served(parts: DocumentParts): ServedPage {
  return { text: documentOf(parts), policy: policyOf(parts) };
}
