/**
 * CLOSE (MS-SMB2 3.3.5.10).
 *
 * @module
 */

import type { CloseRequest, CloseResponse } from "../wire/mod.ts";
import { attributesOf, sizesOf } from "./file_info.ts";
import type { Open } from "./state.ts";
import { type Reply, reply, type Work } from "./work.ts";

const POSTQUERY_ATTRIB = 0x0001;

const NOTHING: CloseResponse = {
  flags: 0,
  reserved: 0,
  creationTime: 0n,
  lastAccessTime: 0n,
  lastWriteTime: 0n,
  changeTime: 0n,
  allocationSize: 0n,
  endOfFile: 0n,
  fileAttributes: 0,
};

/**
 * Handles CLOSE.
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer.
 */
export function handleClose(work: Work, body: CloseRequest): Reply {
  const open = work.open(body.fileId);
  const answer = (body.flags & POSTQUERY_ATTRIB) === 0 ? NOTHING : attributesAtClose(open);
  work.server.closeOpen(open, work.now);
  return reply(answer);
}

function attributesAtClose(open: Open): CloseResponse {
  if (open.file === undefined) return NOTHING;
  const { node } = open.file;
  return {
    flags: POSTQUERY_ATTRIB,
    reserved: 0,
    creationTime: node.times.creation,
    lastAccessTime: node.times.lastAccess,
    lastWriteTime: node.times.lastWrite,
    changeTime: node.times.change,
    ...sizesOf(open.file),
    fileAttributes: attributesOf(node),
  };
}
