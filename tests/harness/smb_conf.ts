/**
 * What a private smbd is told: smb.conf, its password file, and the account it acts as.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** Settings of one private server. All are optional. */
export interface SmbdOptions {
  /** Names that may log in, all with `password`; the first is `smbd.user`. */
  readonly users?: readonly string[];
  /** The password of every user. */
  readonly password?: string;
  /**
   * Accounts of their own beside those users, each with its own password and Unix account: made up for this server, in a
   * mount namespace in which they stand in /etc/passwd.
   */
  readonly accounts?: readonly { readonly name: string; readonly password: string }[];
  /** The lowest dialect, in smb.conf spelling. */
  readonly minProtocol?: Protocol;
  /** The highest dialect, in smb.conf spelling. */
  readonly maxProtocol?: Protocol;
  /** Whether the server signs: only when the client requires it, when offered, or always. */
  readonly signing?: "auto" | "mandatory" | "disabled";
  /** Oplocks and leases; on unless false. */
  readonly leases?: boolean;
  /** More than one connection for a session; off unless true. */
  readonly multichannel?: boolean;
  /** Unknown users become the guest; off unless true. */
  readonly guest?: boolean;
  /** Samba's `log level`; 1 unless given. */
  readonly logLevel?: number;
  /** Further lines for the `[global]` section. */
  readonly global?: Readonly<Record<string, string>>;
  /** Further lines for every share. */
  readonly share?: Readonly<Record<string, string>>;
  /** How long to wait until the server answers, in milliseconds. */
  readonly readyWithinMs?: number;
}

/** A dialect as smb.conf spells it. */
export type Protocol = "SMB2_02" | "SMB2_10" | "SMB3_00" | "SMB3_02" | "SMB3_11";

/** The directories that smb.conf names, to be made below the server's own. */
export const DIRECTORIES = [
  "cache",
  "lock",
  "ncalrpc",
  "pid",
  "private",
  "state",
  "winbindd",
  "share",
  "ro",
  "enc",
];

/** A Unix account, as smbd and its password file name it. */
export interface UnixAccount {
  readonly name: string;
  readonly uid: number;
  readonly group: string;
}

/** The account behind every user: whoever runs the tests. smbd looks it up by name. */
export async function unixAccount(): Promise<UnixAccount> {
  const id = async (flag: string) => {
    const { stdout } = await new Deno.Command("id", { args: [flag] }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  return { name: await id("-un"), uid: Number(await id("-u")), group: await id("-gn") };
}

/** Where made-up Unix accounts begin: far from those of any system. */
const FIRST_UID = 200_000;

/** Unix accounts for users that have their own; without root there is one uid for all of them. */
export function madeUpAccounts(account: UnixAccount, names: readonly string[]): UnixAccount[] {
  return names.map((name, index) => ({
    name,
    uid: account.uid === 0 ? FIRST_UID + index : 0,
    group: account.group,
  }));
}

/** Their lines of /etc/passwd. */
export function passwdLines(accounts: readonly UnixAccount[]): string {
  return accounts.map(({ name, uid }) => `${name}:x:${uid}:0::/:/bin/false\n`).join("");
}

/** A line of a smbpasswd(5) file, written here because the tools that write it insist on being root. */
export function passwordLine(account: UnixAccount, password: string): string {
  // The NT hash is MD4 over the UTF-16LE password (MS-NLMP 3.3.1, NTOWFv1).
  const hash = createHash("md4").update(Buffer.from(password, "utf16le")).digest("hex");
  const noLmHash = "X".repeat(32);
  return `${account.name}:${account.uid}:${noLmHash}:${hash.toUpperCase()}:[U          ]:LCT-65000000:\n`;
}

/** The text of smb.conf. */
export function smbConf(setup: {
  readonly root: string;
  readonly port: number;
  readonly account: UnixAccount;
  readonly options: SmbdOptions;
}): string {
  const { root, port, account, options } = setup;
  const leases = options.leases ?? true;
  const global: Record<string, string> = {
    "server role": "standalone server",
    "workgroup": "SMBENCH",
    "netbios name": "SMBENCHTEST",
    "smb ports": String(port),
    "bind interfaces only": "yes",
    "interfaces": "127.0.0.1/8",
    "disable netbios": "yes",
    "passdb backend": `smbpasswd:${root}/smbpasswd`,
    "username map": `${root}/users.map`,
    "guest account": account.name,
    "map to guest": options.guest === true ? "Bad User" : "Never",
    "private dir": `${root}/private`,
    "pid directory": `${root}/pid`,
    "lock directory": `${root}/lock`,
    "state directory": `${root}/state`,
    "cache directory": `${root}/cache`,
    "ncalrpc dir": `${root}/ncalrpc`,
    "winbindd socket directory": `${root}/winbindd`,
    "usershare path": "",
    "log file": `${root}/log`,
    "max log size": "0",
    "logging": "file",
    "debug pid": "yes",
    "load printers": "no",
    "printing": "bsd",
    "printcap name": "/dev/null",
    "disable spoolss": "yes",
    "server min protocol": options.minProtocol ?? "SMB2_02",
    "server max protocol": options.maxProtocol ?? "SMB3_11",
    "server signing": options.signing ?? "auto",
    "server multi channel support": options.multichannel === true ? "yes" : "no",
    "smb2 leases": leases ? "yes" : "no",
    "kernel change notify": "yes",
    "strict sync": "no",
    ...options.global,
  };
  const everyShare: Record<string, string> = {
    "oplocks": leases ? "yes" : "no",
    "level2 oplocks": leases ? "yes" : "no",
    "kernel oplocks": "no",
    "kernel share modes": "no",
    "posix locking": "no",
    "strict locking": "auto",
    "durable handles": "yes",
    "create mask": "0777",
    "directory mask": "0777",
    "force user": account.name,
    "force group": account.group,
    "guest ok": options.guest === true ? "yes" : "no",
    // Kept in extended attributes where the file system has them, and silently not kept elsewhere.
    "store dos attributes": "yes",
    "ea support": "yes",
    ...options.share,
  };
  return [
    section("global", global),
    section("share", { path: `${root}/share`, "read only": "no", ...everyShare }),
    section("ro", { path: `${root}/ro`, "read only": "yes", ...everyShare }),
    section("enc", {
      path: `${root}/enc`,
      "read only": "no",
      "smb encrypt": "required",
      ...everyShare,
    }),
  ].join("\n");
}

function section(name: string, settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([key, value]) => `\t${key} = ${value}\n`);
  return `[${name}]\n${lines.join("")}`;
}
