/**
 * What a compiled scenario does, without a server: its functions run with clients that only write down what was sent,
 * when, and for which answers it had waited. Two scripts that are written down alike send the same.
 */
import { type At, type Definition, type Label, ScriptClient } from "../../runtime/script/mod.ts";

/** What was sent, in a line of text each. */
export type Recording = readonly string[];

/** What each client of a replay does. */
export async function recordingsOf(script: Definition): Promise<ReadonlyMap<string, Recording>> {
  const params = {
    ...script.params?.parse({}),
    share: (captured: string) => `share(${captured})`,
    path: (captured: string) => `path(${captured})`,
  };
  const recordings = new Map<string, Recording>();
  for (const [name, run] of Object.entries(script.functions)) {
    const recorder = new Recorder();
    await (run as (client: unknown, params: unknown) => Promise<void>)(recorder, params);
    recordings.set(name, recorder.finish());
  }
  return recordings;
}

/** What a scenario file and the modules beside it do, given as text. */
export async function recordingsOfText(
  script: string,
  modules: readonly { readonly path: string; readonly text: string }[],
): Promise<ReadonlyMap<string, Recording>> {
  const folder = await Deno.makeTempDir({ prefix: "smbench-recording-" });
  try {
    await Deno.writeTextFile(`${folder}/scenario.ts`, script);
    for (const { path, text } of modules) {
      await Deno.mkdir(`${folder}/${path}`.replace(/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${folder}/${path}`, text);
    }
    const module = await import(`file://${folder}/scenario.ts`);
    return await recordingsOf(module.default as Definition);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A client that writes down. */
class Recorder extends ScriptClient {
  readonly #lines: string[] = [];
  /** Requests that were waited for, by number, since the last one was sent. */
  #awaited = new Set<number>();
  readonly #everAwaited = new Set<number>();
  readonly #labels = new Map<string, number>();
  #moment = "";
  #label: string | null = null;
  #sent = 0;

  constructor() {
    super({} as ConstructorParameters<typeof ScriptClient>[0]);
  }

  override at(...[seconds, label, options]: At): Promise<void> {
    const others: Label[] = [];
    for (const name of options?.after ?? []) {
      const own = this.#labels.get(String(name));
      if (own === undefined) others.push(name);
      else this.#saw(own);
    }
    this.#label = label === undefined ? null : String(label);
    // Loops tell how long answers took on the average: that is no part of what is sent.
    this.#moment = `at ${seconds.toFixed(6)} #${label} after [${others.map(String).join(", ")}]`;
    return Promise.resolve();
  }

  override connect = ((...args: readonly unknown[]) => {
    return this.#send("c", "connect", args);
  }) as unknown as ScriptClient["connect"];

  override fileOf(label: Label) {
    return this.#object(`file of ${label}`) as ReturnType<ScriptClient["fileOf"]>;
  }

  override sessionOf(label: Label) {
    return this.#object(`session of ${label}`) as ReturnType<ScriptClient["sessionOf"]>;
  }

  /** All lines, with what was waited for at the end. */
  finish(): Recording {
    this.#lines.push(this.#waited());
    return this.#lines;
  }

  #send(on: string, method: string, args: readonly unknown[]): unknown {
    const number = this.#sent++;
    const options = args.at(-1) as { label?: Label } | undefined;
    const label = options?.label ?? this.#label;
    if (label !== null && label !== undefined) this.#labels.set(String(label), number);
    this.#lines.push(
      `${this.#waited()}${this.#moment}: ${number} = ${on}.${method}(${
        args.map(shown).join(", ")
      })`,
    );
    this.#moment = "";
    this.#label = null;
    // deno-lint-ignore no-this-alias
    const recorder = this;
    let value: unknown;
    const result = () => value ??= recorder.#object(`of${number}`);
    // A thenable: who waits for it is seen.
    return {
      [NAME]: `request${number}`,
      // That it is awaited is what is looked for.
      then(resolve: (value: unknown) => void) {
        recorder.#saw(number);
        resolve(result());
      },
      cancel: () => void recorder.#lines.push(`${recorder.#moment}: cancel ${number}`),
      outcome: Promise.resolve({}),
    };
  }

  #saw(number: number): void {
    if (this.#everAwaited.has(number)) return;
    this.#everAwaited.add(number);
    this.#awaited.add(number);
  }

  #waited(): string {
    const numbers = [...this.#awaited].sort((one, other) => one - other);
    this.#awaited = new Set();
    return numbers.length === 0 ? "" : `waited for ${numbers.join(", ")}; `;
  }

  /** A connection, session, share, file or compound: every method sends. */
  #object(name: string): unknown {
    return new Proxy({ [NAME]: name } as Record<PropertyKey, unknown>, {
      get: (target, key) => {
        if (key === NAME) return name;
        if (key === "id") return `${name}.id`;
        // It is awaited as the result of a request: it must not look like a promise.
        if (typeof key === "symbol" || key === "then") return target[key];
        if (key === "unopened") {
          return (handle: unknown) => {
            return this.#object(`unopened(${typeof handle === "string" ? handle : shown(handle)})`);
          };
        }
        if (key === "compound" || key === "on") {
          return (...args: readonly unknown[]) => {
            const made = `${name}.${key}(${args.map(shown).join(", ")})`;
            return this.#object(key === "compound" ? `${made}@${this.#sent}` : made);
          };
        }
        return (...args: readonly unknown[]) => this.#send(name, key, args);
      },
    });
  }
}

const NAME = Symbol("name");

/** A value of a script as text: equal for equal values. */
function shown(value: unknown): string {
  if (value === undefined) return "";
  if (value instanceof Uint8Array) return `${value.length} bytes ${checksum(value)}`;
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const name = (value as Record<PropertyKey, unknown>)[NAME];
    if (typeof name === "string") return name;
    const members = Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1);
    return `{ ${members.map(([key, member]) => `${key}: ${shown(member)}`).join(", ")} }`;
  }
  return JSON.stringify(value) ?? String(value);
}

function checksum(bytes: Uint8Array): string {
  let sum = 0;
  for (const byte of bytes.subarray(0, 4096)) sum = Math.imul(sum, 31) + byte | 0;
  return (sum >>> 0).toString(16);
}
