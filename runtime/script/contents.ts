/**
 * What the files of a run hold, as far as the run knows: what it provisioned and what it wrote, told by numbers for each
 * 4096 bytes and not held. What a READ returns is compared with it. Nobody else may write to these files meanwhile.
 *
 * Requests under way may be carried out in any order: what a READ and a WRITE (or anything else that changes content)
 * have in common while both are under way is not compared, and neither is what an unanswered one may have changed.
 */

/** Bytes that one number stands for. */
const BLOCK = 4096;

/** Parts of one file; one with more is no longer followed. */
const MAX_PARTS = 10_000;

/** What a range of a file holds; null: zeros. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly blocks: Float64Array | null;
  /** Where in the blocks `start` is. */
  readonly from: number;
}

/** A range of bytes. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/** A request under way that may change a range. */
export interface Alteration {
  /** It did not, it did, or nobody knows. */
  settle(how: "failed" | "done" | "unknown"): void;
}

/** The content of one file. */
export class FileContent {
  #parts: Part[];
  readonly #changes = new Set<ByteSpan>();
  readonly #reads = new Set<ByteSpan[]>();
  /** What changes under way have in common with such that ended meanwhile. */
  readonly #uncertain = new WeakMap<ByteSpan, ByteSpan[]>();

  /** @param isNew Whether it is empty; otherwise nothing is known of it. */
  constructor(isNew: boolean) {
    this.#parts = isNew ? [{ start: 0, end: Infinity, blocks: null, from: 0 }] : [];
  }

  /** Bytes go to `offset`; the range is uncertain until the change has ended. */
  write(offset: number, bytes: Uint8Array): Alteration {
    const blocks = blocksOf(bytes);
    const span = { start: offset, end: offset + bytes.length };
    return this.#change(span, () => [{ ...span, blocks, from: 0 }]);
  }

  /** Something else changes a range: to zeros, or to what nobody knows. */
  change(span: ByteSpan, to: "zeros" | "unknown"): Alteration {
    return this.#change(span, () => to === "unknown" ? [] : [{ ...span, blocks: null, from: 0 }]);
  }

  /** The server copies ranges of another file here. */
  copy(
    source: FileContent | null,
    ranges: readonly { readonly from: number; readonly to: number; readonly length: number }[],
  ): Alteration[] {
    return ranges.map(({ from, to, length }) =>
      this.#change(
        { start: to, end: to + length },
        () =>
          source === null ? [] : source.#within(from, from + length).map((part) => ({
            ...part,
            start: part.start - from + to,
            end: part.end - from + to,
          })),
      )
    );
  }

  /** A READ is sent; call what is returned with its answer: where the bytes differ, null where they do not. */
  reading(): (offset: number, bytes: Uint8Array) => number | null {
    const disturbed: ByteSpan[] = [...this.#changes];
    this.#reads.add(disturbed);
    return (offset, bytes) => {
      this.#reads.delete(disturbed);
      return this.#difference(offset, bytes, disturbed);
    };
  }

  #change(span: ByteSpan, parts: () => readonly Part[]): Alteration {
    this.#changes.add(span);
    for (const disturbed of this.#reads) disturbed.push(span);
    return {
      settle: (how) => {
        this.#changes.delete(span);
        if (how === "failed") return;
        const contested = [...this.#changes].some((other) => overlap(span, other));
        // Which of two writes came last, nobody knows.
        this.#put(span, how === "unknown" || contested ? [] : parts());
        if (contested) {
          for (const other of [...this.#changes]) {
            if (overlap(span, other)) this.#contest(span, other);
          }
        }
      },
    };
  }

  /** Of a change under way, the range that it has in common with an earlier one stays uncertain. */
  #contest(span: ByteSpan, other: ByteSpan): void {
    this.#uncertain.set(other, [...this.#uncertain.get(other) ?? [], span]);
  }

  #put(span: ByteSpan, parts: readonly Part[]): void {
    this.#parts = [...this.#within(0, span.start), ...parts, ...this.#within(span.end, Infinity)];
    for (const { start, end } of this.#uncertain.get(span) ?? []) {
      this.#parts = [...this.#within(0, start), ...this.#within(end, Infinity)];
    }
    if (this.#parts.length > MAX_PARTS) this.#parts = [];
  }

  #within(start: number, end: number): Part[] {
    const parts: Part[] = [];
    for (const part of this.#parts) {
      const from = Math.max(start, part.start);
      const to = Math.min(end, part.end);
      if (from < to) {
        parts.push({ ...part, start: from, end: to, from: part.from + from - part.start });
      }
    }
    return parts;
  }

  #difference(
    offset: number,
    bytes: Uint8Array,
    disturbed: readonly ByteSpan[],
  ): number | null {
    for (const part of this.#within(offset, offset + bytes.length)) {
      for (const span of wholeBlocks(part)) {
        if (disturbed.some((other) => overlap(span, other))) continue;
        const block = bytes.subarray(span.start - offset, span.end - offset);
        const expected = part.blocks === null
          ? 0
          : part.blocks[Math.floor((part.from + span.start - part.start) / BLOCK)];
        if (numberOf(block) !== expected) return span.start;
      }
    }
    return null;
  }
}

