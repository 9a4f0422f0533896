/** Where the password comes from: never from the command line. */
import { UsageError } from "./command.ts";
import { PASSWORD_HINT } from "./target.ts";
import type { Terminal } from "./terminal.ts";

/** The environment variable that has the password. */
export const PASSWORD_VARIABLE = "SMBENCH_PASSWORD";

/** Largest password file: a key file given by mistake is no password. */
const MAX_PASSWORD_BYTES = 1024;

/**
 * The password: of a file, of the environment, or asked for.
 *
 * @throws {UsageError} When there is none, or the file has none.
 */
export async function readPassword(
  terminal: Terminal,
  options: { readonly file: string | undefined; readonly user: string },
): Promise<string> {
  if (options.file !== undefined) return await passwordOfFile(options.file);
  const variable = terminal.env(PASSWORD_VARIABLE);
  if (variable !== undefined) return variable;
  const asked = await terminal.secret(`Password of ${options.user}: `);
  if (asked === null) {
    throw new UsageError(`Cannot log in as ${options.user}: there is no password`, {
      hint: PASSWORD_HINT,
    });
  }
  return asked;
}

async function passwordOfFile(path: string): Promise<string> {
  let text: string;
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_PASSWORD_BYTES) {
      throw new UsageError(`Cannot read a password from ${path}: it has ${size} bytes`);
    }
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const reason = error instanceof Deno.errors.NotFound ? "it does not exist" : String(error);
    throw new UsageError(`Cannot read a password from ${path}: ${reason}`);
  }
  const [first = ""] = text.split(/\r?\n/);
  if (first === "") {
    throw new UsageError(`Cannot read a password from ${path}: its first line is empty`);
  }
  return first;
}
