/** The command line as data: arguments, exit code, and what is said. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../runtime/cli/main.ts";
import { smbench } from "./harness.ts";

const EXAMPLE = "examples/lease_break.ts";

interface Spec {
  readonly args: readonly string[];
  readonly code: number;
  /** Each is in the output. */
  readonly out?: readonly string[];
  readonly err?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const SPECS: Readonly<Record<string, Spec>> = {
  "no command is an error with a hint": {
    args: [],
    code: 2,
    err: ["Cannot run: no command is named", "hint: see smbench --help"],
  },
  "--help lists commands and exit codes": {
    args: ["--help"],
    code: 0,
    out: ["compile", "inspect", "Exit codes", "the replay differs from the capture"],
  },
  "help of a command may be asked for in two ways": {
    args: ["help", "run"],
    code: 0,
    out: ["smbench run [options] <scenario.ts|workload.json>", "--password-file FILE"],
  },
  "--version": { args: ["--version"], code: 0, out: ["smbench "] },
  "a mistyped command is corrected": {
    args: ["isnpect"],
    code: 2,
    err: ["did you mean smbench inspect?"],
  },
  "a mistyped option is corrected": {
    args: ["run", EXAMPLE, "--tagret", "smb://h/s"],
    code: 2,
    err: ["option --tagret is unknown", "did you mean --target?"],
  },
  "an option that is like nothing points to the help": {
    args: ["run", EXAMPLE, "--frobnicate"],
    code: 2,
    err: ["see smbench run --help"],
  },
  "an option without its value": {
    args: ["run", EXAMPLE, "--speed"],
    code: 2,
    err: ["option --speed lacks its value"],
  },
  "an option given twice": {
    args: ["run", EXAMPLE, "--speed", "1", "--speed", "2"],
    code: 2,
    err: ["option --speed is given twice"],
  },
  "a missing operand": { args: ["run"], code: 2, err: ["<scenario.ts|workload.json> is missing"] },
  "too many operands": { args: ["check", "a", "b"], code: 2, err: ['nothing to do with "b"'] },
  "a speed that is none": {
    args: ["run", EXAMPLE, "--speed", "fast"],
    code: 2,
    err: ["--speed fast: a positive number is needed"],
  },
  "speed and asap exclude each other": {
    args: ["run", EXAMPLE, "--speed", "2", "--asap"],
    code: 2,
    err: ["--asap keeps no times"],
  },
  "an unknown back end": {
    args: ["run", EXAMPLE, "--backend", "smbclient"],
    code: 2,
    err: ["known are native"],
  },
  "a scenario that is not there": {
    args: ["run", "missing.ts"],
    code: 7,
    err: ["Cannot load missing.ts: it does not exist"],
  },
  "a parameter that the scenario does not have": {
    args: ["run", EXAMPLE, "--set", "users=3"],
    code: 2,
    err: ['Cannot set parameter "users": the scenario has no parameters'],
  },
  "a --set without a value": {
    args: ["run", EXAMPLE, "--set", "users"],
    code: 2,
    err: ['Cannot use --set "users": NAME=VALUE is needed'],
  },
  "a password behind the user": {
    args: ["run", EXAMPLE, "--target", "smb://h/s", "-U", "alice%secret"],
    code: 2,
    err: ["Cannot take a password from -U", "SMBENCH_PASSWORD"],
  },
  "a password as an option": {
    args: ["run", EXAMPLE, "--password=secret"],
    code: 2,
    err: ["Cannot take a password from the command line"],
  },
  "a password in the target": {
    args: ["run", EXAMPLE, "--target", "smb://alice:secret@h/s"],
    code: 2,
    err: ["it has a password in it"],
  },
  "a target that is none": {
    args: ["run", EXAMPLE, "--target", "http://h/s"],
    code: 2,
    err: ['Cannot use "http://h/s" as a target', "a target is smb://host[:port]/share"],
  },
  "a target without a share": {
    args: ["run", EXAMPLE, "--target", "smb://h"],
    code: 2,
    err: ["it names no share"],
  },
  "a target without a user": {
    args: ["run", EXAMPLE, "--target", "smb://127.0.0.1:9/s"],
    code: 2,
    err: ["no user is named", "--anonymous"],
  },
  "a user without a password": {
    args: ["run", EXAMPLE, "--target", "smb://127.0.0.1:9/s", "-U", "alice"],
    code: 2,
    err: ["Cannot log in as alice: there is no password"],
  },
  "a password file that is not there": {
    args: [
      "run",
      EXAMPLE,
      "--target",
      "smb://127.0.0.1:9/s",
      "-U",
      "a",
      "--password-file",
      "missing",
    ],
    code: 2,
    err: ["Cannot read a password from missing: it does not exist"],
  },
  "a target where nothing listens": {
    args: ["run", EXAMPLE, "--target", "smb://127.0.0.1:9/s", "-U", "alice"],
    env: { SMBENCH_PASSWORD: "secret" },
    code: 4,
    err: ["Cannot reach smb://127.0.0.1:9/s: the connection was refused"],
  },
  "a check of a scenario": {
    args: ["check", "examples/office_mix.ts"],
    code: 0,
    out: ['scenario "office mix", parameters users, documents, size, think'],
  },
  "a compile without output": {
    args: ["compile", "x.pcap"],
    code: 2,
    err: ["no output is named", "-o FILE.ts"],
  },
  "a capture that is not there": {
    args: ["inspect", "missing.pcap"],
    code: 7,
    err: ["missing.pcap"],
  },
};

