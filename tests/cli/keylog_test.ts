/** `--keylog`: the keys of a run's sessions, for its owner alone. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { smbench } from "./harness.ts";

Deno.test("--keylog appends a line per session to a file that only its owner reads", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/keys`;
    await Deno.writeTextFile(file, "# mine\n");
    await Deno.chmod(file, 0o600);
    const args = ["run", "examples/lease_break.ts", "--keylog", file, "--quiet"];
    assertEquals((await smbench(args)).code, 0);
    const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
    assertEquals(lines[0], "# mine");
    assertEquals(lines.length, 3, "alice and bob");
    for (const line of lines.slice(1)) {
      assertMatch(line, /^[0-9a-f]{16},[0-9a-f]{32},[0-9a-f]{32},[0-9a-f]{32}$/);
    }
    assertEquals(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a key log that cannot be opened ends the run before it begins", async () => {
  const args = ["run", "examples/lease_break.ts", "--keylog", "/nonexistent/keys"];
  const { code, err } = await smbench(args);
  assertEquals(code, 7);
  assertStringIncludes(err, "Cannot write key log /nonexistent/keys");
});
