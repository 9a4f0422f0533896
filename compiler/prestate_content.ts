/**
 * What a file held before the capture began, as far as it was read: where its bytes went (written over, cut, copied to
 * other files by the server), and which of its blocks were equal or zero. Equal parts get equal seeds, so that synthetic
 * content shares and leaves out what the captured content did.
 */
import { BLOCK_SIZE } from "./payload.ts";
import type { PlanPayload } from "./plan.ts";

/** A part of a file's content; what no part tells is zero. */
export interface PreSegment {
  readonly offset: number;
  readonly length: number;
  /** Synthetic bytes: equal numbers are equal bytes from their start on. */
  readonly seed?: number;
  /** Captured bytes: SHA-256 of a payload, and where in it they start. */
  readonly sha256?: string;
  readonly from?: number;
}

/** Where a range of a file's present bytes comes from; null: not from before the capture. */
interface Origin {
  readonly start: number;
  readonly end: number;
  readonly content: Content | null;
  /** Offset within that content, of `start`. */
  readonly at: number;
}

/** A file of more parts than this is no longer followed: its bytes come from nowhere that is known. */
const MAX_ORIGINS = 4096;

/** The present bytes of a file, by where they come from. */
export class Origins {
  #parts: Origin[];

  /** @param content What the file held before the capture; null where the capture created it. */
  constructor(content: Content | null) {
    this.#parts = content === null ? [] : [{ start: 0, end: Infinity, content, at: 0 }];
  }

  /** The range is written with what has no origin. */
  overwrite(start: number, end: number): void {
    this.#put(start, end, []);
  }

  /** Everything from `start` on is cut off. */
  cut(start: number): void {
    this.#put(start, Infinity, []);
  }

  /** The range becomes a copy of another file's. */
  copy(start: number, from: Origins, range: { readonly offset: number; readonly length: number }) {
    const shift = start - range.offset;
    const parts = from.of(range.offset, range.offset + range.length).map((part) => ({
      ...part,
      start: part.start + shift,
      end: part.end + shift,
    }));
    this.#put(start, start + range.length, parts);
  }

  /** The parts of a range that come from before the capture. */
  of(start: number, end: number): Origin[] {
    const parts: Origin[] = [];
    for (const part of this.#parts) {
      const from = Math.max(start, part.start);
      const to = Math.min(end, part.end);
      if (from < to) {
        parts.push({ ...part, start: from, end: to, at: part.at + from - part.start });
      }
    }
    return parts;
  }

  #put(start: number, end: number, parts: readonly Origin[]): void {
    if (this.#parts.length === 0 && parts.length === 0) return;
    this.#parts = [...this.of(0, start), ...parts, ...this.of(end, Infinity)];
    if (this.#parts.length > MAX_ORIGINS) this.#parts = [];
  }
}

/** A range of a file as it was before, and what was read there. */
interface KnownRange {
  readonly offset: number;
  readonly length: number;
  /** Of the READ: where in it the range begins, how long it was, and its blocks. */
  readonly from: number;
  readonly payload: PlanPayload & { readonly blocks: readonly number[] };
}

/** Blocks that are kept of all files together: some 8 GiB. */
const MAX_BLOCKS = 2_000_000;

/** What was read of files as they were before the capture. */
export class Contents {
  readonly #all: Content[] = [];
  #blocks = 0;

  /** A file that was there before. */
  add(): Content {
    const content = new Content();
    this.#all.push(content);
    return content;
  }

  /** Whether there was more than is kept. */
  get isFull(): boolean {
    return this.#blocks >= MAX_BLOCKS;
  }

  /** A READ returned the payload from `offset` of a file with these origins. */
  read(origins: Origins, offset: number, payload: PlanPayload): void {
    const { blocks, length } = payload;
    if (blocks === undefined) return;
    for (const { content, start, end, at } of origins.of(offset, offset + length)) {
      if (content === null || this.isFull) continue;
      for (const span of content.uncovered(at, at + end - start)) {
        this.#blocks += Math.ceil(span.length / BLOCK_SIZE);
        content.known.push({
          ...span,
          from: start - offset + span.offset - at,
          payload: { ...payload, blocks },
        });
      }
    }
  }

  /** Gives every content its segments. */
  settle(): void {
    const read = this.#all.filter(({ known }) => known.length > 0);
    const chains = new Chains(() => read.map((content) => piecesOf(content)));
    const seeds = new Map<number, number>();
    let count = 0;
    const seedOf = (block: number) => {
      const known = seeds.get(block);
      if (known !== undefined) return known;
      count++;
      if (chains.isRepeated(block)) seeds.set(block, count);
      return count;
    };
    for (const content of read) {
      content.segments = segmentsOf(piecesOf(content), chains, seedOf);
    }
  }
}

/** Content of one file before the capture. */
export class Content {
  /** No two of them overlap. */
  readonly known: KnownRange[] = [];
  /** Beginnings and ends of what is known, in order. */
  readonly #edges: number[] = [];
  /** Once settled. */
  segments: readonly PreSegment[] = [];

  /** End of the last byte that was read. */
  get end(): number {
    return this.#edges.at(-1) ?? 0;
  }

