/**
 * What a hostile scenario tries, and the sentence it gets. Each case is the body of a scenario that runs in a real
 * worker; nothing listens at its target.
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Authenticator } from "../client/mod.ts";
import { Sandbox } from "./host.ts";
import { ScenarioError } from "./errors.ts";
import { readScenario } from "./source.ts";

/** Port 9 (discard) of the loopback: the one place that these workers may go to. */
const TARGET = { hostname: "127.0.0.1", port: 9 };

/** Nobody gets as far as to log in. */
function authenticator(): Authenticator {
  throw new Error("Cannot log in: this test has no account");
}

async function inFolder<T>(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = `${folder}/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, text);
    }
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs the body of a scenario; what it logs, and what it died of. */
function attempt(body: string): Promise<{ logged: string[]; failure: string | null }> {
  const text = `import { scenario } from "smbench";
export default scenario({ name: "hostile" }, async ({ log, client }) => {
${body}
});`;
  return inFolder({ "hostile.ts": text }, async (folder) => {
    const logged: string[] = [];
    const { sandbox } = await Sandbox.load(await readScenario(`${folder}/hostile.ts`), {
      target: TARGET,
      authenticator,
      records: () => {},
      log: (message) => logged.push(message),
      note: (message) => logged.push(`note: ${message}`),
    });
    try {
      const failure = await sandbox.run({
        target: TARGET,
        server: TARGET.hostname,
        share: "share",
        shares: {},
        root: "",
        speed: 1,
        asap: false,
        timeout: 2,
        params: {},
        user: "alice",
        workload: null,
        keylog: false,
      });
      return { logged, failure: failure?.message ?? null };
    } finally {
      sandbox.terminate();
    }
  });
}

const SENTENCE = 'a scenario reaches the SMB target, through "smbench", and nothing else';

/** Body of the scenario, and what its failure says. */
const REFUSED: Readonly<Record<string, readonly [body: string, says: string]>> = {
  "read a file": [
    `await Deno.readTextFile("/etc/passwd");`,
    `Cannot use Deno.readTextFile: ${SENTENCE}`,
  ],
  "write a file": [
    `await Deno.writeTextFile("/tmp/x", "x");`,
    `Cannot use Deno.writeTextFile: ${SENTENCE}`,
  ],
  "read the environment": [`Deno.env.get("SMBENCH_PASSWORD");`, `Cannot use Deno.env: ${SENTENCE}`],
  "start a process": [
    `await new Deno.Command("id").output();`,
    `Cannot use Deno.Command: ${SENTENCE}`,
  ],
  "open a library": [`Deno.dlopen("libc.so.6", {});`, `Cannot use Deno.dlopen: ${SENTENCE}`],
  "ask for permissions": [
    `await Deno.permissions.request({ name: "read" });`,
    `Cannot use Deno.permissions: ${SENTENCE}`,
  ],
  "end the program": [`Deno.exit(0);`, `Cannot use Deno.exit: ${SENTENCE}`],
  "listen": [`Deno.listen({ port: 0 });`, `Cannot use Deno.listen: ${SENTENCE}`],
  "use the internals": [`Deno[Deno.internal].core.ops;`, `Cannot use Deno.internal: ${SENTENCE}`],
  "connect elsewhere": [
    `await Deno.connect({ hostname: "127.0.0.1", port: 22 });`,
    'Requires net access to "127.0.0.1:22"',
  ],
  "connect by another name": [
    `await Deno.connect({ hostname: "localhost", port: 9 });`,
    'Requires net access to "localhost:9"',
  ],
  "connect to a socket of the machine": [
    `await Deno.connect({ transport: "unix", path: "/var/run/docker.sock" });`,
    "Requires",
  ],
  "fetch": [`await fetch("http://192.0.2.1/");`, `Cannot use fetch: ${SENTENCE}`],
  "fetch a file": [`await fetch("file:///etc/passwd");`, `Cannot use fetch: ${SENTENCE}`],
  "open a web socket": [`new WebSocket("ws://192.0.2.1/");`, `Cannot use WebSocket: ${SENTENCE}`],
  "start a worker": [
    `new Worker("data:text/javascript,0", { type: "module" });`,
    `Cannot use Worker: ${SENTENCE}`,
  ],
  "talk to other workers": [
    `new BroadcastChannel("x");`,
    `Cannot use BroadcastChannel: ${SENTENCE}`,
  ],
  "talk to the host": [
    `postMessage({ kind: "authenticate" });`,
    `Cannot use postMessage: ${SENTENCE}`,
  ],
  "eval": [`eval("1");`, `Cannot use eval: ${SENTENCE}`],
  "eval from elsewhere": [`(0, eval)("1");`, `Cannot use eval: ${SENTENCE}`],
  "make a function": [`new Function("return 1")();`, `Cannot use Function: ${SENTENCE}`],
  "make a function by its constructor": [
    `(() => {}).constructor("return 1")();`,
    `Cannot use Function: ${SENTENCE}`,
  ],
  "make an async function": [
    `(async () => {}).constructor("return 1")();`,
    `Cannot use Function: ${SENTENCE}`,
  ],
  "make a generator": [
    `(function* () {}).constructor("yield 1")();`,
    `Cannot use Function: ${SENTENCE}`,
  ],
  "make an async generator": [
    `(async function* () {}).constructor("yield 1")();`,
    `Cannot use Function: ${SENTENCE}`,
  ],
  "make a function by a class's constructor": [
    `(class {}).constructor("return 1")();`,
    `Cannot use Function: ${SENTENCE}`,
  ],
  "make a function where no script is active": [
    `await Promise.resolve("return import('data:text/javascript,0')").then((async () => {}).constructor);`,
    `Cannot use Function: ${SENTENCE}`,
  ],
  "put the function constructor back": [
    `Object.defineProperty(Object.getPrototypeOf(() => {}), "constructor", { value: 1 });`,
    "Cannot redefine property: constructor",
  ],
  "import a file while running": [
    `await import("file:///etc/passwd", { with: { type: "text" } });`,
    'Cannot import "file:///etc/passwd" while running: a scenario names its imports at the top',
  ],
  "import a module while running": [
    `await import("node:fs");`,
    'Cannot import "node:fs" while running',
  ],
  "import from the registry while running": [
    `const stolen = "secret"; await import("npm:x-" + stolen);`,
    'Cannot import "npm:x-secret" while running',
  ],
  "import data while running": [
    `await import("data:text/javascript,0");`,
    'Cannot import "data:text/javascript,0" while running',
  ],
  "read another file as a blob": [
    `const { blob } = await import("smbench"); blob("../secret.bin");`,
    'Cannot import "smbench" while running',
  ],
  "run WebAssembly": [
    `new WebAssembly.Module(new Uint8Array(8));`,
    "WebAssembly.Module is not a constructor",
  ],
};

for (const [name, [body, says]] of Object.entries(REFUSED)) {
  Deno.test(`a scenario cannot ${name}`, async () => {
    const { failure } = await attempt(body);
    assertStringIncludes(failure ?? "nothing failed", says);
  });
}

/** Static imports: refused before anything runs. */
const IMPORTS: Readonly<Record<string, readonly [text: string, says: string]>> = {
  "a file as text": [
    `import text from "file:///etc/passwd" with { type: "text" };`,
    'Cannot import "file:///etc/passwd": a scenario imports no data, only scripts',
  ],
  "a file of its folder as text": [
    `import text from "./notes.ts" with { type: "text" };`,
    'Cannot import "./notes.ts": a scenario imports no data, only scripts',
  ],
  "a module of Node": [
    `import fs from "node:fs";`,
    'Cannot import "node:fs": a scenario imports "smbench", "zod" and files of its own folder',
  ],
  "a package": [`import "npm:left-pad";`, 'Cannot import "npm:left-pad"'],
  "a remote module": [
    `import "https://example.invalid/x.ts";`,
    'Cannot import "https://example.invalid/x.ts"',
  ],
  "a data module": [`import "data:text/javascript,0";`, 'Cannot import "data:text/javascript,0"'],
  "an absolute path": [`import "/etc/passwd";`, 'Cannot import "/etc/passwd"'],
  "what lies outside its folder": [
    `import "./a/../../outside.ts";`,
    'Cannot import "./a/../../outside.ts": it is outside the scenario\'s folder',
  ],
  "what is not there": [
    `import "./missing.ts";`,
    'Cannot import "./missing.ts": it does not exist',
  ],
  "something that is re-exported": [`export * from "node:fs";`, 'Cannot import "node:fs"'],
  "by a name in escapes": [`import "\\u006eode:fs";`, 'Cannot import "node:fs"'],
};

for (const [name, [text, says]] of Object.entries(IMPORTS)) {
  Deno.test(`a scenario cannot import ${name}`, async () => {
    await inFolder(
      { "hostile.ts": `\n${text}\nexport default 1;`, "notes.ts": "" },
      async (folder) => {
        const error = await assertRejects(
          () => readScenario(`${folder}/hostile.ts`),
          ScenarioError,
          says,
        );
        const line = text.includes("\\u") ? null : 2;
        assertEquals(error.place?.line, line);
      },
    );
  });
}

Deno.test("a symbolic link does not lead out of the scenario's folder", async () => {
  await inFolder({ "outside.ts": "", "in/hostile.ts": `import "./link.ts";` }, async (folder) => {
    await Deno.symlink(`${folder}/outside.ts`, `${folder}/in/link.ts`);
    await assertRejects(
      () => readScenario(`${folder}/in/hostile.ts`),
      ScenarioError,
      'Cannot import "./link.ts": it is outside the scenario\'s folder',
    );
  });
});

Deno.test("a message of no known form is ignored by the host", async () => {
  const { parseToHost } = await import("./messages.ts");
  const wrong = [
    null,
    "records",
    { kind: "records", operations: [{}], breaks: [] },
    { kind: "records", operations: Array(200_000).fill(1), breaks: [] },
    { kind: "authenticate", id: 1, exchange: 1, credentials: "root", token: null },
    { kind: "authenticate", id: 1, exchange: 1, credentials: "run", token: new Uint8Array(70_000) },
    { kind: "log", message: 1 },
    { kind: "finished", failure: { kind: "script", message: "x", places: [{ file: 1 }] } },
    { kind: "load", files: [] },
    { kind: "blob", id: NaN, path: "x" },
  ];
  assertEquals(wrong.map(parseToHost), wrong.map(() => null));
});
