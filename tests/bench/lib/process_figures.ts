/** What a process takes while it runs, from /proc. */

/** How often it is looked at, in milliseconds: the last figures before its end count. */
const EVERY_MS = 250;
/** Clock ticks of the kernel in a second (USER_HZ). */
const TICKS = 100;

/** Watches a process until `stop`. */
export class ProcessFigures {
  readonly #pid: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #peak = 0;
  #cpuSeconds = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  /** The most KiB that were resident (VmHWM). */
  get peak(): number {
    return this.#peak;
  }

  /** Seconds of processor time, user and system. */
  get cpuSeconds(): number {
    return this.#cpuSeconds;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    try {
      const status = Deno.readTextFileSync(`/proc/${this.#pid}/status`);
      this.#peak = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? this.#peak);
      // Behind the name in parentheses; utime and stime are the 14th and 15th field (proc(5)).
      const stat = Deno.readTextFileSync(`/proc/${this.#pid}/stat`);
      const [user = 0, system = 0] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13)
        .map(Number);
      this.#cpuSeconds = (user + system) / TICKS;
    } catch {
      // It has ended.
    }
  }
}
