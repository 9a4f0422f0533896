/** Compiling a capture takes less memory than its operations would. */
import { assert } from "@std/assert";
import { writeSyntheticCapture } from "./synthetic_capture.ts";

const COMPILER = new URL("../../compiler/mod.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Of metadata, in bytes: 100 000 operations. */
const CAPTURE = 40e6;

/**
 * What V8 may take for objects that live on, in MiB: a limit that V8 keeps to, however busy the machine is. What a
 * process has taken at most says as much of when its garbage was collected as of what it needed.
 */
const HEAP = 96;

Deno.test("a large capture is compiled in a small heap", async () => {
  const path = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    writeSyntheticCapture(path, "metadata", CAPTURE);
    const program = `
      import { compile } from ${JSON.stringify(COMPILER)};
      let characters = 0;
      const rows = { above: 1000, write: (_path, lines) => characters += lines.length };
      await compile(Deno.args[0], { version: "0", dataFolder: "x.data", rows });
      if (characters === 0) throw new Error("Cannot measure: no rows were written");
    `;
    const flags = ["--no-check", "--ext=js", `--v8-flags=--max-old-space-size=${HEAP}`];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", ...flags, "--config", CONFIG, program, path],
    }).output();
    assert(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(path);
  }
});
