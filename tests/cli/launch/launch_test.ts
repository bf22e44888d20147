import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { grant, type Rights } from "../../../lib/base/rights.ts";
import { type Call, readCall, VALUE_OPTIONS } from "../../../lib/cli/launch/call.ts";
import { fetchingRights, OPENERS, rightsOf } from "../../../lib/cli/launch/rights.ts";
import { declaredVariables } from "../../../lib/cli/launch/variables.ts";
import { buildProgram } from "../../../lib/cli/program.ts";
import config from "../../../deno.json" with { type: "json" };
import { TempDir } from "../../_support/temp_dir.ts";

const none = { operands: [], results: "results", set: [] };

Deno.test("readCall() finds the command, its operands, the folder of results and overrides", () => {
  const cases: readonly [readonly string[], Partial<Call>][] = [
    [[], { command: undefined }],
    [["run"], { command: "run" }],
    [["run", "a.yaml", "--json"], { command: "run", operands: ["a.yaml"] }],
    [["run", "--results", "out", "a.yaml"], {
      command: "run",
      operands: ["a.yaml"],
      results: "out",
    }],
    [["--results=o=p", "sql", "select 1"], {
      command: "sql",
      operands: ["select 1"],
      results: "o=p",
    }],
    [["run", "--results", "a", "--results=b"], { command: "run", results: "b" }],
    [["run", "--set", "--results", "a.yaml"], {
      command: "run",
      operands: ["a.yaml"],
      set: ["--results"],
    }],
    [["run", "-j", "4", "a.yaml"], { command: "run", operands: ["a.yaml"] }],
    [["run", "--only", "steps=1", "--", "--results", "x"], {
      command: "run",
      operands: ["--results", "x"],
    }],
    [["run", "--results"], { command: "run" }],
    [["sql", "--file", "q.sql", "--out=o.csv", "--allow-files"], {
      command: "sql",
      file: "q.sql",
      out: "o.csv",
      allowsFiles: true,
    }],
    [["sql", "--", "--allow-files"], { command: "sql", operands: ["--allow-files"] }],
  ];
  for (const [args, call] of cases) {
    assert.deepEqual(readCall(args), { ...none, ...call }, args.join(" "));
  }
});

Deno.test("readCall() knows every option of the program that takes a value", () => {
  const flags = (command: Command): (string | undefined)[] => [
    ...command.options.filter(({ required, optional }) => required || optional)
      .flatMap(({ long, short }) => [long, short]),
    ...command.commands.flatMap(flags),
  ];
  const taken = new Set(flags(buildProgram(() => {})).filter((each) => each !== undefined));
  assert.deepEqual([...taken].filter((each) => !VALUE_OPTIONS.has(each)), []);
});

const machine = { cwd: "/home/me", deno: "/opt/deno", hasLibraryPaths: false };

async function rights(...args: string[]): Promise<Rights> {
  return await rightsOf(readCall(args), machine);
}

Deno.test("each command is given what it needs and no more", async () => {
  const shape = ({ write, run, ffi }: Rights) => ({ write, run, ffi });
  const nothing = { write: undefined, run: undefined, ffi: false };
  const reads = { ...nothing, ffi: true };
  const cases: readonly [readonly string[], object][] = [
    [["run", "none.yaml"], { write: "/home/me/results", run: ["/opt/deno"], ffi: true }],
    [["run", "none.yaml", "--results", "/srv/a, b"], {
      write: "/srv/a, b",
      run: ["/opt/deno"],
      ffi: true,
    }],
    [["rebuild", "--results=../out"], { write: "/home/me/../out", run: undefined, ffi: true }],
    [["plan", "none.yaml"], reads],
    [["explain", "none.yaml"], reads],
    [["sql", "select 1"], reads],
    [["status"], reads],
    [["data", "fetch", "none.yaml"], reads],
    [["report"], { ...reads, write: "/home/me/results/reports/ablation" }],
    [["report", "a/../b", "c", "--results", "/srv/r/"], {
      ...reads,
      write: "/srv/r/reports/a-..-b-and-c",
    }],
    [["report", "a", "--out", "here"], { ...reads, write: "/home/me/here" }],
    [["export", "stage", "out"], { write: "/home/me/out", run: undefined, ffi: true }],
    [["export", "--set", "a=1", "none.yaml", "stage", "/srv/out"], {
      write: "/srv/out",
      run: undefined,
      ffi: true,
    }],
    [["schema"], nothing],
    [["--help"], nothing],
    [[], nothing],
    [["constructor"], nothing],
  ];
  for (const [args, expected] of cases) {
    assert.deepEqual(shape(await rights(...args)), expected, args.join(" "));
  }
});

