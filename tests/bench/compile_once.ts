/** One run of the compiler, as a process of its own: prints seconds and peak memory as JSON. */
import { compile, inspectOperations } from "../../compiler/mod.ts";

const [mode, path] = Deno.args;
if (path === undefined) {
  throw new Error("Cannot run: usage is compile_once.ts inspect|compile FILE");
}
const start = performance.now();
if (mode === "compile") {
  const { script } = await compile(path, { version: "0.0.0" });
  if (script.length === 0) throw new Error("Cannot measure: the script is empty");
} else {
  const encoder = new TextEncoder();
  let bytes = 0;
  await inspectOperations(path, (lines) => bytes += encoder.encode(lines).byteLength);
  if (bytes === 0) throw new Error("Cannot measure: nothing came");
}
const seconds = (performance.now() - start) / 1000;
const peak = /VmHWM:\s*(\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))?.[1] ?? "0";
// deno-lint-ignore no-console
console.log(JSON.stringify({ seconds, peakBytes: Number(peak) * 1024 }));
