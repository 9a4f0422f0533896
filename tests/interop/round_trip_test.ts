/**
 * Round trips: a scenario runs against Samba while tcpdump captures; that capture compiles, runs in its turn while
 * captured, and both captures have the same plan.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { compile, type Compiled } from "../../compiler/mod.ts";
import { smbench } from "../cli/harness.ts";
import { examplePath } from "../harness/example_scenarios.ts";
import { interopTest, sharedPath } from "../harness/interop.ts";
import { comparePlans } from "../harness/plan_comparison.ts";
import { startSmbd } from "../harness/smbd.ts";
import { startCapture } from "../harness/tshark.ts";

const NEEDS = ["smbd", "tcpdump"] as const;

/** A compiled run, with the data of its writes. */
interface Recorded extends Compiled {
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/** Compiles with the written data itself: synthetic data would be other data. */
async function compiledWhole(pcap: string): Promise<Recorded> {
  const blobs = new Map<string, Uint8Array>();
  const path = (sha256: string) => `blobs/${sha256}.bin`;
  const compiled = await compile(pcap, {
    version: "0.0.0",
    blobs: { save: (sha256, data) => void blobs.set(path(sha256), data.slice()), path },
  });
  return { ...compiled, blobs };
}

/** Runs a scenario against a Samba of its own while tcpdump captures, and compiles what came. */
async function recorded(scenario: string): Promise<Recorded> {
  const folder = await Deno.makeTempDir({ prefix: "smbench-round-trip-" });
  try {
    await using smbd = await startSmbd();
    await using capture = await startCapture({ port: smbd.port });
    // Without preflight and provisioning: their connections would be further clients of the capture.
    const { code, out, err } = await smbench(
      ["run", scenario, "--no-preflight", "--no-provision", "-t", smbd.target, "-U", smbd.user],
      { env: { SMBENCH_PASSWORD: smbd.password } },
    );
    assertStringIncludes(out, "\nPassed\n", err);
    assertEquals(code, 0);
    assertEquals(err.match(/^note: .*$/m)?.[0], undefined, "nothing is noted");
    const pcap = `${folder}/run.pcap`;
    await Deno.writeFile(pcap, await capture.stop());
    const compiled = await compiledWhole(pcap);
    assertEquals(compiled.notes.filter(({ loss }) => loss), []);
    return compiled;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs what a capture compiled into. */
async function recordedAgain({ script, blobs }: Recorded): Promise<Recorded> {
  const folder = await Deno.makeTempDir({ prefix: "smbench-round-trip-" });
  try {
    await Deno.writeTextFile(`${folder}/scenario.ts`, script);
    await Deno.mkdir(`${folder}/blobs`);
    for (const [name, data] of blobs) await Deno.writeFile(`${folder}/${name}`, data);
    return await recorded(`${folder}/scenario.ts`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * two_writers is not among them: who unlocks and locks again races at the server with whoever waited, and Samba, which wakes
 * another process for that, lets now the one and now the other win.
 */
const EXAMPLES = ["lease_break", "office_mix", "office"];

for (const name of EXAMPLES) {
  interopTest(
    `${name}.ts, captured, compiled and captured again, is the same plan`,
    { needs: NEEDS },
    async () => {
      const first = await recorded(examplePath(`${name}.ts`));
      assert(first.plan.operations.length > 10);
      const second = await recordedAgain(first);
      assertEquals(comparePlans(first.plan, second.plan), []);
    },
  );
}

const SHARED = "captures/own/smbclient-tree.pcap";

interopTest(
  "a capture of another client, compiled, captured, compiled and captured again, is the same plan",
  { needs: NEEDS, shared: [SHARED] },
  async () => {
    const origin = await compiledWhole(sharedPath(SHARED) ?? "");
    const first = await recordedAgain(origin);
    assert(first.plan.operations.length > 100);
    const second = await recordedAgain(first);
    assertEquals(comparePlans(first.plan, second.plan), []);
  },
);
