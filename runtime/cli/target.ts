/** Target and user, as the command line names them. */
import { UsageError } from "./command.ts";

/** Where to run. */
export interface Target {
  readonly hostname: string;
  readonly port: number;
  readonly share: string;
  /** What follows the share: the directory under which a replay lies. */
  readonly root: string;
  /** The user of the URL, if it names one. */
  readonly user: string | null;
}

/** The port of SMB over TCP (MS-SMB2 2.1). */
const SMB_PORT = 445;

const FORM = "smb://host[:port]/share";

/**
 * Reads a target.
 *
 * @throws {UsageError} When the text is no such URL, or has a password in it.
 */
export function parseTarget(text: string): Target {
  const match =
    /^smb:\/\/(?:([^/@]*)@)?(\[[^\]/]+\]|[^/:@[\]]+)(?::(\d{1,5}))?(?:\/([^/]+)(?:\/(.*))?)?\/?$/i
      .exec(text.replaceAll("\\", "/"));
  if (match === null) {
    throw new UsageError(
      `Cannot use ${JSON.stringify(redacted(text))} as a target`,
      { hint: `a target is ${FORM}` },
    );
  }
  const [, user, host = "", port, share, root = ""] = match;
  if (user?.includes(":") === true) {
    throw new UsageError(
      "Cannot use this target: it has a password in it, which everybody on this machine could see",
      { hint: PASSWORD_HINT },
    );
  }
  if (share === undefined) {
    throw new UsageError(
      `Cannot use ${JSON.stringify(text)} as a target: it names no share`,
      { hint: `a target is ${FORM}` },
    );
  }
  const number = port === undefined ? SMB_PORT : Number(port);
  if (number < 1 || number > 65535) {
    throw new UsageError(
      `Cannot use ${JSON.stringify(text)} as a target: there is no port ${port}`,
    );
  }
  return {
    hostname: host.replace(/^\[|\]$/g, ""),
    port: number,
    share: decoded(share),
    root: decoded(root).replaceAll("/", "\\").replace(/^\\+|\\+$/g, ""),
    user: user === undefined ? null : decoded(user),
  };
}

/** How to give a password. */
export const PASSWORD_HINT =
  "give the password in SMBENCH_PASSWORD, with --password-file, or at the prompt";

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Without what may be a password. */
function redacted(text: string): string {
  return text.replace(/(\/\/[^:@/]*):.*@/s, "$1:***@");
}

/** `smb://host:port/share` of a target. */
export function targetText(target: Pick<Target, "hostname" | "port" | "share">): string {
  const host = target.hostname.includes(":") ? `[${target.hostname}]` : target.hostname;
  return `smb://${host}${target.port === SMB_PORT ? "" : `:${target.port}`}/${target.share}`;
}

/** A user and the domain. */
export interface UserName {
  readonly user: string;
  readonly domain: string;
}

/**
 * Reads `-U`: `user`, `DOMAIN\user` or `DOMAIN/user`.
 *
 * @throws {UsageError} When a password follows, as smbclient takes it.
 */
export function parseUser(text: string, domain: string | undefined): UserName {
  if (text.includes("%")) {
    throw new UsageError(
      "Cannot take a password from -U: everybody on this machine could see it",
      { hint: PASSWORD_HINT },
    );
  }
  const split = /^([^\\/]*)[\\/](.*)$/s.exec(text);
  if (split === null) return { user: text, domain: domain ?? "" };
  return { user: split[2] ?? "", domain: domain ?? split[1] ?? "" };
}
