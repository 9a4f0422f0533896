/**
 * What is used of `@marsaud/smb2`, typed, with the two SESSION_SETUP messages replaced: the package makes their tokens
 * with a module that needs DES, and by itself; here they come from outside, so that whoever has the password may be in
 * another thread. Both are fields of module objects that the package looks up at every request, so that nothing of the
 * package on disk is touched.
 */
import type { Buffer } from "node:buffer";
import Smb2 from "@marsaud/smb2";
import sessionSetupStep1 from "@marsaud/smb2/lib/messages/session_setup_step1.js";
import sessionSetupStep2 from "@marsaud/smb2/lib/messages/session_setup_step2.js";
import "@marsaud/smb2/lib/messages/close.js";
import "@marsaud/smb2/lib/messages/create.js";
import "@marsaud/smb2/lib/messages/create_folder.js";
import "@marsaud/smb2/lib/messages/negotiate.js";
import "@marsaud/smb2/lib/messages/open.js";
import "@marsaud/smb2/lib/messages/query_directory.js";
import "@marsaud/smb2/lib/messages/read.js";
import "@marsaud/smb2/lib/messages/set_info.js";
import "@marsaud/smb2/lib/messages/tree_connect.js";
import "@marsaud/smb2/lib/messages/write.js";
import forge from "@marsaud/smb2/lib/tools/smb2-forge.js";
import Smb2Message from "@marsaud/smb2/lib/tools/smb2-message.js";

/** The messages of the package that the back end sends: its files in lib/messages. */
export type MessageName =
  | "negotiate"
  | "session_setup_step1"
  | "session_setup_step2"
  | "tree_connect"
  | "open"
  | "create"
  | "create_folder"
  | "close"
  | "read"
  | "write"
  | "set_info"
  | "query_directory";

/** The package's connection: what its messages read and write of it. */
export interface PackageConnection {
  /** Of the next request. */
  messageId: number;
  SessionId: Buffer | number;
  TreeId: Buffer | number;
  /** `\\server\share`, for TREE_CONNECT. */
  fullPath: string;
  socket: PackageSocket;
  readonly ProcessId: Buffer;
}

/** What the package uses of a socket once it is set up. */
export interface PackageSocket {
  /** Takes one frame. */
  write(frame: Buffer): void;
  end(): void;
}

interface PackageMessage {
  getHeaders(): Record<string, unknown>;
}

interface MessageModule {
  generate(connection: PackageConnection, parameters: { readonly Token: Buffer }): PackageMessage;
  onSuccess?(connection: PackageConnection, response: PackageMessage): void;
}

interface Forge {
  request(
    message: MessageName,
    parameters: Readonly<Record<string, unknown>>,
    connection: PackageConnection,
    done: () => void,
  ): void;
  response(connection: PackageConnection): (bytes: Buffer) => void;
}

const { request, response } = forge as Forge;
const Message = Smb2Message as new (fields: {
  headers: Readonly<Record<string, unknown>>;
  request: Readonly<Record<string, unknown>>;
}) => PackageMessage;

/** The whole of a request in the package's buffer of 0xffff bytes: what does not fit it cuts off without a word. */
export const MAX_MESSAGE = 0xffff;

/** Longest READ and WRITE of the package (its MAX_READ_LENGTH and MAX_WRITE_LENGTH). */
export const MAX_READ = 0x10000;
export const MAX_WRITE = 0x10000 - 0x71;

/** Sends a request of the package, through the connection's socket; `done` is called with the response. */
export const send = request;

/** The receiving side of the package for a connection: takes bytes, calls the `done` of their requests. */
export const receiver = response;

/** A connection of the package that is not connected to anything. */
export function makeConnection(socket: PackageSocket): PackageConnection {
  const Constructor = Smb2 as unknown as new (options: {
    share: string;
    autoCloseTimeout: number;
  }) => PackageConnection;
  // The share comes with TREE_CONNECT. A timeout of 0 leaves out its timer.
  const connection = new Constructor({ share: "\\\\server\\share", autoCloseTimeout: 0 });
  connection.socket = socket;
  connection.messageId = 0;
  return connection;
}

function replaceLogin(): void {
  const [step1, step2] = [sessionSetupStep1, sessionSetupStep2] as MessageModule[];
  if (step1 === undefined || step2 === undefined) return;
  step1.generate = ({ ProcessId }, { Token }) =>
    new Message({
      headers: { Command: "SESSION_SETUP", ProcessId },
      request: { Buffer: Token },
    });
  step1.onSuccess = (connection, response) => {
    connection.SessionId = response.getHeaders().SessionId as Buffer;
  };
  step2.generate = ({ ProcessId, SessionId }, { Token }) =>
    new Message({
      headers: { Command: "SESSION_SETUP", SessionId, ProcessId },
      request: { Buffer: Token },
    });
}

replaceLogin();
