/**
 * Named pipes of IPC$: one RPC conversation each (MS-SMB2 3.3.5.9, MS-RPCE 2.1.1.2).
 *
 * @module
 */

import type { CreateRequest } from "../wire/mod.ts";
import { Status } from "../wire/mod.ts";
import { createTerms, grantAccess } from "./access.ts";
import { Refusal } from "./errors.ts";
import { MAX_PIPE_BYTES } from "./limits.ts";
import { RpcServer } from "./rpc.ts";
import type { Open } from "./state.ts";
import { type Reply, reply, type Work } from "./work.ts";

const PIPE_EMPTY = 0xc000_00d9;

/** One instance of a pipe. */
export class Pipe {
  readonly #rpc: RpcServer;
  #incoming: Uint8Array = new Uint8Array();
  #outgoing: Uint8Array[] = [];

  /** @param rpc Who answers. */
  constructor(rpc: RpcServer) {
    this.#rpc = rpc;
  }

  /**
   * Takes bytes from the client; every whole fragment is answered.
   *
   * @param data The bytes.
   * @throws {Refusal} PIPE_DISCONNECTED when they are not RPC, or too many.
   */
  write(data: Uint8Array): void {
    const bytes = new Uint8Array(this.#incoming.length + data.length);
    bytes.set(this.#incoming);
    bytes.set(data, this.#incoming.length);
    let rest = bytes;
    for (;;) {
      const length = RpcServer.fragmentLength(rest);
      if (length === undefined) throw new Refusal(Status.PIPE_DISCONNECTED);
      if (length === 0 || rest.length < length) break;
      this.#outgoing.push(...this.#rpc.answer(rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
    this.#incoming = rest;
    const waiting = this.#outgoing.reduce((sum, part) => sum + part.length, rest.length);
    if (waiting > MAX_PIPE_BYTES) throw new Refusal(Status.PIPE_DISCONNECTED);
  }

  /**
   * Hands out the next message, or the part of it that fits.
   *
   * @param maxLength Most bytes.
   * @returns The bytes, and whether the message has more.
   * @throws {Refusal} PIPE_EMPTY.
   */
  read(maxLength: number): { data: Uint8Array; more: boolean } {
    const message = this.#outgoing.shift();
    if (message === undefined) throw new Refusal(PIPE_EMPTY);
    if (message.length <= maxLength) return { data: message, more: false };
    this.#outgoing.unshift(message.subarray(maxLength));
    return { data: message.subarray(0, maxLength), more: true };
  }
}

/**
 * Opens a pipe.
 *
 * @param work The CREATE.
 * @param body Its body.
 * @returns The answer.
 */
export function openPipe(work: Work, body: CreateRequest): Reply {
  const { server } = work;
  const session = work.validSession;
  const terms = createTerms(body);
  if (body.name.toLowerCase() !== "srvsvc") throw new Refusal(Status.OBJECT_NAME_NOT_FOUND);
  const tree = work.validTree;
  const limits = { maximal: tree.maximalAccess, attributes: 0, isDirectory: false };
  const open: Open = {
    fileId: server.newFileId(),
    session,
    tree,
    share: tree.share,
    file: undefined,
    pipe: new Pipe(new RpcServer(server.shares)),
    grantedAccess: grantAccess(terms, limits),
    createOptions: terms.options,
    allocationHint: 0,
    grant: undefined,
    watch: undefined,
    lockWaits: new Set(),
    position: 0n,
    mode: 0,
    resumeKey: undefined,
    durable: undefined,
    replayKey: undefined,
    closed: false,
  };
  session.opens.set(open.fileId.volatile, open);
  work.chain.fileId = open.fileId;
  return reply({
    oplockLevel: 0,
    flags: 0,
    createAction: 1,
    creationTime: 0n,
    lastAccessTime: 0n,
    lastWriteTime: 0n,
    changeTime: 0n,
    allocationSize: 4096n,
    endOfFile: 0n,
    fileAttributes: 0x80,
    reserved: 0,
    fileId: open.fileId,
    contexts: [],
  });
}