  /** The parts of a range that were not known; from now on they are. */
  uncovered(start: number, end: number): { readonly offset: number; readonly length: number }[] {
    const edges = this.#edges;
    // Most files are read from beginning to end.
    let first = edges.length;
    while (first > 0 && edges[first - 1]! >= start) first -= 2;
    first = Math.max(0, first);
    let last = first;
    let at = start;
    const parts: { offset: number; length: number }[] = [];
    while (last < edges.length && edges[last]! <= end) {
      if (at < edges[last]!) parts.push({ offset: at, length: edges[last]! - at });
      at = Math.max(at, edges[last + 1]!);
      last += 2;
    }
    if (at < end) parts.push({ offset: at, length: end - at });
    const before = first < last ? Math.min(start, edges[first]!) : start;
    const after = first < last ? Math.max(end, edges[last - 1]!) : end;
    edges.splice(first, last - first, before, after);
    return parts;
  }
}

/** One block that was read, or a part of one. */
interface Piece {
  readonly offset: number;
  readonly length: number;
  /** 0: zeros; -1: a part of a block, like no other; else equal numbers are equal bytes. */
  readonly block: number;
  readonly sha256?: string | undefined;
  readonly from: number;
}

const PART = -1;

/** What is known of a content, block by block, in order. */
function* piecesOf(content: Content): Iterable<Piece> {
  content.known.sort((one, other) => one.offset - other.offset);
  for (const { offset, length, from, payload } of content.known) {
    const { blocks, sha256 } = payload;
    for (let at = from; at < from + length;) {
      const index = Math.floor(at / BLOCK_SIZE);
      const end = Math.min((index + 1) * BLOCK_SIZE, payload.length);
      const to = Math.min(end, from + length);
      const whole = at === index * BLOCK_SIZE && to === end;
      const block = blocks[index] ?? PART;
      yield {
        offset: offset + at - from,
        length: to - at,
        block: whole || block === 0 ? block : PART,
        sha256,
        from: at,
      };
      at = to;
    }
  }
}

/** Most bytes of one synthetic segment. */
const MAX_SEGMENT = 2 ** 20;

/** Which blocks always follow each other: they are one run, with one seed. */
class Chains {
  /** Blocks that are there more than once, with what is always before and behind them. */
  readonly #repeated = new Map<number, { before: number | null; after: number | null }>();

  /** @param contents The pieces of each content; asked for twice. */
  constructor(contents: () => Iterable<Iterable<Piece>>) {
    for (const block of repeated(contents())) this.#repeated.set(block, UNSEEN);
    if (this.#repeated.size === 0) return;
    for (const pieces of contents()) {
      let before: Piece | null = null;
      for (const piece of pieces) {
        this.#meet(before, piece);
        before = piece;
      }
      this.#meet(before, null);
    }
  }

  #meet(before: Piece | null, after: Piece | null): void {
    const joined = before !== null && after !== null && touches(before, after);
    if (before !== null) this.#note(before.block, "after", joined ? after.block : null);
    if (after !== null) this.#note(after.block, "before", joined ? before.block : null);
  }

  #note(block: number, side: "before" | "after", value: number | null): void {
    const known = this.#repeated.get(block);
    if (known === undefined) return;
    const agreed = known[side] === UNSEEN[side] || known[side] === value ? value : null;
    this.#repeated.set(block, { ...known, [side]: agreed });
  }

  isRepeated(block: number): boolean {
    return this.#repeated.has(block);
  }

  /** Whether one is always followed by the other, and the other never by itself. */
  linked(one: Piece, other: Piece): boolean {
    if (one.block === 0 || other.block === 0 || !touches(one, other)) return false;
    const [first, second] = [this.#repeated.get(one.block), this.#repeated.get(other.block)];
    if (first === undefined || second === undefined) return first === second;
    return one.block !== other.block && first.after === other.block && second.before === one.block;
  }
}

/** Not met yet; no block has this number. */
const UNSEEN = { before: -2, after: -2 } as const;

/** The blocks that are there more than once. */
function repeated(contents: Iterable<Iterable<Piece>>): Set<number> {
  let blocks = new Float64Array(1024);
  let count = 0;
  for (const pieces of contents) {
    for (const { block } of pieces) {
      if (block <= 0) continue;
      if (count === blocks.length) {
        const larger = new Float64Array(2 * count);
        larger.set(blocks);
        blocks = larger;
      }
      blocks[count++] = block;
    }
  }
  const sorted = blocks.subarray(0, count).sort();
  const found = new Set<number>();
  for (let i = 1; i < count; i++) if (sorted[i] === sorted[i - 1]) found.add(sorted[i]!);
  return found;
}

function touches(one: Piece, other: Piece): boolean {
  return one.offset + one.length === other.offset;
}

function segmentsOf(
  pieces: Iterable<Piece>,
  chains: Chains,
  seedOf: (block: number) => number,
): PreSegment[] {
  const segments: PreSegment[] = [];
  let open: { first: Piece; last: Piece; length: number } | null = null;
  const close = () => {
    if (open === null) return;
    const { first: { offset, sha256, from, block }, length } = open;
    if (sha256 !== undefined) {
      segments.push({ offset, length, sha256, ...(from === 0 ? {} : { from }) });
    } else if (block !== 0) {
      segments.push({ offset, length, seed: seedOf(block) });
    }
  };
  for (const piece of pieces) {
    const joined: boolean = open !== null &&
      (piece.sha256 === undefined
        ? open.length + piece.length <= MAX_SEGMENT && chains.linked(open.last, piece)
        : piece.sha256 === open.first.sha256 && touches(open.last, piece) &&
          piece.from === open.last.from + open.last.length);
    if (open !== null && joined) {
      open.last = piece;
      open.length += piece.length;
      continue;
    }
    close();
    open = { first: piece, last: piece, length: piece.length };
  }
  close();
  return segments;
}
