/** What opens encrypted captures: session keys, passwords, NT hashes and keytabs, each from a file. */
import type { DecryptionKeys, KnownKeys } from "../../compiler/mod.ts";
import { decodeKeytab, type KeytabEntry } from "../security/mod.ts";
import { CommandError, type Given, type Option, UsageError } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";

/** Options for encrypted captures. */
export const KEY_OPTIONS: readonly Option[] = [
  {
    name: "keys",
    value: "FILE",
    help:
      "keys of encrypted sessions: lines of session id, session key[, key to client, key to server] in hexadecimal, as Wireshark's smb2_seskey_list has them; or a log of Samba with `debug encryption`",
  },
  {
    name: "password-file",
    value: "FILE",
    help: "passwords of the captured users, one a line: each is tried for every NTLM login",
  },
  {
    name: "nt-hash-file",
    value: "FILE",
    help: "NT hashes in place of passwords: one a line, alone or behind a colon as pwdump has them",
  },
  {
    name: "keytab",
    value: "FILE",
    help: "keys of the servers' accounts, to read Kerberos logins and the sessions behind them",
  },
];

/** A log may be long; a secret is not. */
const MAX_KEYS_BYTES = 0x4000000;
const MAX_SECRETS_BYTES = 0x100000;

/**
 * The keys that the options name.
 *
 * @throws {CommandError} When a file cannot be read.
 * @throws {UsageError} When a file is not of its form.
 */
export async function readKeys(given: Given): Promise<DecryptionKeys> {
  const read = async <T>(
    option: string,
    { limit, parse }: { limit: number; parse: (bytes: Uint8Array, path: string) => T },
  ): Promise<T | undefined> => {
    const path = given.value(option);
    return path === undefined ? undefined : parse(await readWhole(path, limit), path);
  };
  const sessions = await read("keys", { limit: MAX_KEYS_BYTES, parse: parseKeys });
  const passwords = await read("password-file", {
    limit: MAX_SECRETS_BYTES,
    parse: parsePasswords,
  });
  const ntHashes = await read("nt-hash-file", { limit: MAX_SECRETS_BYTES, parse: parseHashes });
  const keytab = await read("keytab", { limit: MAX_SECRETS_BYTES, parse: parseKeytab });
  return {
    ...sessions === undefined ? {} : { sessions },
    ...passwords === undefined ? {} : { passwords },
    ...ntHashes === undefined ? {} : { ntHashes },
    ...keytab === undefined ? {} : { keytab },
  };
}

async function readWhole(path: string, limit: number): Promise<Uint8Array> {
  try {
    const { size } = await Deno.stat(path);
    if (size > limit) {
      throw new UsageError(`Cannot read keys from ${path}: it has ${size} bytes`);
    }
    return await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const why = cause instanceof Deno.errors.NotFound ? "no such file" : (cause as Error).message;
    throw new CommandError(ExitCode.BAD_INPUT, `Cannot read keys from ${path}: ${why}`, { cause });
  }
}

function linesOf(bytes: Uint8Array): string[] {
  return new TextDecoder().decode(bytes).split(/\r?\n/);
}

function parseKeys(bytes: Uint8Array, path: string): Map<bigint, KnownKeys> {
  const lines = linesOf(bytes);
  return lines.some((line) => SAMBA_KEY.test(line)) ? parseSambaLog(lines) : parseList(lines, path);
}

/** Wireshark's list, also with the `uat:smb2_seskey_list:` of its command line. */
function parseList(lines: readonly string[], path: string): Map<bigint, KnownKeys> {
  const sessions = new Map<bigint, KnownKeys>();
  for (const [index, line] of lines.entries()) {
    const fields = line.replace(/#.*$/, "").replaceAll(/["\s]/g, "")
      .replace(/^uat:smb2_seskey_list:/, "").split(",");
    if (fields.every((field) => field === "")) continue;
    const [id = "", ...keys] = fields;
    if (
      !/^[0-9a-f]{16}$/i.test(id) ||
      keys.some((key) => !/^([0-9a-f]{32}|[0-9a-f]{64})?$/i.test(key))
    ) {
      throw new UsageError(
        `Cannot read keys from ${path}: line ${index + 1} is no session id with keys`,
      );
    }
    const [sessionKey, serverToClient, clientToServer] = keys.map((key) =>
      key === "" ? undefined : Uint8Array.fromHex(key)
    );
    sessions.set(sessionIdOf(Uint8Array.fromHex(id)), {
      ...sessionKey === undefined ? {} : { sessionKey },
      ...serverToClient === undefined ? {} : { serverToClient },
      ...clientToServer === undefined ? {} : { clientToServer },
    });
  }
  return sessions;
}

/** A key's first row in a log of Samba: up to sixteen bytes, with a gap in the middle, then the same as text. */
const SAMBA_KEY =
  /(Session Id|Session Key|ServerIn Key|ServerOut Key) *\[0000\] ((?:[0-9A-F]{2} +){8,16})/;
const SAMBA_MORE = /\[0010\] ((?:[0-9A-F]{2} +){16})/;

/** What smbd or smbclient write with `debug encryption = yes`; ServerIn is what the server receives. */
function parseSambaLog(lines: readonly string[]): Map<bigint, KnownKeys> {
  const sessions = new Map<bigint, KnownKeys>();
  let id: bigint | null = null;
  for (const [index, line] of lines.entries()) {
    const [, label, digits = ""] = SAMBA_KEY.exec(line) ?? [];
    if (label === undefined) continue;
    const row = Uint8Array.fromHex(digits.replaceAll(" ", "").slice(0, 32));
    if (label === "Session Id") {
      id = sessionIdOf(row.subarray(0, 8));
      sessions.set(id, {});
      continue;
    }
    if (id === null || row.length < 16) continue;
    const [, more = ""] = SAMBA_MORE.exec(lines[index + 1] ?? "") ?? [];
    const key = new Uint8Array([...row, ...Uint8Array.fromHex(more.replaceAll(" ", ""))]);
    const name = label === "Session Key"
      ? "sessionKey"
      : label === "ServerIn Key"
      ? "clientToServer"
      : "serverToClient";
    sessions.set(id, { ...sessions.get(id), [name]: key });
  }
  return sessions;
}

/** The id is written as its bytes are on the wire: least significant first. */
function sessionIdOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytes.toReversed().toHex()}`);
}

function parsePasswords(bytes: Uint8Array, path: string): string[] {
  const passwords = linesOf(bytes).filter((line) => line !== "");
  if (passwords.length === 0) {
    throw new UsageError(`Cannot read a password from ${path}: it has none`);
  }
  return passwords;
}

function parseHashes(bytes: Uint8Array, path: string): Uint8Array[] {
  return linesOf(bytes).flatMap((line, index) => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    // user:rid:LM hash:NT hash::: or user:NT hash, or the hash alone.
    const found = line.split(":").map((field) => field.trim())
      .filter((field) => /^[0-9a-f]{32}$/i.test(field)).at(-1);
    if (found === undefined) {
      throw new UsageError(`Cannot read NT hashes from ${path}: line ${index + 1} has none`);
    }
    return [Uint8Array.fromHex(found)];
  });
}

function parseKeytab(bytes: Uint8Array, path: string): KeytabEntry[] {
  const entries = decodeKeytab(bytes);
  if (entries === null || entries.length === 0) {
    throw new UsageError(`Cannot read keys from ${path}: it is no keytab, or a damaged one`);
  }
  return entries;
}
