/** How long files are: a selected READ gets data only where somebody wrote as far. */
import { fileNodeOf, LIVE_KEPT, nodeOf, Recent } from "./places.ts";
import type { IoctlOperation, PlanOperation, ReadOperation } from "./plan.ts";
import { type Needs, PAST_KEPT, type Seen } from "./selection_nodes.ts";

/** FSCTL_SRV_COPYCHUNK, FSCTL_SRV_COPYCHUNK_WRITE. */
const COPIES: ReadonlySet<number> = new Set([0x001440f2, 0x001480f2]);
const FILE_END_OF_FILE_INFORMATION = 20;
const OPENED = 1;

/** What made a file as long as it is, within the capture. */
interface Length {
  /** The file was made, or emptied, in the capture: before, it had nothing. */
  readonly made: boolean;
  readonly end: number;
  readonly refs: readonly string[];
}

/** Follows what made each file as long as it is. */
export class Lengths {
  readonly #graph: Needs;
  readonly #lengths = new Recent<string, Length>(PAST_KEPT);
  /** Of each open, its file's length when it was opened. */
  readonly #opened = new Recent<string, { readonly key: string; readonly length: number }>(
    LIVE_KEPT,
  );

  constructor(graph: Needs) {
    this.#graph = graph;
  }

  /** Takes the next operation on a path. */
  see(seen: Seen): void {
    const { operation, key, targetKey, selected } = seen;
    if (operation.kind === "read" && selected) this.#read(operation, key);
    if (operation.status !== 0) return;
    this.#measure(seen);
    const length = targetKey === null ? undefined : this.#lengths.get(key);
    if (length !== undefined) this.#lengths.set(targetKey!, length);
  }

  /** A selected READ needs that somebody wrote as far as it read. */
  #read(operation: ReadOperation, key: string): void {
    const { returned, offset } = operation;
    const length = this.#lengths.get(key);
    if (returned === null || returned.length === 0 || length === undefined) return;
    const before = length.made ? 0 : this.#opened.get(fileNodeOf(operation)!)?.length ?? 0;
    if (Number(offset) + returned.length > before) this.#graph.keep(length.refs);
  }

  #measure(seen: Seen): void {
    const { operation, key, refs } = seen;
    const known = this.#lengths.get(key);
    if (operation.kind === "create" && operation.granted !== null) {
      const { action, size } = operation.granted;
      this.#opened.set(fileNodeOf(operation)!, { key, length: Number(size) });
      if (action !== OPENED) this.#lengths.set(key, { made: true, end: 0, refs: [] });
    } else if (operation.kind === "close") {
      this.#opened.delete(fileNodeOf(operation)!);
    } else if (operation.kind === "write") {
      const end = Number(operation.offset) + operation.data.length;
      if (end <= (known?.end ?? 0)) return;
      this.#lengths.set(key, { made: known?.made ?? false, end, refs });
    } else if (operation.kind === "ioctl" && COPIES.has(operation.code)) {
      this.#copies(operation, seen);
      const end = copiedTo(operation.input);
      if (end <= (known?.end ?? 0)) return;
      this.#lengths.set(key, { made: known?.made ?? false, end, refs });
    } else if (isEndOfFile(operation)) {
      const end = endOfFile(operation.input);
      this.#lengths.set(key, { made: known?.made ?? false, end, refs });
    }
  }

  /** Whoever copies needs that there is something to copy. */
  #copies(operation: IoctlOperation, { refs, selected }: Seen): void {
    if (operation.resumeKey === undefined) return;
    const source = this.#opened.get(nodeOf(operation, operation.resumeKey));
    const length = source === undefined ? undefined : this.#lengths.get(source.key);
    if (length === undefined) return;
    if (selected) this.#graph.keep(length.refs);
    else this.#graph.need(refs[0]!, length.refs);
  }
}

function isEndOfFile(
  operation: PlanOperation,
): operation is Extract<PlanOperation, { kind: "setInfo" }> {
  return operation.kind === "setInfo" && operation.infoType === 1 &&
    operation.class === FILE_END_OF_FILE_INFORMATION && operation.input.length === 16;
}

function endOfFile(input: string): number {
  return Number(new DataView(Uint8Array.fromHex(input).buffer).getBigUint64(0, true));
}

/** Where the chunks of an FSCTL_SRV_COPYCHUNK end (MS-SMB2 2.2.31.1): key, count, and 24 bytes for each. */
function copiedTo(input: string): number {
  const bytes = Uint8Array.fromHex(input);
  const view = new DataView(bytes.buffer);
  let end = 0;
  for (let at = 32; at + 24 <= bytes.length; at += 24) {
    end = Math.max(end, Number(view.getBigUint64(at + 8, true)) + view.getUint32(at + 16, true));
  }
  return end;
}
