import type { Disk } from '../../base/disk.ts'

/**
 * Puts the bytes of an index into its file, in place: what a crash leaves half written is found when it is read, and made anew from the
 * log.
 */
export async function writeIndexFile(disk: Disk, path: string, bytes: Buffer, sync: boolean): Promise<void> {
  const file = await disk.open(path, { mode: 'create' })
  try {
    await file.write(0, [bytes])
    await file.truncate(bytes.length)
    if (sync) await file.sync()
  } finally {
    await file.close()
  }
}
