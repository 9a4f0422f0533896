/**
 * The bytes of one stream: pages, holes where nothing was written, and a common budget.
 *
 * @module
 */

import { StoreError } from "./errors.ts";
import { MAX_FILE_SIZE } from "./limits.ts";

/** Unit of storage. An append copies at most one of them. */
const PAGE = 65_536;
const SMALLEST_PAGE = 512;
const NO_BYTES = new Uint8Array(0);

/** The bytes that all streams of a store may occupy together. */
export class SpaceBudget {
  /** Bytes that may be occupied. */
  readonly limit: number;
  #used = 0;

  /** @param limit Bytes that may be occupied. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes occupied. */
  get used(): number {
    return this.#used;
  }

  /** Bytes left. */
  get free(): number {
    return this.limit - this.#used;
  }

  /**
   * Occupies bytes.
   *
   * @param bytes How many.
   * @throws {StoreError} `noSpace`; nothing was occupied.
   */
  take(bytes: number): void {
    if (bytes > this.free) {
      throw new StoreError("noSpace", `Cannot store ${bytes} bytes: ${this.free} left`);
    }
    this.#used += bytes;
  }

  /**
   * Frees bytes that were occupied.
   *
   * @param bytes How many.
   */
  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/** A run of bytes that is stored, as opposed to a hole. */
export interface AllocatedRange {
  /** First byte. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
}

/** The content of one stream. Offsets and lengths are bytes, non-negative safe integers. */
export class PagedContent {
  readonly #budget: SpaceBudget;
  readonly #pages = new Map<number, Uint8Array<ArrayBuffer>>();
  #size = 0;
  #stored = 0;

  /** @param budget What the stored bytes are taken from. */
  constructor(budget: SpaceBudget) {
    this.#budget = budget;
  }

  /** Length of the content in bytes, holes included. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that are stored. */
  get stored(): number {
    return this.#stored;
  }

  /**
   * Copies content out; bytes never written are zero.
   *
   * @param offset First byte.
   * @param target Where the bytes go; its length is the most that is read.
   * @returns The number of bytes read: fewer than asked for at the end, 0 behind it.
   */
  readInto(offset: number, target: Uint8Array): number {
    const count = Math.max(0, Math.min(target.length, this.#size - offset));
    let done = 0;
    while (done < count) {
      const at = offset + done;
      const index = Math.floor(at / PAGE);
      const start = at - index * PAGE;
      const run = Math.min(PAGE - start, count - done);
      const page = this.#pages.get(index);
      const stored = page === undefined ? NO_BYTES : page.subarray(start, start + run);
      target.set(stored, done);
      if (stored.length < run) target.fill(0, done + stored.length, done + run);
      done += run;
    }
    return count;
  }

  /**
   * Reads a copy of content.
   *
   * @param offset First byte.
   * @param length Most bytes to read.
   * @returns The bytes: fewer than asked for at the end, none behind it.
   */
  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.#size - offset)));
    this.readInto(offset, bytes);
    return bytes;
  }

  /**
   * Writes content, making it longer as needed. On an error nothing has changed.
   *
   * @param offset First byte.
   * @param data What to write; copied.
   * @throws {StoreError} `noSpace`, `fileTooLarge`.
   */
  write(offset: number, data: Uint8Array): void {
    if (data.length === 0) return;
    const end = offset + data.length;
    if (end > MAX_FILE_SIZE) throw tooLarge(end);
    const first = Math.floor(offset / PAGE);
    const last = Math.floor((end - 1) / PAGE);
    let growth = 0;
    for (let index = first; index <= last; index++) {
      const need = Math.min(PAGE, end - index * PAGE);
      const have = this.#pages.get(index)?.length ?? 0;
      if (need > have) growth += capacityFor(need) - have;
    }
    if (growth > 0) {
      this.#budget.take(growth);
      this.#stored += growth;
    }
    for (let index = first; index <= last; index++) {
      const base = index * PAGE;
      const from = Math.max(offset, base);
      const to = Math.min(end, base + PAGE);
      let page = this.#pages.get(index);
      if (page === undefined || page.length < to - base) {
        const grown = new Uint8Array(capacityFor(to - base));
        if (page !== undefined) grown.set(page);
        this.#pages.set(index, grown);
        page = grown;
      }
      page.set(data.subarray(from - offset, to - offset), from - base);
    }
    if (end > this.#size) this.#size = end;
  }

  /**
   * Makes the content shorter, or longer with a hole.
   *
   * @param size The new length.
   * @throws {StoreError} `fileTooLarge`.
   */
  truncate(size: number): void {
    if (size > MAX_FILE_SIZE) throw tooLarge(size);
    if (size < this.#size) this.zero(size, this.#size - size);
    this.#size = size;
  }

  /**
   * Turns a range into zeros, freeing the pages that lie in it as a whole. The length stays.
   *
   * @param offset First byte.
   * @param length Number of bytes.
   */
  zero(offset: number, length: number): void {
    const end = Math.min(offset + length, this.#size);
    if (offset >= end) return;
    const first = Math.floor(offset / PAGE);
    const last = Math.floor((end - 1) / PAGE);
    const indexes = last - first < this.#pages.size
      ? countUp(first, last)
      : [...this.#pages.keys()];
    for (const index of indexes) {
      const page = this.#pages.get(index);
      if (page === undefined || index < first || index > last) continue;
      const from = Math.max(0, offset - index * PAGE);
      const to = Math.min(PAGE, end - index * PAGE);
      if (from === 0 && (to >= page.length || end === this.#size)) {
        this.#pages.delete(index);
        this.#stored -= page.length;
        this.#budget.give(page.length);
      } else if (from < page.length) {
        page.fill(0, from, Math.min(to, page.length));
      }
    }
  }

  /**
   * Lists the parts of a range that are stored, in order, neighbours joined.
   *
   * @param offset First byte.
   * @param length Number of bytes.
   * @returns The ranges, cut to the range asked for and to the length of the content.
   */
  allocatedRanges(offset: number, length: number): AllocatedRange[] {
    const end = Math.min(offset + length, this.#size);
    const ranges: { offset: number; length: number }[] = [];
    const indexes = [...this.#pages.keys()].sort((a, b) => a - b);
    for (const index of indexes) {
      const from = Math.max(offset, index * PAGE);
      const to = Math.min(end, (index + 1) * PAGE);
      if (from >= to) continue;
      const previous = ranges.at(-1);
      if (previous !== undefined && previous.offset + previous.length === from) {
        previous.length += to - from;
      } else {
        ranges.push({ offset: from, length: to - from });
      }
    }
    return ranges;
  }

  /** Empties the content and gives its bytes back. */
  clear(): void {
    this.#budget.give(this.#stored);
    this.#stored = 0;
    this.#pages.clear();
    this.#size = 0;
  }
}

function capacityFor(need: number): number {
  let capacity = SMALLEST_PAGE;
  while (capacity < need) capacity *= 2;
  return capacity;
}

function* countUp(first: number, last: number): Generator<number> {
  for (let index = first; index <= last; index++) yield index;
}

function tooLarge(size: number): StoreError {
  return new StoreError("fileTooLarge", `Cannot store a file of ${size} bytes: too large`);
}
