/**
 * The newest points of several series over time, in memory that does not grow. A time
 * in which nothing came is a gap, and not a line across it.
 */
export class Ring {
  private readonly times: Float64Array;
  private readonly values: Float64Array[];
  private next = 0;
  private filled = 0;

  /** Points that are kept, series, and the seconds without a point that make a gap. */
  constructor(readonly capacity: number, series: number, private readonly gapSeconds: number) {
    this.times = new Float64Array(capacity);
    this.values = Array.from({ length: series }, () => new Float64Array(capacity));
  }

  /** The time of the newest point in seconds since 1970; 0 without one. */
  get last(): number {
    return this.filled === 0 ? 0 : this.times[(this.next + this.capacity - 1) % this.capacity]!;
  }

  /** Adds a point; one that is not newer than the last is dropped, since an event may come twice. */
  add(seconds: number, values: readonly number[]): void {
    const { last } = this;
    if (seconds <= last) return;
    if (last > 0 && seconds - last > this.gapSeconds) this.put((last + seconds) / 2, values.map(() => Number.NaN));
    this.put(seconds, values);
  }

  private put(seconds: number, values: readonly number[]): void {
    this.times[this.next] = seconds;
    values.forEach((value, i) => (this.values[i]![this.next] = value));
    this.next = (this.next + 1) % this.capacity;
    this.filled = Math.min(this.filled + 1, this.capacity);
  }

  /**
   * Puts points of before there was any in front of those that there are, oldest first, each
   * a time and its values; gapSeconds are those without a point that make a gap among them.
   */
  precede(points: readonly [number, ...number[]][], gapSeconds: number): void {
    const [times, ...columns] = this.since(0);
    this.filled = 0;
    let last = 0;
    const gap = (until: number) => last > 0 && until - last > gapSeconds && this.put((last + until) / 2, columns.map(() => Number.NaN));
    for (const [seconds, ...values] of points) {
      if (times.length > 0 && seconds >= times[0]!) break;
      gap(seconds);
      this.put(seconds, values);
      last = seconds;
    }
    if (times.length > 0) gap(times[0]!);
    times.forEach((seconds, i) => this.put(seconds, columns.map((column) => column[i] ?? Number.NaN)));
  }

  /** Forgets all points. */
  clear(): void {
    this.filled = 0;
  }

  /** Times and values from one time up to another, oldest first, as uPlot takes them; a gap is null. */
  since(from: number, until = Number.POSITIVE_INFINITY): [number[], ...(number | null)[][]] {
    const times: number[] = [];
    const columns: (number | null)[][] = this.values.map(() => []);
    const at = (back: number) => (this.next - back + this.capacity) % this.capacity;
    let back = 0; // from the newest, as little of an hour is shown
    while (back < this.filled && this.times[at(back + 1)]! >= from) back++;
    for (; back > 0 && this.times[at(back)]! <= until; back--) {
      times.push(this.times[at(back)]!);
      this.values.forEach((of, s) => columns[s]!.push(Number.isNaN(of[at(back)]!) ? null : of[at(back)]!));
    }
    return [times, ...columns];
  }
}
