/**
 * What the time stamps of a capture are worth: packets out of order, and stamps that were made up.
 *
 * @module
 */

import type { NoteBook } from "./notes.ts";
import type { Packet } from "./packet.ts";

/** Packets all the same time apart, from which on the stamps are not believed. */
const MADE_UP_FROM = 50;

/** Longest such time, in nanoseconds: what text2pcap and the like write. */
const MADE_UP_STEP = 1000;

const STEPS_BACK = "A packet was captured before the one ahead of it in the file";

/** Looks at the time of every packet. */
export class ClockWatch {
  readonly #notes: NoteBook;
  #packets = 0;
  #seconds = 0;
  #nanoseconds = 0;
  /** Nanoseconds between the first two packets; NaN once others are another time apart. */
  #step = 0;

  constructor(notes: NoteBook) {
    this.#notes = notes;
  }

  /** Takes the next packet. */
  see(packet: Packet): void {
    const { seconds, nanoseconds } = packet;
    if (this.#packets++ > 0) {
      const step = (seconds - this.#seconds) * 1e9 + nanoseconds - this.#nanoseconds;
      if (step < 0) this.#notes.add(STEPS_BACK, { frame: packet.frame, loss: false });
      if (this.#packets === 2) this.#step = step;
      else if (step !== this.#step) this.#step = NaN;
    }
    this.#seconds = seconds;
    this.#nanoseconds = nanoseconds;
  }

  /** The last packet was seen. */
  finish(): void {
    if (this.#packets < MADE_UP_FROM || !(Math.abs(this.#step) <= MADE_UP_STEP)) return;
    this.#notes.add(
      `The times of the capture are made up, as every packet is ${this.#step} ns after the one before it: the order of operations is known, no delay is`,
      { loss: false },
    );
  }
}
