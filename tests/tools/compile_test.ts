import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { run } from "../harness/tools.ts";
import { compile, runFlags } from "./compile.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

Deno.test("the executable gets the flags of the task smbench, none of which lets a scenario out", async () => {
  const flags = runFlags(await Deno.readTextFile(`${ROOT}deno.json`));
  for (const flag of ["--cached-only", "--no-remote", "--no-prompt"]) {
    assertEquals(flags.includes(flag), true, flag);
  }
  for (const flag of flags) {
    assertEquals(/^(-A|--allow-(all|run|ffi|sys|import))\b/.test(flag), false, flag);
  }
});

Deno.test("a task smbench that does not run the program is refused", () => {
  assertThrows(() => runFlags(`{"tasks":{"smbench":"echo"}}`), Error, "Cannot compile");
});

Deno.test("the one file runs the demo outside the checkout, with an empty PATH", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smbench-executable-" });
  try {
    // As this machine can make it: what `deno compile` makes, or the self-extracting file.
    await compile({ output: `${folder}/smbench` });
    await Deno.copyFile(`${ROOT}examples/lease_break.ts`, `${folder}/scenario.ts`);
    const smbench = (...args: string[]) =>
      run("/usr/bin/env", {
        args: ["-i", "PATH=", `HOME=${folder}`, `${folder}/smbench`, ...args],
        cwd: folder,
      });
    const demo = await smbench("demo", `${folder}/first-steps`);
    assertEquals(demo.code, 0, demo.stdout + demo.stderr);
    assertStringIncludes(demo.stdout, "0 different");
    const own = await smbench("run", "scenario.ts");
    assertEquals(own.code, 0, own.stdout + own.stderr);
    assertStringIncludes(own.stdout, "CREATE");
    const help = await smbench("--help");
    assertEquals(help.code, 0, help.stderr);
    assertStringIncludes(help.stdout, "inspect");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an output that cannot be written is an error", async () => {
  await assertRejects(
    () => compile({ output: "/proc/nowhere/smbench", selfExtracting: true }),
    Deno.errors.NotFound,
  );
});