Deno.test("the live page may reach one port, read results, write what runs are asked, start Deno", async () => {
  const opener = OPENERS[Deno.build.os];
  const code = fileURLToPath(new URL("../../../lib", import.meta.url));
  const page = {
    read: ["/home/me/results", code],
    write: "/home/me/results/store/live",
    net: ["127.0.0.1:8717"],
    ffi: true,
    load: true,
    disk: false,
  };
  const { env, ...given } = await rights("ui");
  assert.deepEqual(given, { ...page, run: ["/opt/deno", ...opener === undefined ? [] : [opener]] });
  assert.ok(env!.includes("DISPLAY") && !env!.includes("*"));
  const { env: _, ...other } = await rights("ui", "--no-open", "--port=0", "--results", "/srv/out");
  assert.deepEqual(other, {
    ...page,
    read: ["/srv/out", code],
    write: "/srv/out/store/live",
    net: ["127.0.0.1:0"],
    run: ["/opt/deno"],
  });
  const comma = await rights("ui", "--no-open", "--results", "/srv/a,b");
  assert.equal(comma.write, "/srv/a,b", "it is started in that folder, which is its results");
  const machineWithPaths = { ...machine, hasLibraryPaths: true };
  const passing = await rightsOf(readCall(["ui", "--no-open"]), machineWithPaths);
  assert.deepEqual(passing.run, ["/opt/deno", "/usr/bin/env"]);
  assert.ok(passing.env!.includes("*"), "to pass on what it was started with");
});

Deno.test("sql may read the results and what it names, and write what it names: more with --allow-files alone", async () => {
  const of = async (...args: string[]) => {
    const { read, write, files } = await rights("sql", ...args);
    return { read: read?.slice(1), write, files };
  };
  const results = "/home/me/results";
  const beside = "/srv/.o.parquet.titrate-new";
  const out = ["/srv/o.parquet", beside, `${beside}-rows`];
  const nothing = { write: undefined, files: undefined };
  assert.deepEqual(await of("FROM runs"), { read: [results], ...nothing });
  assert.deepEqual(await of("--file", "q.sql", "--results=/r"), {
    read: ["/r", "/home/me/q.sql"],
    ...nothing,
  });
  assert.deepEqual(await of("FROM runs", "--out", "/srv/o.parquet"), {
    read: [results, ...out],
    write: undefined,
    files: out,
  });
  assert.deepEqual(await of("FROM runs", "--out", "/srv/o.parquet", "--allow-files"), {
    read: undefined,
    write: undefined,
    files: out,
  });
  assert.deepEqual(await of("FROM runs", "--out", "/a,b/o.csv", "--allow-files"), {
    read: undefined,
    write: "/a,b/",
    files: undefined,
  });
  assert.equal((await rights("run", "none.yaml")).read, undefined);
});

Deno.test("a task of deno.json gives its process the means to start the command alone", () => {
  const launched = Object.entries(config.tasks).filter(([, line]) =>
    /^deno run [^&]* main\.ts /.test(line)
  );
  assert.ok(launched.length >= 7);
  for (const [name, line] of launched) {
    assert.match(
      line,
      new RegExp(
        "^deno run --no-prompt --frozen --allow-read --allow-ffi " +
          "--allow-env=LD_LIBRARY_PATH,DYLD_LIBRARY_PATH,DYLD_FALLBACK_LIBRARY_PATH " +
          `--ignore-env main.ts (--)?${name}\\b`,
      ),
    );
  }
});

