/**
 * Pre-state: a capture of a client that works on files which were there before compiles into a scenario that makes them,
 * so that it runs on an empty share as it ran where it was captured.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { compile, type Compiled, type CompileOptions } from "../../compiler/mod.ts";
import { smbench } from "../cli/harness.ts";
import { interopTest } from "../harness/interop.ts";
import { type Smbd, startSmbd } from "../harness/smbd.ts";
import { startCapture } from "../harness/tshark.ts";

const NEEDS = ["smbd", "tcpdump"] as const;

/** What two users do to files of before: read, list, rename, replace, delete, copy, and look for what is not there. */
const WORK = `
import { expect, scenario } from "smbench";

export default scenario({ name: "work" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  expect((await alice.list("projects")).length).toBe(3);
  expect(await alice.exists("projects/none.txt")).toBe(false);
  expect((await alice.readFile("projects/q1.xlsx")).length).toBe(70000);
  expect((await bob.readFile("Projects/Q1.XLSX")).length).toBe(70000);
  expect((await bob.readFile("projects/copy.xlsx")).length).toBe(70000);
  await alice.rename("projects/deep", "projects/moved");
  expect((await bob.readFile("projects/moved/er/notes.txt")).length).toBe(12);
  await bob.rename("projects/copy.xlsx", "projects/moved/copy.xlsx");
  await alice.remove("projects/q1.xlsx");
  expect(await bob.exists("projects/q1.xlsx")).toBe(false);
  await bob.writeFile("projects/q1.xlsx", "a new one");
  await using disk = await alice.open("disk.img", { access: "rw" });
  await disk.read(0, 65536);
  await disk.write(65536, "changed");
  await disk.read(65536, 16384);
  await disk.truncate(100000);
});
`;

/** The files of before, by path. */
async function fill(directory: string): Promise<void> {
  await Deno.mkdir(`${directory}/projects/deep/er`, { recursive: true });
  const sheet = crypto.getRandomValues(new Uint8Array(65_536));
  const bytes = new Uint8Array(70_000);
  bytes.set(sheet);
  await Deno.writeFile(`${directory}/projects/q1.xlsx`, bytes);
  await Deno.writeFile(`${directory}/projects/copy.xlsx`, bytes);
  await Deno.writeTextFile(`${directory}/projects/deep/er/notes.txt`, "before, here");
  const disk = new Uint8Array(200_000);
  disk.set(sheet.subarray(0, 4096), 0);
  disk.set(sheet.subarray(0, 4096), 32_768);
  await Deno.writeFile(`${directory}/disk.img`, disk);
}

/** Captures the work on a server of its own. */
async function recorded(folder: string): Promise<string> {
  const script = `${folder}/work.ts`;
  await Deno.writeTextFile(script, WORK);
  await using smbd = await startSmbd({ users: ["alice"] });
  await fill(smbd.shareDirectory);
  await using capture = await startCapture({ port: smbd.port });
  const { code, err } = await run(script, smbd, ["--no-preflight", "--asap"]);
  assertEquals(code, 0, err);
  const pcap = `${folder}/work.pcap`;
  await Deno.writeFile(pcap, await capture.stop());
  return pcap;
}

async function run(script: string, smbd: Smbd, args: readonly string[] = []) {
  const login = ["--target", smbd.target, "-U", smbd.user];
  return await smbench(["run", script, ...login, ...args], {
    env: { SMBENCH_PASSWORD: smbd.password },
  });
}

/** Names below a directory. */
async function names(directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(directory)) found.push(name);
  return found.sort();
}

async function write(folder: string, name: string, compiled: Compiled): Promise<string> {
  for (const { path, text } of compiled.modules) {
    await Deno.mkdir(`${folder}/${path.replace(/\/[^/]*$/, "")}`, { recursive: true });
    await Deno.writeTextFile(`${folder}/${path}`, text);
  }
  await Deno.writeTextFile(`${folder}/${name}.ts`, compiled.script);
  return `${folder}/${name}.ts`;
}

