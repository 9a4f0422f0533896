/** Options of `compile` that change a plan before it is written: a selection, other names, pseudonyms. */
import { type CompileOptions, MIN_KEY_BYTES } from "../../compiler/mod.ts";
import { NameMap } from "../script/mod.ts";
import { CommandError, type Given, type Option, UsageError } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";
import { readMapping } from "./map_file.ts";
import { readCriteria } from "./selection_options.ts";

/** Options for pseudonyms. */
export const ANONYMIZE_OPTIONS: readonly Option[] = [
  {
    name: "anonymize",
    help: "pseudonyms for names, addresses and identities; bodies scrubbed, no data",
  },
  {
    name: "anonymize-key",
    value: "FILE",
    help: "secret key of the pseudonyms: equal keys give equal ones; a random one unless given",
  },
];

/**
 * What the options ask for.
 *
 * @throws {UsageError | CommandError} When they cannot be understood, or contradict each other.
 */
export async function readPasses(
  given: Given,
): Promise<Pick<CompileOptions, "select" | "names" | "anonymize">> {
  const select = await readCriteria(given);
  const key = await readKey(given);
  if (key !== undefined && given.value("data") === "captured") {
    throw new UsageError("Cannot anonymize with --data captured: the data tells whose it is");
  }
  const names = given.value("map") === undefined
    ? undefined
    : new NameMap(await readMapping(given));
  return {
    ...select === undefined ? {} : { select },
    ...names === undefined ? {} : {
      names: {
        server: (name) => names.server(name),
        share: (name) => names.share(name),
        user: (name) => names.user(name),
        domain: (name) => names.domain(name),
        path: (path) => names.path(path),
      },
    },
    ...key === undefined ? {} : { anonymize: key },
  };
}

async function readKey(given: Given): Promise<Uint8Array | undefined> {
  const file = given.value("anonymize-key");
  if (file === undefined) {
    return given.has("anonymize") ? crypto.getRandomValues(new Uint8Array(32)) : undefined;
  }
  let key: Uint8Array;
  try {
    key = await Deno.readFile(file);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "it does not exist"
      : (cause as Error).message;
    throw new CommandError(ExitCode.BAD_INPUT, `Cannot read the key ${file}: ${reason}`, { cause });
  }
  if (key.length < MIN_KEY_BYTES) {
    throw new CommandError(
      ExitCode.BAD_INPUT,
      `Cannot use the key ${file}: it has ${key.length} bytes, and needs ${MIN_KEY_BYTES}`,
    );
  }
  return key;
}
