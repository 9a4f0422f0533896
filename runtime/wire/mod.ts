/**
 * SMB2/3 bytes <-> values: header, framing, compounds, every command, contexts, MS-FSCC information, and the tables
 * of names. Turns bytes into plain readonly values and back; knows no socket, clock, randomness, promise or key.
 *
 * @module
 */
export { WireError, type WireErrorDetail } from "./errors.ts";
export { Reader } from "./reader.ts";
export { type Slot, Writer } from "./writer.ts";
export * from "./command.ts";
export * from "./header.ts";
export * from "./file_id.ts";
export type { Codec } from "./codec.ts";
export * from "./messages.ts";
export * from "./chain.ts";
export * from "./framing.ts";
export { describe, MAX_DESCRIPTION_LENGTH } from "./describe.ts";
export * from "./transform.ts";
export * from "./compression/mod.ts";
export * from "./smb1.ts";
export * from "./create_contexts.ts";
export * from "./negotiate_contexts.ts";
export * from "./messages/cancel.ts";
export * from "./messages/change_notify.ts";
export * from "./messages/close.ts";
export * from "./messages/create.ts";
export * from "./messages/echo.ts";
export * from "./messages/error.ts";
export * from "./messages/flush.ts";
export * from "./messages/ioctl.ts";
export * from "./messages/lock.ts";
export * from "./messages/logoff.ts";
export * from "./messages/negotiate.ts";
export * from "./messages/oplock_break.ts";
export * from "./messages/query_directory.ts";
export * from "./messages/query_info.ts";
export * from "./messages/read.ts";
export * from "./messages/session_setup.ts";
export * from "./messages/set_info.ts";
export * from "./messages/tree_connect.ts";
export * from "./messages/tree_disconnect.ts";
export * from "./messages/write.ts";
export * from "./status.ts";
export * from "./flags.ts";
export * from "./access.ts";
export * from "./fsctl.ts";
export {
  type ByteRange,
  type CopyChunk,
  decodeFsctlInput,
  decodeFsctlOutput,
  encodeFsctlBody,
  type FixedFsctlBody,
  type FsctlBody,
  type NetworkInterface,
  sockAddrText,
  type VariableFsctlBody,
} from "./fsctl_bodies.ts";
export type { DfsReferralEntry, DfsReferralRequest, DfsReferralResponse } from "./fsctl_dfs.ts";
export * from "./fscc/mod.ts";
export * from "./fsctl_bodies.ts";