Deno.test("a run may read the variables that its spec declares, others not", async () => {
  using dir = new TempDir();
  dir.file("base.yaml", "env: { FROM_BASE: , &a ALIAS: 1 }\n");
  dir.file("more/list.yaml", 'extends: ["../base.yaml", "../base.yaml"]\nenv:\n  IN_LIST:\n');
  const spec = dir.file(
    "spec.yaml",
    "extends: more/list.yaml\nenv:\n  DATA: {default: x}\n  'QUOTED':\n  not a name: 1\n",
  );
  const { env } = await rights("run", spec, "--set", "env.SET=1", "--set", "axes.x=[1]");
  for (const name of ["DATA", "QUOTED", "IN_LIST", "FROM_BASE", "ALIAS", "SET", "CUDA_*"]) {
    assert.ok(env!.includes(name), name);
  }
  assert.ok(!env!.some((name) => name === "*" || name.includes(" ")));
  const planned = await rights("plan", spec);
  assert.ok(planned.env!.includes("DATA") && !planned.env!.includes("CUDA_*"));
  assert.ok(!(await rights("sql", spec)).env!.includes("DATA"));
  for (const args of [["data", "fetch", spec], ["export", spec, "a", "b"]]) {
    const { env } = await rights(...args);
    assert.ok(env!.includes("DATA") && !env!.includes("HF_TOKEN"), args[0]);
  }
});

Deno.test("the process that fetches may reach the hub, write data and read its token, no more", () => {
  const { write, net, run, ffi, env } = fetchingRights({ data: "/data", hosts: ["h", "*.h"] });
  assert.deepEqual({ write, net, run, ffi }, {
    write: "/data",
    net: ["h", "*.h"],
    run: undefined,
    ffi: undefined,
  });
  assert.ok(env!.includes("HF_TOKEN") && !env!.includes("*"));
});

Deno.test("declaredVariables() passes over what is wrong with a spec", async () => {
  using dir = new TempDir();
  const circle = dir.file("circle.yaml", "extends: circle.yaml\nenv: {A: 1}\n");
  assert.deepEqual(await declaredVariables(circle), ["A"]);
  for (const text of ["env: [", "extends: {}\nenv: 3", "- env", "env: *none", "\0env"]) {
    assert.deepEqual(await declaredVariables(dir.file("wrong.yaml", text)), [], text);
  }
  assert.deepEqual(await declaredVariables(dir.path), []);
  assert.deepEqual(await declaredVariables(`${dir.path}/none.yaml`), []);
  assert.deepEqual(await declaredVariables("/dev/zero"), []);
});

Deno.test("grant() names each right, and gives a folder with a comma by its place", () => {
  assert.deepEqual(grant({}).flags, ["--no-prompt", "--frozen", "--allow-read", "--ignore-env"]);
  assert.deepEqual(
    grant({ write: "/a b", net: ["h", "*.h:1"], run: ["/deno"], env: ["A", "B_*"], ffi: true }),
    {
      flags: [
        "--no-prompt",
        "--frozen",
        "--allow-read",
        "--allow-write=/a b",
        "--allow-net=h,*.h:1",
        "--allow-run=/deno",
        "--allow-env=A,B_*",
        "--ignore-env",
        "--allow-ffi",
      ],
    },
  );
  const looks = grant({ read: ["/a", "/b"], load: true, disk: true }).flags;
  assert.ok(looks.includes("--allow-read=/a,/b"));
  assert.ok(looks.includes("--allow-sys=statfs,cpus,systemMemoryInfo"));
  assert.ok(grant({ read: ["/a,b"] }).flags.includes("--allow-read"), "no name for it is known");
  assert.ok(grant({ files: ["/a", "/b"] }).flags.includes("--allow-write=/a,/b"));
  const { flags, startIn } = grant({ write: "/a,b" });
  assert.ok(flags.includes("--allow-write=."));
  assert.equal(startIn, "/a,b");
});