interopTest(
  "what a capture needs is there when its scenario runs, and gone afterwards",
  { needs: NEEDS },
  async (t) => {
    const folder = await Deno.makeTempDir({ prefix: "smbench-provision-" });
    try {
      const pcap = await recorded(folder);
      const compileTo = async (name: string, options: Partial<CompileOptions> = {}) =>
        await write(
          folder,
          name,
          await compile(pcap, { version: "0.0.0", ...options }),
        );
      const script = await compileTo("replay");

      await t.step("the scenario says so, path by path", async () => {
        const text = (await Deno.readTextFile(script)).replaceAll(/\s+/g, " ");
        // Both files had the same bytes, and begin as the disk does.
        const sheet = '{ size: 70000, parts: [[0, 4096, "p1"], [4096, 61440, "p2"]], }';
        assertStringIncludes(text, `"projects/q1.xlsx": ${sheet}`);
        assertStringIncludes(text, `"projects/copy.xlsx": ${sheet}`);
        assertStringIncludes(text, 'parts: [[0, 4096, "p1"], [32768, 4096, "p1"]');
        assertStringIncludes(text, '"projects/deep/er/notes.txt": { size: 12, seed: "p');
        assertStringIncludes(text, '"projects/none.txt": null');
        assertStringIncludes(text, '"projects/moved": null');
        assertStringIncludes(text, 'after: { share: { "disk.img": { size: 100000 }');
        assertStringIncludes(text, '"projects/moved/copy.xlsx": { size: 70000 }');
        const [before = ""] = text.split("after: {");
        assert(!before.includes('"projects/moved/copy.xlsx": {'), "what was moved was elsewhere");
      });

      await using smbd = await startSmbd({ users: ["alice"] });
      await t.step("without it nothing works", async () => {
        const { code, out } = await run(script, smbd, ["--no-provision", "--asap"]);
        assertEquals(code, 3);
        assertStringIncludes(out, "OBJECT_NAME_NOT_FOUND");
        for (const name of await names(smbd.shareDirectory)) {
          await Deno.remove(`${smbd.shareDirectory}/${name}`, { recursive: true });
        }
      });

      await t.step("with it everything is as recorded, against Samba", async () => {
        const { code, out, err } = await run(script, smbd, ["--asap"]);
        assertStringIncludes(out, "\nPassed\n", err);
        assertEquals(code, 0);
        assertStringIncludes(err, "note: provisioned 4 files and 3 directories");
        assertEquals(await names(smbd.shareDirectory), []);
      });

      await t.step("and against the server in memory, without a target", async () => {
        const { code, out, err } = await smbench(["run", script, "--asap"]);
        assertStringIncludes(out, "\nPassed\n", err);
        assertEquals(code, 0);
      });

      await t.step("below a root that is not there yet, beside somebody else's files", async () => {
        await Deno.writeTextFile(`${smbd.shareDirectory}/precious.txt`, "mine");
        const refused = await run(script, smbd, ["--asap"]);
        assertEquals(refused.code, 2);
        assertStringIncludes(refused.out, "it is not empty; name an empty folder with --root");
        const { code, err } = await run(script, smbd, ["--asap", "--root", "runs/17"]);
        assertEquals(code, 0, err);
        assertEquals(await names(smbd.shareDirectory), ["precious.txt"]);
      });

      await t.step("kept files stay, and the next run removes them", async () => {
        await run(script, smbd, ["--asap", "--root", "kept", "--keep"]);
        assertEquals(await names(smbd.shareDirectory), [
          "kept",
          "kept.smbench-provision.json",
          "precious.txt",
        ]);
        const { err } = await run(script, smbd, ["--asap", "--root", "kept"]);
        assertStringIncludes(err, "removed what an earlier run had left: 1 name");
        assertEquals(await names(smbd.shareDirectory), ["precious.txt"]);
      });

      await t.step(
        "with the captured data, the files of before have the captured bytes",
        async () => {
          const blobs = new Map<string, Uint8Array>();
          const script = await compileTo("whole", {
            blobs: {
              save: (hash, bytes) => void blobs.set(hash, bytes.slice()),
              path: (hash) => `blobs/${hash}.bin`,
            },
          });
          await Deno.mkdir(`${folder}/blobs`, { recursive: true });
          for (const [hash, bytes] of blobs) {
            await Deno.writeFile(`${folder}/blobs/${hash}.bin`, bytes);
          }
          const { code, err } = await run(script, smbd, ["--provision-only", "--root", "whole"]);
          assertEquals(code, 0, err);
          const file = `${smbd.shareDirectory}/whole/projects/deep/er/notes.txt`;
          assertEquals(await Deno.readTextFile(file), "before, here");
          const disk = await Deno.readFile(`${smbd.shareDirectory}/whole/disk.img`);
          assertEquals(disk.length, 200_000);
          assertEquals(disk.subarray(0, 4096), disk.subarray(32_768, 36_864));
        },
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

interopTest("an interrupted run leaves nothing, and a big folder takes no time", {
  needs: ["smbd"],
}, async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "smbench-provision-" });
  try {
    await using smbd = await startSmbd({ users: ["alice"] });
    const login = ["--target", smbd.target, "-U", smbd.user];
    const env = { SMBENCH_PASSWORD: smbd.password };
    const script = async (name: string, text: string) => {
      await Deno.writeTextFile(`${folder}/${name}`, `import { scenario } from "smbench";\n${text}`);
      return `${folder}/${name}`;
    };

    await t.step("interrupted", async () => {
      const path = await script(
        "waits.ts",
        `export default scenario({ name: "waits", provision: { "": { "d/a.txt": { data: "x" } } } },
          async ({ client, log, sleep }) => {
            const alice = await client("alice");
            await alice.writeFile("made.txt", "y");
            log("ready");
            await sleep("60s");
          });`,
      );
      const { code } = await smbench(["run", path, ...login], {
        env,
        interruptAfter: (text) => text.includes("ready"),
      });
      assertEquals(code, 105);
      assertEquals(await names(smbd.shareDirectory), []);
    });

    await t.step("three thousand files", async () => {
      const path = await script(
        "big.ts",
        `const files = Object.fromEntries(
          Array.from({ length: 3000 }, (_, i) => ["big/" + i + ".dat", { size: i }]),
        );
        export default scenario({ name: "big", provision: { "": files } }, async ({ client }) => {
          const alice = await client("alice");
          const { length } = await alice.list("big");
          if (length !== 3000) throw new Error(length + " files");
        });`,
      );
      const started = performance.now();
      const { code, err } = await smbench(["run", path, ...login], { env });
      assertEquals(code, 0, err);
      assertEquals(await names(smbd.shareDirectory), []);
      assert(performance.now() - started < 300_000);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
