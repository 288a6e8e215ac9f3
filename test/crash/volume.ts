/**
 * A file system that loses power on demand: ext4 on a loop device. Its shutdown ioctl drops everything that was not
 * synced, the file system's own journal included, which is what a power cut does; mounting it again is the power
 * coming back. Needs root and loop devices.
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, runOrThrow, until } from '../../compat-tests/support/process.ts'

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH; Perl, because Node has no ioctl and every Debian has Perl. */
const shutdownProgram =
  'open(my $f, "<", $ARGV[0]) or die "open: $!"; my $how = pack("L", 2); ioctl($f, 0x8004587D, $how) or die "ioctl: $!"'

export class Volume {
  readonly mountPoint: string
  readonly #folder: string
  readonly #image: string
  readonly #isStoreMounted: boolean
  #isMounted = false

  private constructor(folder: string, isStoreMounted: boolean) {
    this.#folder = folder
    this.#isStoreMounted = isStoreMounted
    this.#image = join(folder, 'store', 'image')
    this.mountPoint = join(folder, 'mount')
  }

  /**
   * Why no volume can be made here, or undefined when one can. A volume is made and cut to find out: permissions,
   * kernel modules and containers each have their own way of saying no.
   */
  static async obstacle(): Promise<string | undefined> {
    try {
      const volume = await Volume.create(32)
      try {
        await volume.cutPower()
        await volume.restorePower()
      } finally {
        await volume.remove()
      }
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message.split('\n').slice(0, 2).join(' ') : String(error)
    }
  }

  /** `storeMegabytes` puts the image on a tmpfs of that size, which fills before the file system in it does. */
  static async create(megabytes: number, storeMegabytes?: number): Promise<Volume> {
    const folder = await mkdtemp(join(tmpdir(), 'loggerhead-volume-'))
    const volume = new Volume(folder, storeMegabytes !== undefined)
    await mkdir(join(folder, 'store'))
    await mkdir(volume.mountPoint)
    try {
      if (storeMegabytes !== undefined)
        await runOrThrow('mount', [
          '-t',
          'tmpfs',
          '-o',
          `size=${storeMegabytes}m`,
          'tmpfs',
          join(folder, 'store'),
        ])
      await runOrThrow('truncate', ['-s', `${megabytes}M`, volume.#image])
      await runOrThrow('mkfs.ext4', ['-q', '-F', '-E', 'nodiscard', volume.#image])
      await volume.#mount()
      return volume
    } catch (error) {
      await volume.remove()
      throw error
    }
  }

  async #mount(): Promise<void> {
    await runOrThrow('mount', ['-o', 'loop', this.#image, this.mountPoint])
    this.#isMounted = true
  }

  /** From here on no byte reaches the image; what was not synced is gone. Writers see I/O errors. */
  async cutPower(): Promise<void> {
    await runOrThrow('perl', ['-e', shutdownProgram, this.mountPoint])
  }

  /** Mounts again what the cut left. Nobody may have files open on the volume. */
  async restorePower(): Promise<void> {
    await this.#unmount()
    await this.#mount()
  }

  /** Gives a full store room again, repairs the file system as an operator would, and mounts it. */
  async makeRoom(storeMegabytes: number): Promise<void> {
    await runOrThrow('mount', ['-o', `remount,size=${storeMegabytes}m`, join(this.#folder, 'store')])
    await this.#unmount()
    // 1 says that errors were corrected.
    const { code, stdout, stderr } = await run('e2fsck', ['-f', '-y', this.#image])
    if (code > 1) throw new Error(`e2fsck: exit ${code}\n${stdout}${stderr}`)
    await this.#mount()
  }

  /** Syncs the volume as a whole. */
  async sync(): Promise<void> {
    await runOrThrow('sync', ['-f', this.mountPoint])
  }

  async #unmount(): Promise<void> {
    // A killed process may hold its files for a moment longer.
    await until(
      'the volume to be free',
      async () => (await run('umount', [this.mountPoint])).code === 0,
      10_000,
      100,
    )
    this.#isMounted = false
  }

  async remove(): Promise<void> {
    if (this.#isMounted) await this.#unmount()
    if (this.#isStoreMounted && existsSync(join(this.#folder, 'store')))
      await run('umount', [join(this.#folder, 'store')])
    await rm(this.#folder, { recursive: true, force: true })
  }
}
