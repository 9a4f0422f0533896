/**
 * TREE_CONNECT and TREE_DISCONNECT (MS-SMB2 3.3.5.7, 3.3.5.8).
 *
 * @module
 */

import {
  HeaderFlags,
  Status,
  type TreeConnectRequest,
  type TreeDisconnectRequest,
} from "../wire/mod.ts";
import { Access } from "../store/mod.ts";
import { Disconnect, Refusal } from "./errors.ts";
import { MAX_TREES } from "./limits.ts";
import type { TreeConnect } from "./state.ts";
import { type Reply, reply, type Work } from "./work.ts";

const SHARE_TYPE_DISK = 0x01;
const SHARE_TYPE_PIPE = 0x02;
/** SMB2_SHAREFLAG_MANUAL_CACHING is 0; pipes are never cached (MS-SMB2 2.2.10). */
const SHAREFLAG_NO_CACHING = 0x30;

/** What remains of all rights where nothing can be changed. */
export const READ_ONLY_ACCESS = Access.FILE_READ_DATA | Access.FILE_READ_EA | Access.FILE_EXECUTE |
  Access.FILE_READ_ATTRIBUTES | Access.READ_CONTROL | Access.SYNCHRONIZE;

/**
 * Handles TREE_CONNECT.
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer.
 */
export function handleTreeConnect(work: Work, body: TreeConnectRequest): Reply {
  const session = work.validSession;
  const kind = session.identity?.kind;
  const signed = (work.header.flags & HeaderFlags.SIGNED) !== 0;
  // MS-SMB2 3.3.5.7: in 3.1.1 an unsigned request of a user is a sign of an attack.
  if (work.connection.dialect === 0x0311 && kind === "user" && !signed) {
    throw new Disconnect("Cannot connect a tree: the request is not signed");
  }
  const name = shareName(body.path);
  const share = work.server.findShare(name);
  if (share === undefined) throw new Refusal(Status.BAD_NETWORK_NAME);
  if (kind !== "user" && !share.guests) throw new Refusal(Status.ACCESS_DENIED);
  if (session.trees.size >= MAX_TREES) throw new Refusal(Status.INSUFFICIENT_RESOURCES);
  const tree: TreeConnect = {
    id: session.nextTreeId++,
    session,
    share,
    maximalAccess: share.readOnly ? READ_ONLY_ACCESS : Access.ALL,
  };
  session.trees.set(tree.id, tree);
  work.treeId = tree.id;
  const isPipe = share.store === undefined;
  return reply({
    shareType: isPipe ? SHARE_TYPE_PIPE : SHARE_TYPE_DISK,
    shareFlags: isPipe ? SHAREFLAG_NO_CACHING : 0,
    capabilities: 0,
    maximalAccess: tree.maximalAccess,
  });
}

/**
 * Handles TREE_DISCONNECT: the opens in the tree are closed.
 *
 * @param work The request.
 * @returns The answer.
 */
export function handleTreeDisconnect(work: Work, _body: TreeDisconnectRequest): Reply {
  work.server.endTree(work.validTree, work.now);
  return reply({ reserved: 0 });
}

function shareName(path: string): string {
  const match = /^\\\\[^\\]+\\([^\\]+)$/.exec(path);
  if (match?.[1] === undefined) throw new Refusal(Status.INVALID_PARAMETER);
  return match[1];
}
