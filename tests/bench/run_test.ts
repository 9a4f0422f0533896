import { assert, assertEquals } from "@std/assert";
import { benchmarks, commandOf } from "./run.ts";

Deno.test("every benchmark is found, and run as what it is", () => {
  const names = benchmarks();
  for (const name of ["client_bench", "compile_bench", "wire_bench"]) assert(names.includes(name));
  assertEquals(commandOf("wire_bench", false).args[0], "bench");
  assertEquals(commandOf("client_bench", false).args[0], "run");
});

Deno.test("a quick pass is another command for every benchmark", () => {
  for (const name of benchmarks()) {
    const [quick, whole] = [commandOf(name, true), commandOf(name, false)];
    assert(
      JSON.stringify(quick) !== JSON.stringify(whole),
      `Cannot make ${name} quick: tests/bench/run.ts does not know how`,
    );
  }
});
