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

/** One block that was read, or a part of one. */
interface Piece {
  readonly length: number;
  /** 0: zeros. Equal numbers are equal bytes. */
  readonly block: number;
  readonly sha256?: string;
  readonly from?: number;
}

/** Blocks that are kept of all files together. */
const MAX_PIECES = 1_000_000;

/** What was read of files as they were before the capture. */
export class Contents {
  readonly #all: Content[] = [];
  #pieces = 0;
  /** Parts of blocks are told apart by negative numbers. */
  #nextPart = -1;

  /** A file that was there before. */
  add(): Content {
    const content = new Content();
    this.#all.push(content);
    return content;
  }

  /** Whether there was more than is kept. */
  get isFull(): boolean {
    return this.#pieces >= MAX_PIECES;
  }

  /** A READ returned the payload from `offset` of a file with these origins. */
  read(origins: Origins, offset: number, payload: PlanPayload): void {
    const { blocks, sha256, length } = payload;
    if (blocks === undefined) return;
    for (const part of origins.of(offset, offset + length)) {
      const { content } = part;
      if (content === null) continue;
      const first = Math.floor((part.start - offset) / BLOCK_SIZE);
      for (let i = first; i < blocks.length; i++) {
        const start = offset + i * BLOCK_SIZE;
        if (start >= part.end) break;
        const end = Math.min(start + BLOCK_SIZE, offset + length);
        const from = Math.max(start, part.start);
        const to = Math.min(end, part.end);
        const whole = from === start && to === end;
        const block = blocks[i]!;
        this.#learn(content, part.at + from - part.start, {
          length: to - from,
          block: whole || block === 0 ? block : this.#nextPart--,
          ...(sha256 === undefined ? {} : { sha256, from: from - offset }),
        });
      }
    }
  }

  #learn(content: Content, offset: number, piece: Piece): void {
    const known = content.pieces.get(offset);
    if (known === undefined) {
      if (this.isFull) return;
      this.#pieces++;
    } else if (known.length >= piece.length) {
      return;
    }
    content.pieces.set(offset, piece);
  }

  /** Gives every content its segments. */
  settle(): void {
    const settled = this.#all.map((content) => ({
      content,
      list: inOrder(content.pieces, () => this.#nextPart--),
    }));
    const chains = new Chains();
    for (const { list } of settled) chains.see(list);
    const seeds = new Map<number, number>();
    for (const { content, list } of settled) {
      content.segments = segmentsOf(list, chains, (block) => {
        let seed = seeds.get(block);
        if (seed === undefined) seeds.set(block, seed = seeds.size + 1);
        return seed;
      });
    }
  }
}

/** Content of one file before the capture. */
export class Content {
  /** By offset. */
  readonly pieces = new Map<number, Piece>();
  /** Once settled. */
  segments: readonly PreSegment[] = [];

  /** End of the last byte that was read. */
  get end(): number {
    let end = 0;
    for (const [offset, { length }] of this.pieces) end = Math.max(end, offset + length);
    return end;
  }
}

interface Placed extends Piece {
  readonly offset: number;
}

/** Pieces by offset; where two overlap, the first one counts. */
function inOrder(pieces: ReadonlyMap<number, Piece>, newBlock: () => number): Placed[] {
  const list: Placed[] = [];
  let end = 0;
  for (const [offset, piece] of [...pieces].sort(([one], [other]) => one - other)) {
    const skipped = Math.max(0, end - offset);
    if (skipped >= piece.length) continue;
    list.push(
      skipped === 0 ? { ...piece, offset } : {
        ...piece,
        offset: end,
        length: piece.length - skipped,
        // The rest of a block is no block that was seen anywhere else.
        block: piece.block === 0 ? 0 : newBlock(),
        ...(piece.from === undefined ? {} : { from: piece.from + skipped }),
      },
    );
    end = offset + piece.length;
  }
  return list;
}

/** Most bytes of one synthetic segment. */
const MAX_SEGMENT = 2 ** 20;

/** Which blocks always follow each other: they are one run, with one seed. */
class Chains {
  readonly #next = new Map<number, number | null>();
  readonly #previous = new Map<number, number | null>();

  see(list: readonly Placed[]): void {
    for (const [index, piece] of list.entries()) {
      const before = list[index - 1];
      const after = list[index + 1];
      note(
        this.#previous,
        piece.block,
        before !== undefined && touches(before, piece) ? before.block : null,
      );
      note(
        this.#next,
        piece.block,
        after !== undefined && touches(piece, after) ? after.block : null,
      );
    }
  }

  /** Whether one is always followed by the other, and the other never by itself. */
  linked(one: Placed, other: Placed): boolean {
    return one.block !== 0 && other.block !== 0 && one.block !== other.block &&
      touches(one, other) && this.#next.get(one.block) === other.block &&
      this.#previous.get(other.block) === one.block;
  }
}

function note(map: Map<number, number | null>, key: number, value: number | null): void {
  const known = map.get(key);
  map.set(key, known === undefined || known === value ? value : null);
}

function touches(one: Placed, other: Placed): boolean {
  return one.offset + one.length === other.offset;
}

function segmentsOf(
  list: readonly Placed[],
  chains: Chains,
  seedOf: (block: number) => number,
): PreSegment[] {
  const segments: PreSegment[] = [];
  for (let index = 0; index < list.length;) {
    const first = list[index]!;
    let last = first;
    let length = first.length;
    for (index++; index < list.length; index++) {
      const next = list[index]!;
      const joined = first.sha256 === undefined
        ? length + next.length <= MAX_SEGMENT && chains.linked(last, next)
        : next.sha256 === first.sha256 && touches(last, next) &&
          next.from === (first.from ?? 0) + length;
      if (!joined) break;
      last = next;
      length += next.length;
    }
    const { offset, sha256, from } = first;
    if (sha256 !== undefined) {
      segments.push({ offset, length, sha256, ...(from === 0 ? {} : { from: from! }) });
    } else if (first.block !== 0) {
      segments.push({ offset, length, seed: seedOf(first.block) });
    }
  }
  return segments;
}
