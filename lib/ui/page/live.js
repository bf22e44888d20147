// The live page: draws what the server tells, and asks it to cancel and to run again.
// Every text from outside goes in as text; elements stay where they are while they change.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const act = byId("act").dataset.act;
  const SIGNS = {
    waiting: "·",
    ready: "○",
    running: "▸",
    done: "✓",
    cached: "✓",
    unneeded: "–",
    failed: "✕",
    skipped: "–",
    interrupted: "‖",
  };
  let choice = {};
  let shown;
  let source;
  let lastStatus;

  function make(name, className, ...children) {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(...children);
    return element;
  }

  /** Writes only what differs: a selection and a screen reader's place stay. */
  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function show(element, isShown) {
    if (element.hidden === isShown) element.hidden = !isShown;
  }

  function say(element, text) {
    write(element, text);
    show(element, text !== "");
  }

  /** Makes the children of an element those of a list, each kept by its key. */
  function sync(parent, items, { keyOf, create, update }) {
    const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
    let at = parent.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      let child = known.get(key);
      if (child === undefined) {
        child = create(item);
        child.dataset.key = key;
      } else known.delete(key);
      if (child === at) at = at.nextElementSibling;
      else parent.insertBefore(child, at);
      update(child, item);
    }
    // All that is left stands behind, also what has the key of another.
    while (at !== null) {
      const rest = at;
      at = at.nextElementSibling;
      rest.remove();
    }
  }

  function linkTo(run, task) {
    const words = new URLSearchParams();
    if (run) words.set("run", run);
    if (task) words.set("task", task);
    return `#${words}`;
  }

  function taskLink(key, label) {
    const link = make("a", "task", label);
    lead(link, key);
    return link;
  }

  /** Leads to the task in the run that is shown: another run may have one of the same key. */
  function lead(link, key) {
    link.href = linkTo(shown, key);
  }

  function badge(element, status) {
    write(element, status);
    element.dataset.state = status;
  }

  const draw = {
    machine({ coresShare, coresText, memoryShare, memoryText }) {
      write(byId("cores"), coresText);
      write(byId("memory"), memoryText);
      byId("cores-bar").style.width = `${100 * coresShare}%`;
      byId("memory-bar").style.width = `${100 * memoryShare}%`;
    },

    started(text) {
      if (text !== "") say(byId("told"), text);
    },

    runs({ runs, shown: now }) {
      shown = now;
      sync(byId("runs"), runs, {
        keyOf: ({ run }) => run,
        create: ({ run, isWatched }) => {
          const line = make(isWatched ? "a" : "span", "line");
          if (isWatched) line.href = linkTo(run);
          line.append(make("b"), make("span", "badge"), make("span", "faint small"));
          return make("li", "", line);
        },
        update(item, { run, experiment, status, age, tasks }) {
          const [line] = item.children;
          const [name, state, rest] = line.children;
          write(name, experiment);
          badge(state, status);
          write(rest, [age === "now" ? "now" : `${age} ago`, tasks].filter(Boolean).join(" · "));
          if (run === shown) line.setAttribute("aria-current", "true");
          else line.removeAttribute("aria-current");
        },
      });
    },

    run(run) {
      show(byId("start"), run === null && choice.run === undefined);
      if (run === null) return noRun();
      const { experiment, variant, status, startedAt, command, summary, counts } = run;
      // What was asked of a run has come about, or another one is shown.
      if (lastStatus !== undefined && lastStatus !== run.run + status) say(byId("told"), "");
      lastStatus = run.run + status;
      write(byId("experiment"), experiment);
      badge(byId("status"), status);
      write(byId("variant"), variant);
      write(byId("summary"), summary);
      write(byId("command"), command);
      write(byId("started-at"), startedAt);
      show(byId("running-part"), run.canCancel);
      show(byId("cancel-run"), run.canCancel);
      show(byId("rerun"), run.canRerun);
      document.title = `${experiment}: ${status}`;
      const of = { keyOf: ({ state }) => state, create: () => make("i") };
      sync(byId("states"), counts, {
        ...of,
        update(bar, { state, count }) {
          bar.dataset.state = state;
          bar.style.flexGrow = count;
        },
      });
      byId("states").setAttribute(
        "aria-label",
        `Tasks: ${counts.map(({ state, count }) => `${count} ${state}`).join(", ")}`,
      );
      sync(byId("counts"), counts, {
        ...of,
        create: () => make("li", "", make("i", "sign"), make("span")),
        update(item, { state, count }) {
          item.children[0].dataset.state = state;
          item.children[0].setAttribute("aria-hidden", "true");
          write(item.children[0], SIGNS[state] ?? "");
          write(item.children[1], `${count} ${state}`);
        },
      });
      show(byId("warnings-part"), run.warnings.length > 0);
      sync(byId("warnings"), run.warnings, {
        keyOf: (text) => text,
        create: (text) => make("li", "", text),
        update() {},
      });
    },

    running(tasks) {
      show(byId("idle"), (tasks ?? []).length === 0);
      sync(byId("running"), tasks ?? [], {
        keyOf: ({ key }) => key,
        create: ({ key, label }) =>
          make(
            "article",
            "card",
            make("h3", "", taskLink(key, label)),
            make("p", "what"),
            make("p", "gauge", make("i")),
            make("p", "facts faint small"),
            make("div", "plot"),
          ),
        update(card, { key, label, what, share, facts, curve }) {
          const [head, text, gauge, more, plot] = card.children;
          lead(head.firstElementChild, key);
          write(text, what);
          gauge.firstElementChild.style.width = `${100 * (share ?? 0)}%`;
          write(more, facts.join(" · "));
          const points = curve?.points ?? [];
          const lines = points.length > 1 ? [{ label, isRunning: true, points }] : [];
          plotLines(plot, lines, curve && { unit: curve.unit, most: curve.total });
        },
      });
    },

    curves(stages) {
      show(byId("curves-part"), (stages ?? []).length > 0);
      sync(byId("curves"), stages ?? [], {
        keyOf: ({ stage }) => stage,
        create: ({ stage }) =>
          make(
            "figure",
            "",
            make("figcaption", "", make("b", "", stage), make("span", "faint small")),
            make("div", "plot tall"),
          ),
        update(figure, { stage, unit, lines }) {
          const trainings = lines.length === 1 ? "1 training" : `${lines.length} trainings`;
          write(figure.firstElementChild.lastElementChild, ` loss in nats, ${trainings}`);
          plotLines(figure.lastElementChild, lines, { unit, stage });
        },
      });
    },

    grid(stages) {
      show(byId("grid-part"), (stages ?? []).length > 0);
      const isSingle = ({ heads, rows }) => heads.length * rows.length === 1;
      sync(byId("single"), (stages ?? []).filter(isSingle), {
        keyOf: ({ stage }) => `${stage} ${shown}`,
        create: ({ stage }) => make("li", "", make("span", "chips"), make("span", "", stage)),
        update: (item, { rows: [{ cells: [cell] }] }) => fillChips(item.firstElementChild, cell),
      });
      sync(byId("grid"), (stages ?? []).filter((each) => !isSingle(each)), {
        keyOf: ({ stage, down, across, heads, rows }) =>
          JSON.stringify([stage, down, across, heads, rows.map(({ labels }) => labels), shown]),
        create: stageTable,
        update: fillTable,
      });
    },

    failures(failures) {
      show(byId("failures-part"), (failures ?? []).length > 0);
      sync(byId("failures"), failures ?? [], {
        keyOf: ({ faults }) => faults.join("\n"),
        create: ({ faults }) =>
          make(
            "article",
            "failure",
            make("ul", "labels"),
            make("p", "faint small"),
            ...faults.map((text) => make("pre", "", text)),
          ),
        update(article, { tasks, skipped }) {
          const [labels, more] = article.children;
          sync(labels, tasks, {
            keyOf: ({ key }) => key,
            create: ({ key, label }) => make("li", "", taskLink(key, label)),
            update: (item, { key }) => lead(item.firstElementChild, key),
          });
          const count = skipped === 1 ? "1 task was" : `${skipped} tasks were`;
          say(more, skipped > 0 ? `${count} skipped for it` : "");
        },
      });
    },

    queue(queue) {
      const { tasks, more } = queue ?? { tasks: [], more: 0 };
      show(byId("queue-part"), tasks.length > 0);
      sync(byId("queue"), tasks, {
        keyOf: ({ key }) => key,
        create: ({ key, label }) =>
          make("li", "", taskLink(key, label), " ", make("span", "faint small")),
        update(item, { key, state }) {
          lead(item.firstElementChild, key);
          write(item.lastElementChild, state);
        },
      });
      write(byId("queue-more"), more > 0 ? `and ${more} more` : "");
    },

    task(task) {
      show(byId("task-part"), task !== null);
      if (task === null) return;
      const { label, kind, state, elapsed, score, faults, notes, canCancel, canRerun } = task;
      write(byId("task-head"), label);
      write(byId("task-facts"), [kind, state, elapsed, score].filter(Boolean).join(" · "));
      show(byId("cancel-task"), canCancel);
      show(byId("rerun-task"), canRerun);
      sync(byId("task-faults"), faults, {
        keyOf: (text) => text,
        create: (text) => make("pre", "", text),
        update() {},
      });
      sync(byId("log"), notes.map((note, i) => ({ ...note, i })), {
        keyOf: ({ i, at, text }) => `${i} ${at} ${text}`,
        create: ({ at, text, isWarning }) =>
          make("li", isWarning ? "warning" : "", make("time", "faint", at), " ", text),
        update() {},
      });
    },
  };

  /** Of what is shown while there is no run, nothing stays of one that there was. */
  function noRun() {
    write(byId("experiment"), choice.run === undefined ? "No run yet" : "This run is not there");
    badge(byId("status"), "");
    for (const id of ["variant", "summary", "command", "started-at"]) write(byId(id), "");
    for (const id of ["cancel-run", "rerun", "warnings-part"]) show(byId(id), false);
    for (const id of ["states", "counts"]) byId(id).replaceChildren();
    lastStatus = undefined;
    document.title = "Titrate: live";
  }

  function stageTable({ stage, down, across, heads, rows }) {
    const names = down.map((axis) => head(axis, "col"));
    const columns = heads.map((text) => head(across === "" ? "" : `${across}=${text}`, "col"));
    const body = make("tbody");
    for (const { labels, cells } of rows) {
      const line = make("tr", "", ...labels.map((text) => head(text, "row")));
      for (const cell of cells) {
        line.append(make(
          "td",
          "",
          ...(cell === undefined || cell === null ? [] : [
            make("span", "value"),
            make("span", "spread"),
            make("span", "chips"),
          ]),
        ));
      }
      body.append(line);
    }
    const hasHeads = across !== "" || down.length > 0;
    const table = make(
      "table",
      "heat",
      make("caption", "", make("b", "", stage), make("span")),
      ...(hasHeads ? [make("thead", "", make("tr", "", ...names, ...columns))] : []),
      body,
    );
    const box = make("div", "table", table);
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", stage);
    box.tabIndex = 0;
    return box;
  }

  function head(text, scope) {
    const cell = make(text === "" ? "td" : "th", "number", text);
    if (text !== "") cell.scope = scope;
    return cell;
  }

  function fillTable(box, { measure, more, rows }) {
    const table = box.firstElementChild;
    const rest = more === 0 ? "" : `${more} more tasks are not shown`;
    write(table.caption.lastElementChild, ` ${[measure, rest].filter(Boolean).join(", ")}`);
    for (const [y, { cells }] of rows.entries()) {
      const places = [...table.tBodies[0].rows[y].cells].slice(-cells.length);
      for (const [x, cell] of cells.entries()) {
        if (cell === null) continue;
        const [value, spread, chips] = places[x].children;
        write(value, cell.value);
        write(spread, cell.spread);
        places[x].className = cell.depth === undefined ? "" : `heat-${cell.depth}`;
        fillChips(chips, cell);
      }
    }
  }

  function fillChips(chips, { tasks }) {
    sync(chips, tasks, {
      keyOf: ({ key }) => key,
      create: ({ key }) => {
        const chip = make("a", "sign");
        chip.href = linkTo(shown, key);
        return chip;
      },
      update(chip, { label, state }) {
        write(chip, SIGNS[state] ?? "");
        chip.dataset.state = state;
        chip.title = `${label}: ${state}`;
        chip.setAttribute("aria-label", chip.title);
      },
    });
  }

  const SVG = "http://www.w3.org/2000/svg";
  const HEIGHT = 100, WIDTH = 300;

  /** Curves in a box: lines without text, which would be stretched, and the ends of both axes. */
  function plotLines(box, lines, { unit = "steps", most = 0, stage = "this task" } = {}) {
    if (box.firstElementChild === null) {
      const svg = document.createElementNS(SVG, "svg");
      svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
      svg.setAttribute("preserveAspectRatio", "none");
      svg.setAttribute("role", "img");
      box.append(make("span", "top"), make("span", "bottom"), svg, make("span", "from"));
      box.append(make("span", "to"));
    }
    const [top, bottom, svg, from, to] = box.children;
    const all = lines.flatMap(({ points }) => points);
    // One by one: of a thousand trainings there are more than a call takes arguments.
    const least = all.reduce((found, [, value]) => Math.min(found, value), Infinity);
    const greatest = all.reduce((found, [, value]) => Math.max(found, value), -Infinity);
    const end = all.reduce((found, [done]) => Math.max(found, done), most);
    const isDrawn = all.length > 0;
    write(top, isDrawn ? greatest.toFixed(2) : "");
    write(bottom, isDrawn ? least.toFixed(2) : "");
    write(from, isDrawn ? "0" : "");
    write(to, isDrawn ? `${end} ${unit}` : "");
    svg.setAttribute(
      "aria-label",
      isDrawn
        ? `Loss of ${stage}, between ${greatest.toFixed(2)} and ${least.toFixed(2)} nats`
        : "No loss yet",
    );
    const span = greatest - least || 1;
    const paths = lines.map(({ label, isRunning, points }) => ({
      label,
      isRunning,
      path: points.map(([done, value], i) => {
        const x = WIDTH * done / (end || 1), y = 3 + (HEIGHT - 6) * (greatest - value) / span;
        return `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
      }).join(""),
    }));
    sync(svg, paths, {
      keyOf: ({ label }) => label,
      create: ({ label }) => {
        const path = document.createElementNS(SVG, "path");
        const title = document.createElementNS(SVG, "title");
        title.textContent = label;
        path.append(title);
        return path;
      },
      update(element, { path, isRunning }) {
        element.setAttribute("d", path);
        element.setAttribute("class", isRunning ? "running" : "");
      },
    });
  }

  /** Follows the server, from the beginning: it sends all that there is. */
  function connect() {
    source?.close();
    source = new EventSource(`/events?${new URLSearchParams(choice)}`);
    for (const [name, take] of Object.entries(draw)) {
      source.addEventListener(name, ({ data }) => take(JSON.parse(data)));
    }
    source.onopen = () => say(byId("link"), "");
    source.onerror = () =>
      say(
        byId("link"),
        source.readyState === EventSource.CLOSED
          ? "This page is served no more: start deno task ui, and open the address that it prints."
          : "The connection is lost; trying again.",
      );
  }

  function choose() {
    // The link that skips to the run chooses nothing; a page that is opened at it follows all the same.
    if (location.hash === "#run" && source !== undefined) return;
    const words = new URLSearchParams(location.hash.slice(1));
    const before = choice;
    choice = {};
    for (const name of ["run", "task"]) if (words.get(name)) choice[name] = words.get(name);
    connect();
    if (choice.task !== undefined && choice.task !== before.task) {
      show(byId("task-part"), true);
      byId("task-part").scrollIntoView({ block: "nearest" });
    }
  }

  async function ask(button, path, text) {
    button.disabled = true;
    try {
      const answer = await fetch(path, { method: "POST", headers: { "titrate-act": act } });
      const said = await answer.text();
      say(byId("told"), answer.ok ? text : said);
      return answer.ok;
    } catch {
      say(byId("told"), "The server does not answer.");
      return false;
    } finally {
      button.disabled = false;
    }
  }

  function onClick(id, pathOf, text, after = () => {}) {
    byId(id).addEventListener("click", async ({ currentTarget }) => {
      if (await ask(currentTarget, pathOf(), text)) after();
    });
  }

  const SAVING = "Asked to stop: what runs saves first, and can be gone on from.";
  const follow = () => {
    location.hash = "";
  };
  onClick("cancel-run", () => `/runs/${shown}/cancel`, SAVING);
  onClick("cancel-task", () => `/runs/${shown}/tasks/${choice.task}/cancel`, SAVING);
  onClick("rerun", () => `/runs/${shown}/rerun`, "Started again.", follow);
  onClick("rerun-task", () => `/runs/${shown}/tasks/${choice.task}/rerun`, "Started.", follow);
  byId("close-task").addEventListener("click", () => {
    location.hash = linkTo(choice.run);
  });
  globalThis.addEventListener("hashchange", choose);
  choose();
})();
