/** The examples: each runs to its end against the server in memory and against Samba; the compiled one is up to date. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { compile } from "../../compiler/mod.ts";
import { smbench } from "../cli/harness.ts";
import {
  compiledOffice,
  exampleNames,
  examplePath,
  EXAMPLES,
} from "../harness/example_scenarios.ts";
import { interopTest } from "../harness/interop.ts";
import { type Smbd, startSmbd } from "../harness/smbd.ts";
import { requireTool, run } from "../harness/tools.ts";
import { startCapture } from "../harness/tshark.ts";

async function passes(path: string, smbd?: Smbd): Promise<void> {
  const { code, out, err } = smbd === undefined
    ? await smbench(["run", path])
    : await smbench(["run", path, "--target", smbd.target, "-U", smbd.user], {
      env: { SMBENCH_PASSWORD: smbd.password },
    });
  assertStringIncludes(out, "\nPassed\n", err);
  assertStringIncludes(out, " 0 different");
  assertEquals(code, 0);
}

Deno.test("every example runs against the server in memory without a difference", async (t) => {
  const names = exampleNames();
  assert(names.includes("office.ts") && names.length >= 4);
  for (const name of names) await t.step(name, () => passes(examplePath(name)));
});

interopTest(
  "every example runs against Samba without a difference",
  { needs: ["smbd"] },
  async (t) => {
    for (const name of exampleNames()) {
      await t.step(name, async () => {
        await using smbd = await startSmbd();
        await passes(examplePath(name), smbd);
      });
    }
  },
);

Deno.test("examples/office.ts is what examples/office.pcap compiles into (deno task golden:update makes it anew)", async () => {
  const golden = await Deno.readTextFile(new URL("office.ts", EXAMPLES));
  assertEquals((await compiledOffice()).split("\n"), golden.split("\n"));
});

/** What smbclient is told: every kind of request that it makes, some of them refused. */
const SMBCLIENT = [
  "mkdir papers",
  "cd papers",
  "put long.bin a.bin",
  "put short.txt b.txt",
  "ls",
  "get nothing.txt out.txt",
  "get a.bin out.bin",
  "rename b.txt c.txt",
  "allinfo c.txt",
  "setmode c.txt +h",
  "mkdir ../papers",
  "volume",
  "du",
  "del a.bin",
  "del c.txt",
  "cd ..",
  "rmdir papers",
  "ls",
];

interopTest(
  "what smbclient did, captured and compiled, runs against Samba without a difference",
  { needs: ["smbd", "smbclient", "tcpdump"] },
  async (t) => {
    const folder = await Deno.makeTempDir({ prefix: "smbench-smbclient-" });
    try {
      await Deno.writeFile(`${folder}/long.bin`, new Uint8Array(300_000).fill(0x5a));
      await Deno.writeTextFile(`${folder}/short.txt`, "short");
      for (const dialect of ["SMB2_02", "SMB2_10", "SMB3_00", "SMB3_11"]) {
        await t.step(dialect, async () => {
          await using smbd = await startSmbd({ minProtocol: "SMB2_02" });
          await using capture = await startCapture({ port: smbd.port });
          const { stdout, stderr } = await run(requireTool("smbclient"), {
            args: [
              ...[`//127.0.0.1/${smbd.shareName}`, "-p", String(smbd.port), "-m", dialect],
              ...["-U", `${smbd.user}%${smbd.password}`, "-c", SMBCLIENT.join("; ")],
            ],
            cwd: folder,
          });
          assertStringIncludes(stdout, "blocks available", stderr);
          const pcap = `${folder}/${dialect}.pcap`;
          await Deno.writeFile(pcap, await capture.stop());
          const { script, notes, plan } = await compile(pcap, { version: "0.0.0" });
          assertEquals(notes.filter(({ loss }) => loss), []);
          const kinds = new Set(plan.operations.map(({ kind }) => kind));
          for (const kind of ["create", "read", "write", "queryDirectory", "setInfo"] as const) {
            assert(kinds.has(kind), `no ${kind}`);
          }
          const scenario = `${folder}/${dialect}.ts`;
          await Deno.writeTextFile(scenario, script);
          await passes(scenario, smbd);
        });
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
