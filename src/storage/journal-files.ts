import type { Disk, File } from '../base/disk.ts'

/**
 * The journal's files: preallocated, written one after another, recycled after a checkpoint.
 *
 * Preallocated means filled with zeros and synced, because a synced write into an allocated block needs no change of the file
 * system's own structures. A file is in one of three states: free, current, or full (waiting for a checkpoint that covers its last
 * frame). `lap` counts uses over all files, so each use of a file has a number of its own.
 *
 * The first file of a new folder is small, so that a broker starts at once; the next one is prepared behind its back.
 */
const FIRST_FILE_BYTES = 1 << 20

interface JournalFile {
  name: string
  sizeBytes: number
  /** For rounds that need no sync, and to sync them later. */
  plain: File
  /** Each write is durable when it resolves. */
  dsync: File
  /** Sequence of the last frame of the present use. */
  lastSequence: number
}

export class JournalFiles {
  readonly #disk: Disk
  readonly #folder: string
  readonly #fileBytes: number
  readonly #filesMax: number
  readonly #free: JournalFile[] = []
  readonly #full: JournalFile[] = []
  #current: JournalFile | undefined
  #position = 0
  #lap: number
  #numberOfFiles = 0
  #nextNumber = 0
  /** Files with writes that were not synced. */
  readonly #unsynced = new Set<File>()
  #syncing: Promise<unknown> = Promise.resolve()
  #preparing: Promise<void> | undefined
  #advancing: Promise<void> | undefined
  #wakeWaiter: (() => void) | undefined
  #failure: Error | undefined

  constructor(disk: Disk, folder: string, options: { fileBytes: number; filesMax: number; lap: number }) {
    this.#disk = disk
    this.#folder = folder
    this.#fileBytes = options.fileBytes
    this.#filesMax = options.filesMax
    this.#lap = options.lap
  }

