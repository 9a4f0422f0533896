/** Who logs in: one account for all, or one for each user under load. */
import { UsageError } from "./command.ts";

/** An account. */
export interface Account {
  readonly user: string;
  readonly domain: string;
  readonly password: string;
}

/** The accounts of a run. */
export interface Accounts {
  /**
   * The account of the user of that number, from 1. For null that of the run: of several the one that the script names,
   * else the first.
   */
  of(number: number | null, name?: string): Account;
  /** Names of the users; empty where all are one account. */
  names(count: number): readonly string[];
}

/** Largest file with users. */
const MAX_BYTES = 64 * 2 ** 20;

/** `#`, `####`: the number of the user, with at least so many digits. */
const NUMBER = /#+/;

/** Whether a user's name stands for many. */
function isPattern(name: string): boolean {
  return NUMBER.test(name);
}

/**
 * One account, or as many as its name has numbers: `user####` is `user0001`, `user0002`, ... with one password.
 *
 * @example
 * ```ts
 * const accounts = accountsOf({ user: "load###", domain: "LAB", password: "x" });
 * if (accounts.of(7).user !== "load007" || accounts.names(2).join() !== "load001,load002") throw new Error();
 * ```
 */
export function accountsOf(account: Account): Accounts {
  if (!isPattern(account.user)) return { of: () => account, names: () => [] };
  const name = (number: number) =>
    account.user.replace(NUMBER, ({ length }) => String(number).padStart(length, "0"));
  return {
    of: (number) => ({ ...account, user: name(number ?? 1) }),
    names: (count) => Array.from({ length: count }, (_, index) => name(index + 1)),
  };
}

/**
 * Accounts of a file: a line `user,password` or `user,password,domain` each; empty lines and those that begin with `#`
 * do not count. A password with a comma or quotation marks stands in quotation marks, doubled within.
 *
 * @throws {UsageError} When the file cannot be read, or a line is none of that.
 */
export async function readAccounts(path: string, domain: string): Promise<Accounts> {
  const text = await contentOf(path);
  const accounts: Account[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const fields = fieldsOf(line);
    const [user = "", password, own] = fields ?? [];
    if (fields === null || user === "" || password === undefined || fields.length > 3) {
      throw new UsageError(
        `Cannot read ${path}, line ${index + 1}: it is not of the form user,password[,domain]`,
      );
    }
    accounts.push({ user, password, domain: own ?? domain });
  }
  const [first] = accounts;
  if (first === undefined) throw new UsageError(`Cannot use ${path}: it names no user`);
  const byName = new Map(accounts.map((account) => [account.user.toLowerCase(), account]));
  return {
    of: (number, name) => {
      const named = number === null ? byName.get(name?.toLowerCase() ?? "") : undefined;
      return named ?? accounts[((number ?? 1) - 1) % accounts.length] ?? first;
    },
    names: (count) => accounts.slice(0, count).map(({ user }) => user),
  };
}

async function contentOf(path: string): Promise<string> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_BYTES) throw new UsageError(`Cannot read users from ${path}: it is too large`);
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const reason = error instanceof Deno.errors.NotFound
      ? "it does not exist"
      : (error as Error).message;
    throw new UsageError(`Cannot read users from ${path}: ${reason}`);
  }
}

/** The fields of a line of comma-separated values; null when a quotation mark is left open. */
function fieldsOf(line: string): string[] | null {
  const fields: string[] = [];
  for (let at = 0; at <= line.length;) {
    if (line[at] === '"') {
      const quoted = /^"((?:[^"]|"")*)"(?=,|$)/.exec(line.slice(at));
      if (quoted === null) return null;
      fields.push((quoted[1] ?? "").replaceAll('""', '"'));
      at += quoted[0].length + 1;
    } else {
      const comma = line.indexOf(",", at);
      const end = comma < 0 ? line.length : comma;
      fields.push(line.slice(at, end));
      at = end + 1;
    }
  }
  return fields;
}
