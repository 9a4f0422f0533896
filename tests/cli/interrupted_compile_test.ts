/** `compile` that is interrupted, as a process: nothing half-written stays, whatever it was doing. */
import { assertEquals } from "@std/assert";
import { writeSyntheticCapture } from "../bench/synthetic_capture.ts";
import { startProgram } from "../harness/program.ts";

/** More operations than a script has: they are put aside, and go into rows. */
const SIZE = 10e6;

const FORMS: Readonly<Record<string, readonly string[]>> = {
  "a selection with pseudonyms": ["--path", "user*/**", "--anonymize"],
  "workload JSON": ["--emit", "json"],
  "captured data": ["--data", "captured"],
};

for (const [index, signal] of (["SIGINT", "SIGTERM"] as const).entries()) {
  Deno.test(`${signal} ends a compilation that has read everything, and nothing of it stays`, async (t) => {
    const folder = await Deno.makeTempDir({ prefix: "smbench-interrupted-" });
    try {
      const capture = `${folder}/capture.pcap`;
      writeSyntheticCapture(capture, "metadata", SIZE);
      const input = await Deno.readFile(capture);
      const forms = Object.entries(FORMS);
      for (const [form, options] of index === 0 ? forms : forms.slice(0, 1)) {
        await t.step(form, async () => {
          const output = await Deno.makeTempDir({ dir: folder });
          const program = startProgram(
            ["compile", "-", "-o", `${output}/customer.ts`, ...options],
            { input },
          );
          await program.fed;
          program.signal(signal);
          const { code, out, err } = await program.ended;
          assertEquals(code, 105, out + err);
          assertEquals(err, "smbench: Interrupted\n");
          assertEquals([...Deno.readDirSync(output)].map(({ name }) => name), []);
        });
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
