/**
 * What the interop tests of the client have in common: a login, and bytes that are not all alike.
 *
 * @module
 */
import {
  Connection,
  type ConnectionOptions,
  connectTcp,
  keylogLine,
  type NegotiateOptions,
  ntlmAuthenticator,
  type Open,
  type Session,
  type SessionKeyRecord,
  type SessionSetupOptions,
  type Transport,
  type Tree,
} from "../../runtime/client/mod.ts";
import { interopTest } from "../harness/interop.ts";
import { type Smbd, type SmbdOptions, startSmbd } from "../harness/smbd.ts";

export const READ_WRITE_DELETE = 0x0013019f;
export const OVERWRITE_IF = 5;
export const OPEN_IF = 3;

/** How a test logs in. */
export interface Login extends SessionSetupOptions {
  readonly negotiate?: NegotiateOptions;
  readonly connection?: ConnectionOptions;
  readonly user?: string;
  readonly password?: string;
  readonly share?: string;
  /** Puts something around the connection's transport. */
  readonly wrap?: (transport: Transport) => Transport;
}

/** A connection with session and tree; disposing of it closes the connection. */
export class Client implements AsyncDisposable {
  constructor(
    readonly connection: Connection,
    readonly session: Session,
    readonly tree: Tree,
  ) {}

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.close();
    await this.connection.disconnected;
  }
}

/** A connection that is not negotiated. */
export async function dial(smbd: Smbd, login: Login = {}): Promise<Connection> {
  const transport = await connectTcp({ hostname: smbd.host, port: smbd.port });
  return Connection.connect(login.wrap?.(transport) ?? transport, login.connection);
}

/** Negotiates, logs in and connects the share. */
export async function login(smbd: Smbd, options: Login = {}): Promise<Client> {
  const connection = await dial(smbd, options);
  await connection.negotiate(options.negotiate);
  const session = await connection.session(authenticator(smbd, options), options);
  const tree = await session.tree(`\\\\127.0.0.1\\${options.share ?? smbd.shareName}`);
  return new Client(connection, session, tree);
}

/** The user of a server. */
export function authenticator(smbd: Smbd, options: Login = {}) {
  return ntlmAuthenticator({
    user: options.user ?? smbd.user,
    password: options.password ?? smbd.password,
  });
}

/** Bytes from a seed. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (state * 1664525 + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Whether all bytes agree; quicker than assertEquals on megabytes. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}

/** Opens a file for reading, writing and deleting, empty. */
export function create(
  tree: Tree,
  name: string,
  more: Parameters<Tree["create"]>[1] = {},
): Promise<Open> {
  return tree.create(name, {
    desiredAccess: READ_WRITE_DELETE,
    createDisposition: OVERWRITE_IF,
    ...more,
  });
}

/** A test against a server of its own. */
export function samba(
  name: string,
  options: SmbdOptions & { readonly also?: readonly ("tshark" | "tcpdump")[] },
  body: (smbd: Smbd, t: Deno.TestContext) => Promise<void>,
): void {
  const { also = [], ...settings } = options;
  interopTest(`Samba: ${name}`, { needs: ["smbd", ...also] }, async (t) => {
    await using smbd = await startSmbd(settings);
    await body(smbd, t);
  });
}

/** tshark's preference that lets it decrypt one session. */
export function seskeyPreference(key: SessionKeyRecord): Readonly<Record<string, string>> {
  return { uat: `smb2_seskey_list:${keylogLine(key)}` };
}
