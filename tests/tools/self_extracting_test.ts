import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { run } from "../harness/tools.ts";
import { filesUnder, writeSelfExtracting } from "./self_extracting.ts";
import { writeTar } from "./tar.ts";
import { concatenate } from "../harness/pcap.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

/** A program in the likeness of ours: it needs an npm package, and runs TypeScript from disk in a worker. */
const PROGRAM: Readonly<Record<string, string>> = {
  "mod.ts": `
    import { z } from "zod";
    export function scenario(size: number): number { return z.number().parse(size) + 1; }
  `,
  "runtime/cli/worker.ts": `
    import "smbench";
    self.onmessage = async (event) => {
      const answers: string[] = [];
      answers.push(String((await import(event.data)).default));
      for (const forbidden of ["npm:is-odd@3.0.1", "file:///etc/passwd"]) {
        await import(forbidden).catch((error) => answers.push(String(error.message)));
      }
      (self as unknown as Worker).postMessage(answers);
    };
  `,
  "runtime/cli/main.ts": `
    const [path, ...rest] = Deno.args;
    if (path === undefined) Deno.exit(3);
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      type: "module",
      deno: { permissions: "none" },
    } as WorkerOptions);
    worker.onmessage = ({ data }) => {
      console.log(JSON.stringify({ rest, data }));
      worker.terminate();
    };
    const source = new TextEncoder().encode(Deno.readTextFileSync(path));
    worker.postMessage("data:application/typescript;base64," + btoa(String.fromCharCode(...source)));
  `,
};
const SCENARIO = `
  import { scenario } from "smbench";
  interface Size { readonly bytes: number }
  const size: Size = { bytes: 41 };
  export default scenario(size.bytes);
`;

async function makeProgram(folder: string): Promise<string> {
  const root = `${folder}/source`;
  await Deno.mkdir(`${root}/runtime/cli`, { recursive: true });
  for (const [name, text] of Object.entries(PROGRAM)) {
    await Deno.writeTextFile(`${root}/${name}`, text);
  }
  for (const name of ["deno.json", "deno.lock"]) {
    await Deno.copyFile(`${ROOT}${name}`, `${root}/${name}`);
  }
  const output = `${folder}/program`;
  await writeSelfExtracting({
    root,
    files: Object.keys(PROGRAM),
    entry: "runtime/cli/main.ts",
    flags: ["--cached-only", "--no-prompt", "--allow-read"],
    output,
    name: "program",
  });
  await Deno.remove(root, { recursive: true });
  return output;
}

function runBare(program: string, options: { cwd: string; home: string; args: string[] }) {
  // No PATH at all; `env -i` by its own path, because Deno.Command always hands on the environment.
  return run("/usr/bin/env", {
    args: ["-i", `HOME=${options.home}`, program, ...options.args],
    cwd: options.cwd,
  });
}

Deno.test("a self-extracting file runs a scenario from disk, alone and without a PATH", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smbench-executable-" });
  try {
    const program = await makeProgram(folder);
    await Deno.writeTextFile(`${folder}/scenario.ts`, SCENARIO);
    const args = ["scenario.ts", "an argument", "--flag"];
    for (const pass of ["first", "second"]) {
      const { code, stdout, stderr } = await runBare(program, { cwd: folder, home: folder, args });
      assertEquals(code, 0, `${pass} run: ${stderr}`);
      assertEquals(stderr, "", pass);
      const { rest, data } = JSON.parse(stdout);
      assertEquals(rest, ["an argument", "--flag"]);
      assertEquals(data[0], "42");
      assertStringIncludes(data[1], "--cached-only");
      assertStringIncludes(data[2], "Requires read access");
    }
    const unpacked = (await filesUnder(`${folder}/.cache/program`)).map((name) =>
      name.split("/")[0]
    );
    assertEquals(new Set(unpacked).size, 1, "the second run unpacked again");
    assertEquals((await runBare(program, { cwd: folder, home: folder, args: [] })).code, 3);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("runs that start at once unpack without disturbing each other, also where HOME is no use", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smbench-executable-" });
  try {
    const program = await makeProgram(folder);
    await Deno.writeTextFile(`${folder}/scenario.ts`, SCENARIO);
    const start = (home: string) =>
      run("/usr/bin/env", {
        args: ["-i", `HOME=${home}`, `TMPDIR=${folder}`, program, "scenario.ts"],
        cwd: folder,
      });
    const runs = await Promise.all([
      start(folder),
      start(folder),
      start(folder),
      start("/proc/none"),
    ]);
    for (const { code, stderr } of runs) assertEquals(code, 0, stderr);
    const left = [...Deno.readDirSync(`${folder}/.cache/program`)];
    assertEquals(left.length, 1, left.map((entry) => entry.name).join());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a tar archive is read back by tar, long paths included", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smbench-tar-" });
  try {
    const long = `${"a".repeat(90)}/${"b".repeat(80)}`;
    const entries = [
      { name: "run", bytes: new TextEncoder().encode("#!/bin/sh\necho ran\n"), executable: true },
      { name: long, bytes: new Uint8Array(1000).fill(7) },
      { name: "empty", bytes: new Uint8Array(0) },
    ];
    await Deno.writeFile(`${folder}/x.tar`, concatenate([...writeTar(entries)]));
    const { code, stderr } = await run("tar", { args: ["-xf", "x.tar"], cwd: folder });
    assertEquals(code, 0, stderr);
    assertEquals(await filesUnder(folder), [long, "empty", "run", "x.tar"]);
    assertEquals(await Deno.readFile(`${folder}/${long}`), new Uint8Array(1000).fill(7));
    assertEquals((await run(`${folder}/run`, { args: [] })).stdout, "ran\n");
    assert(((await Deno.stat(`${folder}/empty`)).mode ?? 0) % 0o1000 === 0o644);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a path that tar cannot hold is refused", () => {
  const entry = { name: "c".repeat(101), bytes: new Uint8Array(0) };
  assertThrows(() => [...writeTar([entry])], RangeError, "too long for tar");
});
