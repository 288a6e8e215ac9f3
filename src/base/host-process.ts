/** What this process uses of its machine, handed in and read when somebody asks. `base/node/node-host-process` is the real one. */
export interface ProcessUsage {
  readonly nodeVersion: string
  /** Seconds since 1970. */
  readonly startedAtSeconds: number
  readonly userSeconds: number
  readonly systemSeconds: number
  readonly residentBytes: number
  readonly heapUsedBytes: number
  readonly heapTotalBytes: number
  /** Memory of buffers and native modules, outside the heap. */
  readonly externalBytes: number
  /** Since the start: how long the event loop worked, and how long it waited. */
  readonly loopActiveMs: number
  readonly loopIdleMs: number
  /** How late the event loop's timers ran, since somebody first asked. */
  readonly loopDelay: {
    readonly meanSeconds: number
    readonly p99Seconds: number
    readonly maxSeconds: number
  }
  /** Undefined where the system does not tell. */
  readonly openFiles: number | undefined
  readonly openFilesMax: number | undefined
  readonly diskReadBytes: number | undefined
  readonly diskWrittenBytes: number | undefined
}

export interface HostProcess {
  usage(): ProcessUsage
}
