/** The memory that compiling takes does not grow with the capture. */
import { assert } from "@std/assert";
import { writeSyntheticCapture } from "./synthetic_capture.ts";

const COMPILER = new URL("../../compiler/mod.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Bytes that a capture of any size may take. */
const BOUND = 300e6;

/** The most memory that a process takes which compiles a capture into rows. */
async function peakOf(path: string): Promise<number> {
  const program = `
    import { compile } from ${JSON.stringify(COMPILER)};
    let characters = 0;
    const rows = { above: 1000, write: (_path, lines) => characters += lines.length };
    await compile(Deno.args[0], { version: "0", dataFolder: "x.data", rows });
    if (characters === 0) throw new Error("Cannot measure: no rows were written");
    console.log(Deno.readTextFileSync("/proc/self/status").match(/VmHWM:\\s*(\\d+)/)[1]);
  `;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", "--ext=js", "--config", CONFIG, program, path],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return Number(new TextDecoder().decode(stdout)) * 1024;
}

Deno.test({
  name: "a capture three times as large takes no more memory to compile",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const peaks: number[] = [];
      for (const megabytes of [20, 60]) {
        const path = `${folder}/${megabytes}.pcap`;
        writeSyntheticCapture(path, "metadata", megabytes * 1e6);
        peaks.push(await peakOf(path));
      }
      const [small = 0, large = 0] = peaks;
      assert(large < BOUND, `${large} bytes were taken`);
      assert(large < 1.5 * small, `${small} and then ${large} bytes were taken`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
