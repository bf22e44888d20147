/**
 * The commands, their options and their help.
 *
 * Help teaches: every command says what it is for and shows an example. What a
 * command does stands in a file of its own, which is loaded when it is called.
 */
import { Command, Option } from "commander";
import { formatVersion } from "../run/provenance.ts";
import { load } from "./commands.ts";
import {
  collect,
  jobsOption,
  readFile,
  readFolder,
  readPort,
  resultsOption,
  specCommand,
  withSpecOptions,
} from "./given.ts";
import { DEFAULT_PORT, DEFAULT_SPEC } from "./launch/call.ts";
import { DEFAULT_EXPERIMENT } from "./launch/report_folder.ts";
import { FORMATS, TABLE_ROWS } from "./output.ts";
import { printError, writeOutput } from "./streams.ts";

/**
 * The program with all its commands.
 *
 * @param setExitCode called by commands that end with something else than 0
 */
export function buildProgram(setExitCode: (code: number) => void): Command {
  const program = new Command("titrate")
    .description("How much text, how many steps? Runs pre-training ablations as a cached graph.")
    .version(formatVersion(), "--version", "print the version, with the commit of a checkout")
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError("(add --help for what can be given)")
    .configureOutput({ writeOut: writeOutput, writeErr: (text) => printError(text.trimEnd()) })
    .addHelpText(
      "after",
      `
Start here:
  deno task run                                   the default study, minutes on a laptop
  deno task plan experiments/ablation.yaml        what would run, what is cached, what it costs
  deno task sql "SELECT * FROM results LIMIT 5"   the measurements, in SQL

Exit codes: 0 done, 1 some tasks failed, 2 the spec or the call is wrong, 130 interrupted.`,
    );

  specCommand(program, "run", "Run what is not cached yet, record it and fit the curves.")
    .addOption(jobsOption())
    .option("--fail-fast", "start nothing more after the first failure", false)
    .option(
      "--keep-optimizer",
      "keep the optimizer's state of every training, so that more steps can be added later",
      false,
    )
    .option("--detached", "go on when the terminal or what started it is gone", false)
    .option("--quiet", "print plain lines even on a terminal", false)
    .option("--json", "end with one line of JSON on standard output", false)
    .addHelpText(
      "after",
      `
Examples:
  deno task run experiments/ablation.yaml
  deno task run experiments/ablation.yaml --set stages.ner.with.epochs=10
  deno task run experiments/ablation.yaml --only steps=100,200 --only seed=1

Interrupt it with Ctrl-C (or kill it): the next run goes on where it stopped. It also stops when
its terminal is closed or the process that started it is killed, unless it is --detached.`,
    )
    .action(async (spec, options) => {
      const { run } = await load("run");
      setExitCode(await run(spec, options));
    });

  specCommand(program, "plan", "Show what would run, why, and what it costs; runs nothing.")
    .addOption(jobsOption())
    .option("--json", "print the plan as JSON", false)
    .action(async (spec, options) => await (await load("plan")).plan(spec, options));

  specCommand(program, "explain", "Say field by field why a task is not cached.")
    .argument("[task]", "a task's label such as 'ner{seed=1}', a stage, or a key's beginning")
    .action(async (spec, task, options) => {
      const { explain } = await load("explain");
      await explain(spec, { ...options, task });
    });

  withSpecOptions(program.command("where"))
    .description("Print the folder of a cell's artifact; a model's can be given to transformers.")
    .usage("[options] [spec] <cell>")
    .argument("<spec-or-cell>", "the experiment's YAML file, or a cell of the default one")
    .argument("[cell]", "a label such as 'ner{seed=1}' with some or all of its axes, or a stage")
    .addHelpText(
      "after",
      `
Examples:
  deno task where 'pretrain{steps=800, seed=1}'
  deno task where experiments/ablation.yaml pretrain`,
    )
    .action(async (first, cell, options) => {
      const { noCell, where } = await load("where");
      if (cell !== undefined) await where(first, cell, options);
      else if (/\.ya?ml$/.test(first)) throw noCell(first);
      else await where(DEFAULT_SPEC, first, options);
    });

  withSpecOptions(program.command("export"))
    .description("Write the model of a cell as a folder that transformers loads, with a card.")
    .usage("[options] [spec] <cell> <folder>")
    .argument("<spec-or-cell>", "the experiment's YAML file, or a cell of the default one")
    .argument("<cell-or-folder>", "a label such as 'ner{seed=1}', a stage, or a key's beginning")
    .argument("[folder]", "a folder that is not there yet")
    .addHelpText(
      "after",
      `
Examples:
  deno task export 'pretrain{steps=800, seed=1}' models/mine
  deno task export experiments/mine.yaml ner models/ner

A fine-tuned model is there to be exported where a stage reads it or has keepModel: true. The folder
gets config.json, model.safetensors, the tokenizer's files and README.md, the model card.`,
    )
    .action(async (first, second, folder, options) => {
      const { exportModel, noFolder } = await load("export");
      if (folder !== undefined) {
        await exportModel({ spec: first, name: second, folder }, options);
      } else if (/\.ya?ml$/.test(first)) throw noFolder(first, second);
      else await exportModel({ spec: DEFAULT_SPEC, name: first, folder: second }, options);
    });

  const data = program.command("data")
    .description("Bring models of the Hugging Face Hub into the data folder.");
  data.command("fetch")
    .description("Fetch the models that a spec names by hub:, or that the call names.")
    .usage("[options] [spec]")
    .argument("[spec]", "the experiment's YAML file")
    .option("--hub <name>", "a model, NAME or NAME@REVISION; may be repeated", collect, [])
    .option("--set <path=value>", "override a value of the spec; may be repeated", collect, [])
    .addOption(
      new Option(
        "--into <folder>",
        "the data folder; else TITRATE_DATA as the spec has it, or data",
      )
        .argParser(readFolder),
    )
    .addHelpText(
      "after",
      `
Examples:
  deno task data fetch experiments/mine.yaml
  deno task data fetch --hub google-bert/bert-base-cased
  deno task data fetch --hub dmis-lab/biobert-v1.1@main --into /data/text

A break is gone on from by the same command. Every file is compared with what the hub says of it.
HF_ENDPOINT names another hub; HF_TOKEN is for private and gated models: it is sent to the hub
itself alone. The process may reach the hub's hosts (huggingface.co, *.huggingface.co, *.hf.co; of
another endpoint, its own) and those of TITRATE_HUB_HOSTS, with commas between them.`,
    )
    .action(async (spec, options) => await (await load("data")).fetchData(spec, options));
  data.command("bring", { hidden: true })
    .description("What fetch becomes, with the rights that it takes.")
    .argument("<models...>", "models, NAME or NAME@REVISION")
    .requiredOption("--into <folder>", "the data folder")
    .action(async (models, options) => {
      const { bring } = await load("bring");
      setExitCode(await bring(models, options));
    });

  program.command("kinds")
    .description("Show the kinds of tasks, their inputs, parameters, outputs and metrics.")
    .argument("[name]", "one kind, in full")
    .addOption(
      new Option("--format <format>", "how they are printed").choices(["table", "markdown"])
        .default("table"),
    )
    .action(async (name, options) => (await load("kinds")).kinds(name, options));

  program.command("devices")
    .description("Show where numbers can be computed, and what is usable on this machine.")
    .action(async () => await (await load("devices")).devices());

  const gpu = program.command("gpu")
    .description('Install what the device "cuda" needs, and look at what is wrong with it.');
  gpu.command("install")
    .description("Bring the plugin and NVIDIA's libraries into the user's cache, by uv or pip.")
    .addOption(
      new Option("--cuda <version>", "the version of CUDA; else the newest that the driver serves")
        .choices(["12", "13"]).conflicts("tfjs"),
    )
    .option("--tfjs", 'build the package of the device "tfjs-node-gpu" instead', false)
    .option("--without-cuda", "with --tfjs: NVIDIA's libraries are there already", false)
    .option("--yes", "begin without asking", false)
    .addHelpText(
      "after",
      `
It says what it brings and how large that is, and asks. Files are checked by their hashes. The
installer's own settings, such as a mirror or a folder of files, hold. Nothing of Python is needed
afterwards. A plugin that is there already is named by TITRATE_PJRT_PLUGIN instead.`,
    )
    .action(async (options) => setExitCode((await load("gpu")).installGpu(options)));
  gpu.command("doctor")
    .description("Look at machine, driver, plugin and memory, time a product, say what to do.")
    .action(async () => setExitCode(await (await load("gpu")).gpuDoctor()));
  gpu.command("bring", { hidden: true })
    .description("What install becomes, with the rights that it takes.")
    .option("--cuda <version>", "the version of CUDA")
    .requiredOption("--program <path>", "the installer's program")
    .option("--installer <name>", "uv or pip")
    .option("--tfjs", "the other package", false)
    .option("--without-cuda", "without NVIDIA's libraries", false)
    .action(async (options) => await (await load("gpu")).bringGpu(options));

  program.command("status")
    .description("Show experiments, their last run and the tasks by state.")
    .addOption(resultsOption())
    .action(async (options) => await (await load("status")).status(options));

  program.command("ui")
    .description("Serve a live page of runs on this computer: what runs, the grid, failures.")
    .addOption(
      new Option("--port <n>", "the port of 127.0.0.1; 0 for one that is free")
        .default(DEFAULT_PORT).argParser(readPort),
    )
    .option("--no-open", "open no browser")
    .addOption(resultsOption())
    .addHelpText(
      "after",
      `
It prints an address with a secret; without that nobody gets in. Runs need no page and are not
ended by its end: start and stop it at any time. From another computer, forward the port:
ssh -L ${DEFAULT_PORT}:127.0.0.1:${DEFAULT_PORT} HOST`,
    )
    .action(async (options) => await (await load("ui")).ui(options));

  program.command("sql")
    .description("Query the results; read-only, also while a run is on.")
    .argument("[query]", "SQL that reads; the view `results` has a row for every score")
    .addOption(resultsOption())
    .addOption(
      new Option("--file <file>", "the query, in place of one in the call; - is standard input")
        .argParser(readFile),
    )
    .addOption(
      new Option(
        "--format <format>",
        "how rows are written; else as the name of --out tells, and a table without that",
      ).choices([...FORMATS, "parquet"]),
    )
    .addOption(
      new Option("--out <file>", "the file that rows are written to, whole or not at all")
        .argParser(readFile),
    )
    .option("--force", "replace the file if it is there", false)
    .option("--allow-files", "let the query read files besides the results", false)
    .addHelpText(
      "after",
      `
Examples:
  deno task sql "FROM results WHERE experiment = 'ablation' AND metric = 'f1' AND split = 'test'"
  deno task sql "SELECT tokens, value FROM results_of('ablation') WHERE metric = 'f1' AND split = 'test'"
  deno task sql "SELECT * FROM curves" --format csv > curves.csv
  deno task sql --file question.sql --format markdown
  deno task sql "FROM curves" --out curves.parquet
  deno task sql "FROM results JOIN 'mine.csv' USING (metric)" --allow-files
  deno task sql "SHOW TABLES; DESCRIBE results"

Several queries are printed one after the other as tables or as Markdown. CSV, JSON and Parquet are
read by programs: they hold the rows of one query, and several are refused. A table that is printed
ends after ${TABLE_ROWS} rows; one in a file has all of them.

results_of('NAME') has a column for each axis, and so have cells_of, curves_of, counts_of, means_of,
gains_of, frontier_of and failures_of. Views: results, curves, means, gains, frontier, costs,
lineage, failures, counts, specs. Tables: experiments, runs, tasks, params, cells, scores, metrics,
fits. What to ask: lib/store/QUERIES.md.`,
    )
    .action(async (query, options) => await (await load("sql")).sql(query, options));

  program.command("figure")
    .description("Draw the grid's curves as an SVG file on standard output.")
    .argument("[experiment]", "the name that its results are filed under", DEFAULT_EXPERIMENT)
    .option("--metric <name>", "draw this metric, no other; may be repeated", collect, [])
    .addOption(resultsOption())
    .addHelpText(
      "after",
      `
Example:
  deno task figure ablation --metric f1 --metric lossNats > experiments/ablation.svg`,
    )
    .action(async (experiment, options) => {
      const { figure } = await load("figure");
      await figure(experiment, options);
    });

  program.command("report")
    .description("Write an experiment's report, or two compared, as a page and as Markdown.")
    .argument("[experiment]", "the name that its results are filed under", DEFAULT_EXPERIMENT)
    .argument("[other]", "an experiment that it is compared with, cell by cell")
    .addOption(
      new Option(
        "--out <folder>",
        "where report.html, report.md and figures/ are written; else in reports/ of the results",
      ).argParser(readFolder),
    )
    .addOption(resultsOption())
    .addHelpText(
      "after",
      `
Examples:
  deno task report ablation
  deno task report ablation ablation+1a2b3c4d --out compared

The page needs nothing else: send it as it is. Each figure in it has its query and its data.`,
    )
    .action(async (experiment, other, options) =>
      await (await load("report")).report(experiment, other, options)
    );

  program.command("rebuild")
    .description("Make the database anew from the artifacts of the store.")
    .addOption(resultsOption())
    .action(async (options) => await (await load("rebuild")).rebuild(options));

  program.command("schema")
    .description("Print the JSON Schema of specs, for editors.")
    .action(async () => (await load("schema")).schema());

  return program;
}
