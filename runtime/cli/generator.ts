/** Whether the generator itself held a run up: then its figures say little of the server. */
import { cpuUsage } from "node:process";
import type { Summary } from "../measure/mod.ts";
import { durationText } from "../report/mod.ts";

/** Part of all processors above which they were the limit. */
const BUSY = 0.9;

/** Lag, p99 in milliseconds, above which times were not kept. */
const LATE_MS = 100;

/** Stalls for want of credits, for each operation, above which the window was the limit. */
const STALLED = 0.1;

/** Looks at the process from its making. */
export class Generator {
  readonly #startedAt = performance.now();
  readonly #cpu = cpuUsage();

  /** What held the run up on this side; null when nothing did. */
  bottleneck(summary: Summary): string | null {
    const { user, system } = cpuUsage(this.#cpu);
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const processors = navigator.hardwareConcurrency;
    const used = (user + system) / 1e6 / Math.max(seconds, 1e-3);
    const reasons = [
      ...used > BUSY * processors && summary.duration > 1000
        ? [`it used ${used.toFixed(1)} of ${processors} processors`]
        : [],
      ...summary.lag.p99 > LATE_MS
        ? [`operations were sent up to ${durationText(summary.lag.p99)} late (p99)`]
        : [],
      ...summary.creditStalls > STALLED * summary.sent
        ? [`requests waited ${summary.creditStalls} times for credits`]
        : [],
    ];
    return reasons.length === 0 ? null : `the generator was a bottleneck: ${reasons.join("; ")}`;
  }
}