for (const [name, spec] of Object.entries(SPECS)) {
  Deno.test(`command line: ${name}`, async () => {
    const ran = await smbench(spec.args, spec.env === undefined ? {} : { env: spec.env });
    for (const text of spec.out ?? []) assertStringIncludes(ran.out, text);
    for (const text of spec.err ?? []) assertStringIncludes(ran.err, text);
    assertEquals(ran.code, spec.code);
    assert(!`${ran.out}${ran.err}`.includes("secret"), "the password is in the output");
  });
}

for (const { name } of COMMANDS) {
  Deno.test(`smbench ${name} --help fits 80 columns and ends well`, async () => {
    const { code, out } = await smbench([name, "--help"]);
    assertEquals(code, 0);
    for (const line of out.split("\n")) assert(line.length <= 80, line);
    for (const part of ["Options", "Examples", "Exit codes", "-h, --help"]) {
      assertStringIncludes(out, part);
    }
  });
}

Deno.test("the help of a scenario lists its parameters", async () => {
  const { out } = await smbench(["run", "examples/office_mix.ts", "--help"]);
  assertStringIncludes(out, "--set users=...      integer; people at work; 3 unless given");
});

for (const name of ["lease_break", "two_writers", "office_mix"]) {
  Deno.test(`the example ${name} passes against the server in memory`, async () => {
    const { code, out, err } = await smbench(["run", `examples/${name}.ts`]);
    assertStringIncludes(out, "\nPassed\n", err);
    assertEquals(code, 0);
  });
}

Deno.test("--json is one document with the run's numbers", async () => {
  const { code, out } = await smbench(["run", EXAMPLE, "--json"]);
  const report = JSON.parse(out);
  assertEquals([code, report.version, report.exitCode, report.outcome], [0, 1, 0, "Passed"]);
  assertEquals([report.summary.breaks.received, report.summary.mismatched], [1, 0]);
  assertEquals(report.scenario, {
    file: EXAMPLE,
    name: "lease break on second open",
    kind: "scenario",
  });
});

