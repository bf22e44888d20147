/**
 * DuckDB's own command line and Python on a database while a run writes it, and after.
 *
 * They are looked for in the folder `TITRATE_DUCKDB_CLIENTS` (`.ci/duckdb_clients` prints
 * one), else on the search path; where they are not, these tests show as ignored.
 */
import assert from "node:assert/strict";
import { queryRows } from "../../../lib/store/database/query.ts";
import { commit, emptyResults, keyOf } from "../_fixtures.ts";

const FOLDER = Deno.env.get("TITRATE_DUCKDB_CLIENTS");
const programOf = (name: string) => FOLDER === undefined ? name : `${FOLDER}/${name}`;

const PYTHON = `
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read")
for line in sys.stdin:
    rows = connection.execute(line).fetchall()
    print(len(rows), flush=True)
`;

/** A client that answers each line of SQL with how many rows came. */
interface Client {
  readonly name: string;
  readonly program: string;
  readonly probe: readonly string[];
  readonly args: (path: string, how: "read" | "write") => readonly string[];
  /** A statement that answers with one line, the number of the query's rows. */
  readonly asked: (sql: string) => string;
}

const CLIENTS: readonly Client[] = [
  {
    name: "DuckDB's command line",
    program: programOf("duckdb"),
    probe: ["--version"],
    args: (path, how) => [
      ...how === "read" ? ["-readonly"] : [],
      "-csv",
      "-noheader",
      "-batch",
      path,
    ],
    asked: (sql) => `SELECT count(*) FROM (${sql});\n`,
  },
  {
    name: "DuckDB in Python",
    program: programOf("python3"),
    probe: ["-c", "import duckdb"],
    args: (path, how) => ["-c", PYTHON, path, how],
    asked: (sql) => `${sql}\n`,
  },
];

async function isThere({ program, probe }: Client): Promise<boolean> {
  try {
    const command = new Deno.Command(program, {
      args: [...probe],
      stdout: "null",
      stderr: "null",
      stdin: "null",
    });
    return (await command.output()).success;
  } catch {
    return false;
  }
}

/** A client that holds a database open. */
class Session implements AsyncDisposable {
  readonly #client: Client;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(client: Client, path: string, how: "read" | "write" = "read") {
    this.#client = client;
    this.#process = new Deno.Command(client.program, {
      args: [...client.args(path, how)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** How many rows a query has. */
  async rows(sql: string): Promise<number> {
    await this.#input.write(new TextEncoder().encode(this.#client.asked(sql)));
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error(`${this.#client.name} ended: ${this.#rest}`);
      this.#rest += value;
    }
    const [line, ...rest] = this.#rest.split("\n");
    this.#rest = rest.join("\n");
    return Number(line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    while (!(await this.#output.read()).done);
    await this.#process.status;
  }
}

for (const client of CLIENTS) {
  const ignore = !await isThere(client);

  Deno.test({
    name: `${client.name} reads a database while a run writes it and after, and the run goes on`,
    ignore,
    fn: async () => {
      using results = await emptyResults();
      const { path, store } = results;
      const cells = [1, 2, 3, 4].map((n, place) => (
        { stage: "s", axes: { tokens: n * 1000 }, key: keyOf(n), place }
      ));
      const recorder = results.open({ lockLimitMs: 100 });
      recorder.recordCells("e", { cells, replace: true });
      const finish = async (n: number) => {
        recorder.recordArtifact({ record: await commit(store, keyOf(n)), measurements: [] });
        await recorder.flush();
      };
      const sql = "SELECT * FROM results_of('e') WHERE tokens > 0";
      await finish(1);
      {
        await using holder = new Session(client, path);
        assert.equal(await holder.rows(sql), 1);
        await finish(2);
        // Who holds the file goes on with what it has; who comes later sees what is new.
        assert.equal(await holder.rows(sql), 1);
        await using later = new Session(client, path);
        assert.equal(await later.rows(sql), 2);
        await finish(3);
        assert.equal(await holder.rows(sql), 1);
      }
      await finish(4);
      assert.equal(await recorder.close(), true);
      assert.deepEqual(results.warnings, []);
      await using after = new Session(client, path);
      assert.equal(await after.rows(sql), 4);
      for (
        const view of ["means", "gains", "frontier", "costs", "lineage", "curves", "measurements"]
      ) {
        await after.rows(`SELECT * FROM ${view}`);
      }
      assert.equal((await queryRows(path, sql)).length, 4);
    },
  });

  Deno.test({
    name: `${client.name} that holds a database to write it makes no run fail: its rows wait`,
    ignore,
    fn: async () => {
      using results = await emptyResults();
      const { path, store } = results;
      await results.open().close();
      const first = results.open();
      first.recordFits("e", []);
      await first.close();
      const recorder = results.open({ lockLimitMs: 100 });
      {
        await using holder = new Session(client, path, "write");
        assert.equal(await holder.rows("SELECT * FROM tasks"), 0);
        recorder.recordArtifact({ record: await commit(store, keyOf(1)), measurements: [] });
        await recorder.flush();
        assert.equal(results.warnings.length, 1);
        assert.match(
          results.warnings[0]!,
          /^results wait to be written to .*keeps the database open/,
        );
      }
      assert.equal(await recorder.close(), true);
      assert.equal((await queryRows(path, "FROM tasks WHERE state = 'done'")).length, 1);
    },
  });
}
