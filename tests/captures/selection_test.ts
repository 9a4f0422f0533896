/** Slices of captures: what is kept gets the statuses that it had, from the embedded server and from Samba. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { smbench } from "../cli/harness.ts";
import { interopTest, sharedPath, sharedTest } from "../harness/interop.ts";
import { startSmbd } from "../harness/smbd.ts";

const LEASE = "captures/own/contention-lease.pcap";
const TREE = "captures/own/smbclient-tree.pcap";
const CLIENTS = "captures/own/multi-4clients-small.pcap";

/** A capture, what is asked of it, and how many operations that is. */
type Slice = readonly [capture: string, args: readonly string[], asked: number];

const LEASE_SLICES: readonly Slice[] = [
  [LEASE, ["--client", "alice"], 33],
  [LEASE, ["--user", "bob"], 40],
  [LEASE, ["--client", "carol", "--share", "share"], 30],
  [LEASE, ["--path", "shared.dat"], 47],
  [LEASE, ["--command", "READ", "--command", "lock"], 26],
  [LEASE, ["--frames", "780-1400"], 58],
];

const TREE_SLICES: readonly Slice[] = [
  [TREE, ["--from", "30ms", "--to", "0.5"], 37],
  [TREE, ["--path", "*.bin", "--path", "**/*.txt"], 96],
];

const CLIENT_SLICES: readonly Slice[] = [
  [CLIENTS, ["--client", "bob"], 69],
  [CLIENTS, ["--command", "READ", "--command", "CLOSE"], 90],
  [CLIENTS, ["--user", "bob", "--command", "CLOSE"], 20],
];

/** Compiles a slice and runs it; gives the report. */
async function run([capture, args, asked]: Slice, target: {
  readonly args: readonly string[];
  readonly password?: string;
  /** At recorded times, and not as soon as the order allows. */
  readonly timed?: boolean;
}): Promise<{ readonly mismatched: number; readonly sent: number; readonly text: string }> {
  const folder = await Deno.makeTempDir({ prefix: "smbench-slice-" });
  try {
    const script = `${folder}/slice.ts`;
    const compiled = await smbench([
      "compile",
      sharedPath(capture) ?? "",
      "--strict",
      ...args,
      "-o",
      script,
    ]);
    assertEquals(compiled.code, 0, compiled.err);
    assertMatch(compiled.err, new RegExp(`Selected: ${asked} of \\d+ operations`));
    const pace = target.timed ? [] : ["--asap"];
    const ran = await smbench(["run", script, ...pace, "--json", ...target.args], {
      env: { SMBENCH_PASSWORD: target.password ?? "" },
    });
    const { summary } = JSON.parse(ran.out);
    const { divergences } = summary;
    return {
      mismatched: summary.divergenceCount,
      sent: summary.sent,
      text: JSON.stringify(divergences, null, 1),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

sharedTest(
  "slices run against the embedded server as they were recorded",
  [LEASE, TREE],
  async (t) => {
    for (const slice of [...LEASE_SLICES, ...TREE_SLICES]) {
      await t.step(slice[1].join(" "), async () => {
        const { mismatched, sent, text } = await run(slice, { args: [] });
        assert(sent > 10);
        assertEquals(mismatched, 0, text);
      });
    }
  },
);

interopTest(
  "slices run against Samba as they were recorded",
  { needs: ["smbd"], shared: [LEASE, TREE, CLIENTS] },
  async (t) => {
    for (const slice of [...LEASE_SLICES.slice(0, 4), ...TREE_SLICES.slice(1), ...CLIENT_SLICES]) {
      await t.step(slice[1].join(" "), async () => {
        await using smbd = await startSmbd({ users: ["alice"] });
        const { mismatched, text } = await run(slice, {
          args: ["--target", smbd.target, "-U", smbd.user],
          password: smbd.password,
          // Changes that follow each other at once Samba tells in one answer or in two: alice watches a folder.
          timed: slice[1].includes("alice"),
        });
        assertEquals(mismatched, 0, text);
      });
    }
  },
);
