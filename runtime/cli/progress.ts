/** Lines on standard error that follow a run, when somebody is there to see them. */
import type { Progress, Work } from "../../compiler/mod.ts";
import type { Terminal } from "./terminal.ts";

/** How often the lines change, in milliseconds. */
const INTERVAL_MS = 250;

/** Shows `text()` until disposed of, then takes it away. */
export class ProgressLine implements Disposable {
  readonly #terminal: Terminal;
  readonly #timer: ReturnType<typeof setInterval> | null;
  /** Lines that are there. */
  #shown = 0;

  /** @param text What to show, in one line or more; each is cut where the terminal's ends, as one that wraps is two. */
  constructor(terminal: Terminal, text: () => string) {
    this.#terminal = terminal;
    this.#timer = terminal.interactive
      ? setInterval(() => {
        const lines = text().split("\n").map((line) => line.slice(0, terminal.columns - 1));
        terminal.err(`${this.#erasure}${lines.join("\n")}`);
        this.#shown = lines.length;
      }, INTERVAL_MS)
      : null;
  }

  /** Writes whole lines above those of the progress. */
  above(text: string): void {
    this.#clear();
    this.#terminal.err(text);
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#clear();
  }

  #clear(): void {
    this.#terminal.err(this.#erasure);
    this.#shown = 0;
  }

  /** Back to the first line, and nothing below. */
  get #erasure(): string {
    if (this.#shown === 0) return "";
    return `${this.#shown > 1 ? `\u001b[${this.#shown - 1}A` : ""}\r\u001b[J`;
  }
}

/** Seconds before a rate is believed. */
const SOON = 1;

/** How far the work on a capture is: bytes read, then operations, each with rate and time left. */
export class CaptureProgress {
  readonly #now: () => number;
  #stage = "";
  #since = 0;
  text = "";

  /** @param now A clock in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** So much of the capture was read. */
  read({ bytesRead, totalBytes, packets }: Progress): void {
    const seconds = this.#secondsOf("reading");
    const rate = seconds < SOON ? null : bytesRead / seconds;
    const whole = totalBytes === undefined || totalBytes === 0;
    this.text = [
      `reading: ${whole ? sizeText(bytesRead) : shareText(bytesRead, totalBytes)}`,
      ...rate === null ? [] : [`${sizeText(rate)}/s`],
      ...rate === null || whole ? [] : [leftText((totalBytes - bytesRead) / rate)],
      `${packets} packets`,
    ].join(", ");
  }

  /** So many operations were worked on. */
  worked({ stage, done, of }: Work): void {
    const seconds = this.#secondsOf(stage);
    const rate = done / seconds;
    this.text = [
      `${stage}: ${Math.floor(100 * done / Math.max(1, of))} % of ${of} operations`,
      ...seconds < SOON ? [] : [`${Math.round(rate)}/s`, leftText((of - done) / rate)],
    ].join(", ");
  }

  #secondsOf(stage: string): number {
    const now = this.#now();
    if (stage !== this.#stage) {
      this.#stage = stage;
      this.#since = now;
    }
    return (now - this.#since) / 1000;
  }
}

function shareText(done: number, of: number): string {
  return `${Math.floor(100 * Math.min(1, done / of))} % of ${sizeText(of)}`;
}

const UNITS = ["B", "KB", "MB", "GB", "TB"];

function sizeText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  for (; value >= 1000 && unit < UNITS.length - 1; unit++) value /= 1000;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

function leftText(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return whole < 120
    ? `${whole} s left`
    : whole < 7200
    ? `${Math.round(whole / 60)} min left`
    : `${Math.round(whole / 3600)} h left`;
}
