/**
 * What a capture held and the compiler did not use, counted by reason. One note per reason keeps a hostile capture from
 * growing the list; the first frame numbers are kept so that a person can look at them.
 *
 * @module
 */

/** How many frame numbers one note keeps. */
const FRAMES_KEPT = 64;

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
}

/** Collects notes; see {@linkcode CaptureNote}. */
export class NoteBook {
  readonly #notes = new Map<string, { loss: boolean; count: number; frames: number[] }>();

  /** Counts one more occurrence; without a frame it concerns the file as a whole. */
  add(reason: string, options: { readonly frame?: number; readonly loss: boolean }): void {
    let note = this.#notes.get(reason);
    if (note === undefined) {
      note = { loss: options.loss, count: 0, frames: [] };
      this.#notes.set(reason, note);
    }
    note.count++;
    if (options.frame !== undefined && note.frames.length < FRAMES_KEPT) {
      note.frames.push(options.frame);
    }
  }

  /** All notes, in the order of their first occurrence. */
  list(): CaptureNote[] {
    return Array.from(this.#notes, ([reason, note]) => ({
      reason,
      loss: note.loss,
      count: note.count,
      frames: [...note.frames],
    }));
  }
}
