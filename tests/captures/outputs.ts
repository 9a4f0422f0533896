/** What `compile` writes of a capture, in files as a user has them. */
import { compile, type DecryptionKeys, type Plan } from "../../compiler/mod.ts";

/** A capture as script, JSON and rows in a folder of its own, with the captured data. */
export class Outputs implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "smbench_workload_" });
  readonly #path: string;
  readonly #keys: DecryptionKeys;

  /** @param capture Its path, or its bytes. */
  constructor(capture: string | Uint8Array, keys: DecryptionKeys = {}) {
    this.#path = typeof capture === "string" ? capture : `${this.folder}/capture.pcap`;
    if (typeof capture !== "string") Deno.writeFileSync(this.#path, capture);
    this.#keys = keys;
    Deno.mkdirSync(`${this.folder}/blobs`);
  }

  /** The script, its path and the plan. */
  async script(): Promise<{ readonly path: string; readonly plan: Plan }> {
    const { script, plan, modules } = await this.#compile({ dataFolder: "capture.data" });
    return { path: this.#write("capture.ts", script, modules), plan };
  }

  /** The JSON's text. */
  async json(): Promise<string> {
    let text = "";
    await this.#compile({ json: (piece) => void (text += new TextDecoder().decode(piece)) });
    return text;
  }

  /** The scenario that plays rows. */
  async rows(): Promise<string> {
    Deno.mkdirSync(`${this.folder}/capture.data`, { recursive: true });
    const { script, modules } = await this.#compile({
      dataFolder: "capture.data",
      rows: {
        above: 0,
        write: (path, lines) =>
          Deno.writeFileSync(`${this.folder}/${path}`, lines, { append: true }),
      },
    });
    return this.#write("rows.ts", script, modules);
  }

  #compile(options: Partial<Parameters<typeof compile>[1]>) {
    return compile(this.#path, {
      version: "0.0.0",
      keys: this.#keys,
      blobs: {
        save: (hash, data) => Deno.writeFileSync(`${this.folder}/blobs/${hash}.bin`, data),
        path: (hash) => `blobs/${hash}.bin`,
      },
      ...options,
    });
  }

  #write(
    name: string,
    script: string,
    modules: readonly { readonly path: string; readonly text: string }[],
  ): string {
    for (const { path, text } of modules) {
      Deno.mkdirSync(`${this.folder}/capture.data`, { recursive: true });
      Deno.writeTextFileSync(`${this.folder}/${path}`, text);
    }
    Deno.writeTextFileSync(`${this.folder}/${name}`, script);
    return `${this.folder}/${name}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}