async function withFile<T>(
  name: string,
  text: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    return await use(`${folder}/${name}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Text of a scenario, its exit code, and the last lines of the report with FILE for its path. */
const SCENARIOS: Readonly<Record<string, readonly [text: string, code: number, says: string]>> = {
  "an expectation that does not hold": [
    `import { expect, scenario } from "smbench";
export default scenario({ name: "x" }, async ({ client }) => {
  const alice = await client("alice");
  await alice.writeFile("f", "hello");
  expect((await alice.stat("f")).size).toBe(6);
});`,
    1,
    "FILE:5:40: Values are not strictly equal: expected 6, got 5\n",
  ],
  "an unexpected status, in a function of the scenario": [
    `import { scenario, type User } from "smbench";
export default scenario({ name: "x" }, async ({ client }) => {
  await look(await client("alice"));
});
async function look(user: User): Promise<void> {
  await user.open("missing.txt");
}`,
    1,
    'FILE:6:14: Cannot complete CREATE "missing.txt": the server answered OBJECT_NAME_NOT_FOUND, not SUCCESS',
  ],
  "a mistake of the language": [
    `import { scenario } from "smbench";
export default scenario({ name: "x" }, () => {
  const nothing: { length: number } = JSON.parse("null");
  nothing.length;
});`,
    107,
    "FILE:4:11: Cannot read properties of null (reading 'length')",
  ],
  "a promise that nobody awaits": [
    `import { scenario } from "smbench";
export default scenario({ name: "x" }, async ({ sleep }) => {
  void Promise.reject(new Error("lost and found"));
  await sleep(5);
});`,
    107,
    "FILE:3:23: lost and found",
  ],
  "a replay that differs": [
    `import { replay } from "smbench";
export default replay({ source: "x.pcap", clients: { a: {} } }, {
  async a(c, p) {
    const t = await (await (await c.connect()).login()).tree(p.share("share"));
    await c.at(0.01, 12);
    await t.open("f", { label: 12 });
  },
});`,
    3,
    "Finished with 1 difference from what was recorded",
  ],
};

for (const [name, [text, code, says]] of Object.entries(SCENARIOS)) {
  Deno.test(`the report of ${name}`, async () => {
    await withFile("scenario.ts", text, async (path) => {
      const ran = await smbench(["run", path]);
      assertStringIncludes(ran.out.replaceAll(path, "FILE"), says);
      assert(!ran.out.includes("    at "), "a stack trace is shown");
      assertEquals(ran.code, code);
    });
  });
}

/** Text of a file that cannot be loaded, and what is said. */
const UNLOADABLE: Readonly<Record<string, readonly [text: string, says: string]>> = {
  "that does not parse": ["const a: = 1;", "FILE:1:10: Cannot parse FILE: Unexpected token `=`"],
  "without a default export": [
    "export const x = 1;",
    "its default export is made by neither scenario() nor replay()",
  ],
  "whose top level throws": [
    `\nthrow new Error("not today");`,
    "FILE:2:7: not today",
  ],
  "that imports what it may not": [
    `import fs from "node:fs";`,
    'FILE:1:16: Cannot import "node:fs": a scenario imports "smbench", "zod" and files of its own folder',
  ],
  "with a replay that lacks a function": [
    `import { replay } from "smbench";\nexport default replay({ source: "x", clients: { a: {} } }, {} as never);`,
    'FILE:2:16: Cannot define replay "x": client "a" has no function',
  ],
};

for (const [name, [text, says]] of Object.entries(UNLOADABLE)) {
  Deno.test(`a file ${name} is refused with a sentence`, async () => {
    await withFile("scenario.ts", text, async (path) => {
      const ran = await smbench(["run", path]);
      assertStringIncludes(ran.err.replaceAll(path, "FILE"), says);
      assertEquals(ran.code, 7);
    });
  });
}

Deno.test("a workload runs as it is", async () => {
  const operations = [
    { operation: "Mkdir", path: "/share/dir" },
    {
      operation: "Open",
      path: "/share/dir/f.txt",
      mode: "ReadWrite",
      handle_ref: "h",
      extensions: { create_disposition: "Create" },
    },
    { operation: "Write", handle_ref: "h", offset: 0, length: 4, blob_path: "blobs/3f2a.bin" },
    { operation: "Read", handle_ref: "h", offset: 0, length: 4 },
    { operation: "Flush", handle_ref: "h" },
    { operation: "Close", handle_ref: "h" },
    { operation: "Rename", path: "dir/f.txt", new_path: "dir/g.txt" },
    { type: "QueryInfo", path: "dir/g.txt" },
    { operation: "QueryDirectory", path: "dir" },
    { operation: "Delete", path: "dir/g.txt" },
    { operation: "Rmdir", path: "dir" },
    {
      operation: "Open",
      path: "gone",
      mode: "Read",
      handle_ref: "i",
      expected_status: "OBJECT_NAME_NOT_FOUND",
    },
  ].map((fields, i) => ({
    op_id: `op_${i}`,
    client_id: "user1",
    timestamp_us: i * 1000,
    ...fields,
  }));
  const workload = { version: 1, clients: [{ client_id: "user1" }], operations };
  await withFile("workload.json", JSON.stringify(workload), async (path) => {
    const folder = path.slice(0, path.lastIndexOf("/"));
    const refused = await smbench(["run", path]);
    assertStringIncludes(refused.err, "blob blobs/3f2a.bin is missing");
    assertEquals(refused.code, 7);
    await Deno.mkdir(`${folder}/blobs`);
    await Deno.writeTextFile(`${folder}/blobs/3f2a.bin`, "data");
    const ran = await smbench(["run", path, "--json"]);
    const report = JSON.parse(ran.out);
    assertEquals(
      [ran.code, report.summary.mismatched, report.summary.payloadWritten],
      [0, 0, 4],
      ran.out,
    );
    assertStringIncludes(ran.err, "warning: handle i of client user1 is never closed");
  });
});

Deno.test("a workload with problems is refused before anything runs", async () => {
  const workload = {
    version: 1,
    clients: [{ client_id: "a" }],
    operations: [{
      op_id: "1",
      client_id: "a",
      timestamp_us: 0,
      operation: "Read",
      handle_ref: "h",
    }],
  };
  await withFile("workload.json", JSON.stringify(workload), async (path) => {
    const { code, err } = await smbench(["check", path]);
    assertStringIncludes(err, "operation 1: handle h is unknown");
    assertEquals(code, 7);
  });
});

Deno.test("an interruption logs off, reports, and has its own exit code", async () => {
  const text = `import { scenario } from "smbench";
export default scenario({ name: "long" }, async ({ client, log, sleep }) => {
  const alice = await client("alice");
  await alice.writeFile("f", "x");
  log("working");
  await sleep(3600);
});`;
  await withFile("scenario.ts", text, async (path) => {
    const { code, out } = await smbench(["run", path], {
      interruptAfter: (said) => said.includes("working"),
    });
    assertStringIncludes(out, "Interrupted");
    assertStringIncludes(out, "WRITE");
    assertEquals(code, 105);
  });
});

Deno.test("a second interruption ends a scenario that does not listen", async () => {
  const text = `import { scenario } from "smbench";
export default scenario({ name: "deaf" }, ({ log }) => {
  log("working");
  for (;;);
});`;
  await withFile("scenario.ts", text, async (path) => {
    const { code, out } = await smbench(["run", path], {
      interruptAfter: (said) => said.includes("working"),
      interruptions: 2,
    });
    assertStringIncludes(out, "Interrupted");
    assertEquals(code, 105);
  });
});

Deno.test("what a scenario prints goes to the log, without what would steer a terminal", async () => {
  const text = `import { scenario } from "smbench";
export default scenario({ name: "x\\u001b[2J" }, ({ log }) => { log("a\\u001b[31mb"); console.log("c", { d: 1 }); });`;
  await withFile("scenario.ts", text, async (path) => {
    const { out, err } = await smbench(["run", path]);
    assertEquals(err, "a\\u001b[31mb\nc { d: 1 }\n");
    assertStringIncludes(out, "x\\u001b[2J scenario");
  });
});

Deno.test("files of the scenario's folder may be imported, and errors name them", async () => {
  const text = `import { scenario } from "smbench";
import { fail } from "./lib/helper.ts";
enum Colour { Red, Green }
export default scenario({ name: "x" }, () => fail(Colour.Green));`;
  await withFile("scenario.ts", text, async (path) => {
    const folder = path.slice(0, path.lastIndexOf("/"));
    await Deno.mkdir(`${folder}/lib`);
    await Deno.writeTextFile(
      `${folder}/lib/helper.ts`,
      `import type {} from "smbench";\nexport function fail(code: number): never {\n  throw new Error("code " + code);\n}\n`,
    );
    const { code, out } = await smbench(["run", path]);
    assertStringIncludes(out, `${folder}/lib/helper.ts:3:9: code 1`);
    assertEquals(code, 107);
  });
});
