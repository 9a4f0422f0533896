/**
 * Timelines, happens-before and load shapes -> when each operation is sent, and when each user begins. Turns recorded
 * times into due times under a speed, and holds operations back until those that came before them are answered. Knows
 * no SMB, no client and no request; its clock comes in as a parameter.
 *
 * @module
 */
export { Alarms, type AlarmStep, SPIN_MS } from "./alarms.ts";
export { type Clock, type ClockParts, PreciseClock } from "./clock.ts";
export { IdSet } from "./id_set.ts";
export { Order, type OrderKey, pendingOf } from "./order.ts";
export { type Event, type Pace, Pacing, WindowEnd } from "./pacing.ts";
export {
  arrivals,
  type ConstantArrivalRate,
  type ConstantUsers,
  lengthOf,
  mostUsers,
  type PerUserIterations,
  quota,
  type RampingArrivalRate,
  type RampingUsers,
  type Segment,
  type Shape,
  type SharedIterations,
  shareOf,
  type Stage,
  userChanges,
} from "./shapes.ts";
export { Timeline, type TimelineOptions } from "./timeline.ts";
