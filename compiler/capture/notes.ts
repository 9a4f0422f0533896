/**
 * What a capture held and the compiler did not use, counted by reason. One note per reason keeps a hostile capture from
 * growing the list; the first frame numbers are kept so that a person can look at them.
 *
 * @module
 */

/** How many frame numbers one note keeps. */
const FRAMES_KEPT = 64;
/** Reasons that are told apart; some have numbers of the capture in them. */
const MAX_REASONS = 500;
const FURTHER = "Notes of further kinds";

/** Something in the capture that was not used. */
export interface CaptureNote {
  /** Why, in words; the same words for the same cause. */
  readonly reason: string;
  /** True when SMB traffic may have been lost; false for what cannot carry any, such as ARP. */
  readonly loss: boolean;
  /** How often it happened. */
  readonly count: number;
  /** The first frames it happened in (1-based); empty when it concerns the file as a whole. */
  readonly frames: readonly number[];
  /** Of a capture in several files: file and frame number in it of each of these frames, such as `b.pcap #17`. */
  readonly places?: readonly string[];
}

/** One of several files that were read as one capture. */
export interface NotedFile {
  readonly name: string;
  /** Packets in it. */
  readonly frames: number;
}

/** Notes with the file and its own frame number beside each frame, where there are several files. */
export function withPlaces(
  notes: readonly CaptureNote[],
  files: readonly NotedFile[],
): CaptureNote[] {
  if (files.length === 0) return [...notes];
  return notes.map((note) => ({
    ...note,
    places: note.places ?? note.frames.map((frame) => placeOf(frame, files)),
  }));
}

function placeOf(frame: number, files: readonly NotedFile[]): string {
  let own = frame;
  for (const [index, { name, frames }] of files.entries()) {
    if (own <= frames || index === files.length - 1) return `${baseName(name)} #${own}`;
    own -= frames;
  }
  return `#${frame}`;
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** A note as one line. */
export function noteText(note: CaptureNote): string {
  const shown = note.frames.slice(0, 8).map((frame) => `#${frame}`).join(" ");
  const more = note.count > 8 && note.frames.length > 0 ? " ..." : "";
  return `${note.reason}: ${note.count} x${shown === "" ? "" : ` (${shown}${more})`}`;
}

/** Where notes go. */
export type Notes = Pick<NoteBook, "add">;

/** Collects notes; see {@linkcode CaptureNote}. */
export class NoteBook {
  readonly #notes = new Map<
    string,
    { loss: boolean; count: number; frames: number[]; places: string[] }
  >();

  /** Counts one more occurrence; without a frame it concerns the file as a whole. */
  add(
    reason: string,
    options: { readonly frame?: number; readonly loss: boolean; readonly place?: string },
  ): void {
    const kept = this.#notes.size < MAX_REASONS || this.#notes.has(reason) ? reason : FURTHER;
    let note = this.#notes.get(kept);
    if (note === undefined) {
      note = { loss: options.loss, count: 0, frames: [], places: [] };
      this.#notes.set(kept, note);
    }
    note.loss ||= options.loss;
    note.count++;
    if (options.frame === undefined || note.frames.length >= FRAMES_KEPT) return;
    note.frames.push(options.frame);
    if (options.place !== undefined) note.places.push(options.place);
  }

  /**
   * A view for one of several files, with so many frames in the ones before: what concerns a file as a whole names it, and
   * a packet that is not counted, as it is damaged, is of this file and not the first of the next.
   */
  of(file: string, framesBefore: number): Notes {
    const name = baseName(file);
    return {
      add: (reason, options) => {
        const { frame } = options;
        if (frame === undefined) this.add(`${name}: ${reason}`, options);
        else this.add(reason, { ...options, place: `${name} #${frame - framesBefore}` });
      },
    };
  }

  /** All notes, in the order of their first occurrence. */
  list(): CaptureNote[] {
    return Array.from(this.#notes, ([reason, note]) => ({
      reason,
      loss: note.loss,
      count: note.count,
      frames: [...note.frames],
      ...(note.places.length === 0 ? {} : { places: [...note.places] }),
    }));
  }
}