/** The blocks of a part that lie wholly in it, as ranges of the file. */
function* wholeBlocks(part: Part): Iterable<ByteSpan> {
  const { start, end, blocks, from } = part;
  if (blocks === null) {
    for (let at = start; at < end; at += BLOCK) yield { start: at, end: Math.min(at + BLOCK, end) };
    return;
  }
  const length = lengthOf(blocks);
  for (let block = Math.ceil(from / BLOCK);; block++) {
    const first = block * BLOCK;
    const last = Math.min(first + BLOCK, length);
    if (first >= last || last - from > end - start) return;
    yield { start: start + first - from, end: start + last - from };
  }
}

function overlap(one: ByteSpan, other: ByteSpan): boolean {
  return one.start < other.end && other.start < one.end;
}

/** A number for each block, and behind them how many bytes they are. */
function blocksOf(bytes: Uint8Array): Float64Array {
  const count = Math.ceil(bytes.length / BLOCK);
  const blocks = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) blocks[i] = numberOf(bytes.subarray(i * BLOCK, (i + 1) * BLOCK));
  blocks[count] = bytes.length;
  return blocks;
}

function lengthOf(blocks: Float64Array): number {
  return blocks[blocks.length - 1] ?? 0;
}

const block = new Uint8Array(BLOCK);
const words = new Int32Array(block.buffer);

/** 53 bits that differ where bytes do, but for one in 2^53; 0 for zeros alone. */
function numberOf(bytes: Uint8Array): number {
  if (bytes.length < BLOCK) block.fill(0, bytes.length);
  block.set(bytes);
  let seen = 0;
  let low = bytes.length;
  let high = 0x2545f491;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    seen |= word;
    low = Math.imul(low ^ word, 0x01000193) ^ (high >>> 11);
    high = Math.imul(high + word | 0, 0x27d4eb2d) ^ (low >>> 15);
  }
  return seen === 0 ? 0 : (high & 0x1fffff) * 2 ** 32 + (low >>> 0) + 1;
}

/** The files of a run, by share and path. */
export class Contents {
  readonly #files = new Map<string, FileContent>();

  /** What is known of a file that was opened; nothing yet where nobody made it. */
  opened(share: string, path: string, how: "made" | "emptied" | "opened"): FileContent {
    const key = keyOf(share, path);
    let file = this.#files.get(key);
    if (file === undefined || how === "made") {
      this.#files.set(key, file = new FileContent(how !== "opened"));
    } else if (how === "emptied") {
      file.change({ start: 0, end: Infinity }, "zeros").settle("done");
    }
    return file;
  }

  /** A file is there, with that content. */
  made(share: string, path: string, content: FileContent): void {
    this.#files.set(keyOf(share, path), content);
  }

  /** A file, and what is below it, has another name. */
  moved(share: string, from: string, to: string): void {
    const [before, after] = [keyOf(share, from), keyOf(share, to)];
    for (const [key, file] of [...this.#files]) {
      const rest = key.slice(before.length);
      if (!key.startsWith(before) || !/^($|[\\:])/.test(rest)) continue;
      this.#files.delete(key);
      this.#files.set(after + rest, file);
    }
  }

  /** A file has one more name. */
  linked(share: string, from: string, to: string): void {
    const file = this.#files.get(keyOf(share, from));
    if (file !== undefined) this.#files.set(keyOf(share, to), file);
  }
}

function keyOf(share: string, path: string): string {
  return `${share.slice(share.lastIndexOf("\\") + 1)}\\${path}`.toUpperCase();
}
