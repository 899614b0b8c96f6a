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

  /** Times and values since a time, oldest first, as uPlot takes them; a gap is null. */
  since(seconds: number): [number[], ...(number | null)[][]] {
    const times: number[] = [];
    const columns: (number | null)[][] = this.values.map(() => []);
    for (let i = 0; i < this.filled; i++) {
      const at = (this.next - this.filled + i + 2 * this.capacity) % this.capacity;
      if (this.times[at]! < seconds) continue;
      times.push(this.times[at]!);
      this.values.forEach((of, s) => columns[s]!.push(Number.isNaN(of[at]!) ? null : of[at]!));
    }
    return [times, ...columns];
  }
}
