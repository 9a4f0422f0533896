/** Checks emitted scripts with Deno's own tools: a scenario is formatted as `deno fmt` would, and type-checks. */

/** A folder of scripts that goes away. */
export class ScriptFolder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "smbench_scripts_" });
  #count = 0;

  /** Writes a script; its name tells where it came from. */
  add(name: string, script: string): void {
    const file = `${String(this.#count++).padStart(3, "0")}_${name.replaceAll(/[^\w.]+/g, "_")}.ts`;
    Deno.writeTextFileSync(`${this.path}/${file}`, script);
  }

  /** What `deno fmt --check` at its defaults has to say; empty when all is well. */
  fmt(): Promise<string> {
    return deno(["fmt", "--no-config", "--check", this.path]);
  }

  /** What `deno check` with the project's configuration has to say; empty when all is well. */
  check(): Promise<string> {
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const files = [...Deno.readDirSync(this.path)].map(({ name }) => `${this.path}/${name}`);
    return deno(["check", "--quiet", "--config", config, ...files.sort()]);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

async function deno(args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return success ? "" : (decoder.decode(stdout) + decoder.decode(stderr)).slice(0, 4000);
}
