/** Session.OpenTable: opens by their file id (MS-SMB2 3.2.1.3). */
import type { FileId } from "../wire/mod.ts";
import type { OpenState } from "./sessions.ts";
import { SparseMap } from "./sparse_map.ts";

/**
 * Opens by their file id. The volatile half is the key: servers give it once. Where one of them gives it again with
 * another persistent half, both are found.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { OpenTable } from "./mod.ts";
 * const opens = new OpenTable();
 * assertEquals([opens.get({ persistent: 1n, volatile: 2n }), opens.size], [undefined, 0]);
 * ```
 */
export class OpenTable {
  readonly #byVolatile = new SparseMap<bigint, OpenState>();
  /** Those whose volatile half another open has. */
  #others: OpenState[] = [];

  get size(): number {
    return this.#byVolatile.size + this.#others.length;
  }

  /** The open of a file id. */
  get(fileId: FileId): OpenState | undefined {
    const open = this.#byVolatile.get(fileId.volatile);
    if (open === undefined || has(open, fileId)) return open;
    return this.#others.find((other) => has(other, fileId));
  }

  /** Enters an open in place of the one that has its file id. */
  add(open: OpenState): void {
    const { fileId } = open;
    this.delete(fileId);
    if (this.#byVolatile.has(fileId.volatile)) this.#others.push(open);
    else this.#byVolatile.set(fileId.volatile, open);
  }

  /** Removes the open of a file id. */
  delete(fileId: FileId): void {
    const open = this.#byVolatile.get(fileId.volatile);
    if (open === undefined) return;
    if (!has(open, fileId)) {
      this.#others = this.#others.filter((other) => !has(other, fileId));
      return;
    }
    const heir = this.#others.find((other) => other.fileId.volatile === fileId.volatile);
    if (heir === undefined) this.#byVolatile.delete(fileId.volatile);
    else {
      this.#others = this.#others.filter((other) => other !== heir);
      this.#byVolatile.set(fileId.volatile, heir);
    }
  }

  clear(): void {
    this.#byVolatile.clear();
    this.#others = [];
  }

  /** All of them. */
  values(): OpenState[] {
    return [...this.#byVolatile.values(), ...this.#others];
  }
}

function has({ fileId }: OpenState, wanted: FileId): boolean {
  return fileId.volatile === wanted.volatile && fileId.persistent === wanted.persistent;
}