  /** Opens what is there as free files: call it only when recovery has taken what they held. */
  async open(): Promise<void> {
    await this.#disk.makeDirectory(this.#folder)
    await this.#disk.syncDirectory(parentOf(this.#folder))
    const firstBytes = Math.min(FIRST_FILE_BYTES, this.#fileBytes)
    for (const name of await listJournalFiles(this.#disk, this.#folder)) {
      this.#nextNumber = journalFileNumber(name)! + 1
      const file = await this.#reopen(name)
      if (file.sizeBytes >= firstBytes && this.#numberOfFiles < this.#filesMax) {
        this.#free.push(file)
        this.#numberOfFiles++
      } else {
        await this.#remove(file) // a crash cut its allocation short, or the journal was made smaller
      }
    }
    if (this.#free.length === 0) this.#free.push(await this.#allocate(firstBytes))
    else await this.#disk.syncDirectory(this.#folder) // who made the files may have been killed before
    this.#use(this.#free.shift()!)
  }

  async #reopen(name: string): Promise<JournalFile> {
    const path = `${this.#folder}/${name}`
    const plain = await this.#disk.open(path, { mode: 'write' })
    const sizeBytes = await plain.size()
    const dsync = await this.#disk.open(path, { mode: 'write', dsync: true })
    return { name, sizeBytes, plain, dsync, lastSequence: 0 }
  }

  async #remove(file: JournalFile): Promise<void> {
    await file.plain.close()
    await file.dsync.close()
    await this.#disk.remove(`${this.#folder}/${file.name}`)
  }

  get lap(): number {
    return this.#lap
  }

  get position(): number {
    return this.#position
  }

  /** Writes a frame that is not durable before `syncUnsynced`. */
  async writeUnsynced(at: number, frame: Uint8Array): Promise<void> {
    const { plain } = this.#current!
    await plain.write(at, [frame])
    this.#unsynced.add(plain) // only now: a sync that ran beside the write does not cover it
  }

  /** The same on the caller's turn. */
  writeUnsyncedNow(at: number, frame: Uint8Array): void {
    const { plain } = this.#current!
    plain.writeNow(at, frame)
    this.#unsynced.add(plain)
  }

  get dsync(): File {
    return this.#current!.dsync
  }

  /** Half of what the journal may take waits for a checkpoint. */
  get isUnderPressure(): boolean {
    return this.#full.length * 2 >= this.#filesMax
  }

  get bytes(): number {
    let bytes = this.#current?.sizeBytes ?? 0
    for (const file of [...this.#free, ...this.#full]) bytes += file.sizeBytes
    return bytes
  }

  hasRoom(frameBytes: number): boolean {
    return this.#current !== undefined && this.#position + frameBytes <= this.#current.sizeBytes
  }

  /** Takes the place of the next frame in the current file. */
  take(frameBytes: number, sequence: number): number {
    const at = this.#position
    this.#position += frameBytes
    this.#current!.lastSequence = sequence
    if (this.#position > this.#current!.sizeBytes / 2) this.#prepareNext()
    return at
  }

  /** Makes every unsynced write durable. Waits for earlier syncs too: they have taken over files that this one answers for. */
  async syncUnsynced(): Promise<void> {
    const files = [...this.#unsynced]
    this.#unsynced.clear()
    this.#syncing = Promise.all([this.#syncing, ...files.map(file => file.sync())])
    await this.#syncing
  }

  /**
   * Goes on in another file that has room for the frame; waits for a checkpoint when all are full. When the disk has no room for one it
   * rejects, and can be called again. It rejects for good when the journal has failed.
   */
  advance(frameBytes: number): Promise<void> {
    this.#advancing = this.#advance(frameBytes)
    return this.#advancing
  }

  async #advance(frameBytes: number): Promise<void> {
    if (this.#current) this.#full.push(this.#current)
    this.#current = undefined
    for (;;) {
      await this.#preparing
      if (this.#failure) throw this.#failure
      const fitting = this.#free.findIndex(file => file.sizeBytes >= frameBytes)
      if (fitting >= 0) {
        this.#use(this.#free.splice(fitting, 1)[0]!)
        return
      }
      if (this.#numberOfFiles < this.#filesMax) {
        this.#free.push(await this.#allocate(Math.max(this.#fileBytes, frameBytes)))
      } else if (this.#free.length > 0) {
        await this.#grow(this.#free[0]!, frameBytes)
      } else {
        await new Promise<void>(resolve => {
          this.#wakeWaiter = resolve
        })
      }
    }
  }

  /** Makes a free file large enough for a frame that no file has room for. */
  async #grow(file: JournalFile, frameBytes: number): Promise<void> {
    await fillWithZeros(file.plain, file.sizeBytes, frameBytes)
    await file.plain.sync()
    file.sizeBytes = frameBytes
  }

  /** Frees the files whose frames are all at or below this sequence: a checkpoint has them. */
  release(sequence: number): void {
    while (this.#full.length > 0 && this.#full[0]!.lastSequence <= sequence)
      this.#free.push(this.#full.shift()!)
    this.#wake()
  }

  /** Nothing is written any more: who waits for room is told. */
  fail(error: Error): void {
    this.#failure = error
    this.#wake()
  }

  #wake(): void {
    this.#wakeWaiter?.()
    this.#wakeWaiter = undefined
  }

  async close(): Promise<void> {
    await this.#advancing?.catch(() => {})
    await this.#preparing
    await this.#syncing.catch(() => {})
    const files = [...this.#free, ...this.#full, ...(this.#current ? [this.#current] : [])]
    await Promise.all(files.flatMap(file => [file.plain.close(), file.dsync.close()]))
  }

  #use(file: JournalFile): void {
    this.#current = file
    this.#position = 0
    this.#lap++
  }

  #prepareNext(): void {
    if (this.#preparing || this.#free.length > 0 || this.#numberOfFiles >= this.#filesMax) return
    this.#preparing = this.#allocate(this.#fileBytes)
      .then(
        file => void this.#free.push(file),
        () => {}, // `advance` tries again, and there the failure counts
      )
      .finally(() => {
        this.#preparing = undefined
      })
  }

  async #allocate(sizeBytes: number): Promise<JournalFile> {
    this.#numberOfFiles++
    const name = journalFileName(this.#nextNumber++)
    const path = `${this.#folder}/${name}`
    let plain: File | undefined
    try {
      plain = await this.#disk.open(path, { mode: 'replace' })
      await fillWithZeros(plain, 0, sizeBytes)
      await plain.sync()
      await this.#disk.syncDirectory(this.#folder)
      const dsync = await this.#disk.open(path, { mode: 'write', dsync: true })
      return { name, sizeBytes, plain, dsync, lastSequence: 0 }
    } catch (error) {
      this.#numberOfFiles--
      await plain?.close().catch(() => {})
      await this.#disk.remove(path).catch(() => {}) // a half-made file would only take room
      throw error
    }
  }
}

async function fillWithZeros(file: File, from: number, to: number): Promise<void> {
  const zeros = Buffer.alloc(Math.min(to - from, 1 << 20))
  for (let at = from; at < to; at += zeros.length) {
    await file.write(at, [zeros.subarray(0, Math.min(zeros.length, to - at))])
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

function journalFileName(number: number): string {
  return `${String(number).padStart(8, '0')}.journal`
}

function journalFileNumber(name: string): number | undefined {
  const match = /^(\d{8})\.journal$/.exec(name)
  return match ? Number(match[1]) : undefined
}

/** Names of the journal's files in a folder, in order; none when there is no such folder. */
export async function listJournalFiles(disk: Disk, folder: string): Promise<string[]> {
  if (!(await disk.exists(folder))) return []
  return (await disk.list(folder)).filter(name => journalFileNumber(name) !== undefined)
}
