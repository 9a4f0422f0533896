/** The bytes of a captured SET_INFO, its path brought to where the run has it. */
import { sharePath } from "./names.ts";
import type { Smb2 } from "./workload_smb2.ts";

/** Classes with a path behind 20 bytes: renames and links, and their _EX forms (MS-FSCC 2.4.28, 2.4.42). */
const WITH_PATH: ReadonlySet<number> = new Set([10, 11, 65, 72]);
const FIXED_SIZE = 20;
const LENGTH_OFFSET = 16;

/** The input to send: the bytes as they are, where the path is the target's as it stands. */
export function renamedInput(
  operation: Smb2<"setInfo">,
  mapped: (path: string) => string,
): Uint8Array {
  const input = Uint8Array.fromHex(operation.input);
  const hasPath = operation.infoType === 1 && WITH_PATH.has(operation.class);
  if (!hasPath || input.length < FIXED_SIZE) return input;
  const view = new DataView(input.buffer);
  if (FIXED_SIZE + view.getUint32(LENGTH_OFFSET, true) !== input.length) return input;
  const path = new TextDecoder("utf-16le", { ignoreBOM: true }).decode(input.subarray(FIXED_SIZE));
  if (path.includes("\ufffd")) return input;
  const target = mapped(path);
  if (target === sharePath(path)) return input;
  const renamed = new Uint8Array(FIXED_SIZE + 2 * target.length);
  renamed.set(input.subarray(0, FIXED_SIZE));
  const fields = new DataView(renamed.buffer);
  fields.setUint32(LENGTH_OFFSET, 2 * target.length, true);
  for (let i = 0; i < target.length; i++) {
    fields.setUint16(FIXED_SIZE + 2 * i, target.charCodeAt(i), true);
  }
  return renamed;
}
