/**
 * Timelines and happens-before -> when each operation is sent. Turns recorded times into due times under a speed, and
 * holds operations back until those that came before them are answered. Knows no SMB, no client and no request; its
 * clock comes in as a parameter.
 *
 * @module
 */
export { Alarms, type AlarmStep, SPIN_MS } from "./alarms.ts";
export { type Clock, type ClockParts, PreciseClock } from "./clock.ts";
export { Order } from "./order.ts";
export { Timeline, type TimelineOptions } from "./timeline.ts";
