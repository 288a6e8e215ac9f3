/** The real disk: files of the operating system through `node:fs`. */
import * as fs from 'node:fs'
import { resolve } from 'node:path'
import type { DirectoryLock, Disk, DiskSpace, File, OpenOptions } from '../disk.ts'
import { lockFolder } from './folder-lock.ts'
import { NodeFile } from './node-file.ts'

const { O_CREAT, O_DSYNC, O_RDONLY, O_RDWR, O_TRUNC } = fs.constants

const FLAGS: Record<OpenOptions['mode'], number> = {
  read: O_RDONLY,
  write: O_RDWR,
  create: O_RDWR | O_CREAT,
  replace: O_RDWR | O_CREAT | O_TRUNC,
}

/** Elsewhere O_DSYNC is missing or stops at the drive's cache; there a sync follows each write. */
const HAS_DSYNC = process.platform === 'linux'

export class NodeDisk implements Disk {
  absolute(path: string): string {
    return resolve(path)
  }

  async open(path: string, options: OpenOptions): Promise<File> {
    const flags = FLAGS[options.mode] | (options.dsync && HAS_DSYNC ? O_DSYNC : 0)
    const descriptor = await new Promise<number>((resolve, reject) => {
      fs.open(path, flags, (error, opened) => (error ? reject(error) : resolve(opened)))
    })
    return new NodeFile(path, descriptor, {
      ...options,
      syncAfterWrite: options.dsync === true && !HAS_DSYNC,
    })
  }

  async rename(from: string, to: string): Promise<void> {
    await fs.promises.rename(from, to)
  }

  async remove(path: string): Promise<void> {
    await fs.promises.unlink(path)
  }

  async removeDirectory(path: string): Promise<void> {
    await fs.promises.rm(path, { recursive: true, force: true })
  }

  async list(path: string): Promise<string[]> {
    return (await fs.promises.readdir(path)).sort()
  }

  async makeDirectory(path: string): Promise<void> {
    await fs.promises.mkdir(path, { recursive: true })
  }

  async exists(path: string): Promise<boolean> {
    try {
      await fs.promises.stat(path)
      return true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR') return false
      throw error
    }
  }

  async syncDirectory(path: string): Promise<void> {
    // Windows has no such call; its file systems journal names.
    if (process.platform === 'win32') return
    const folder = await fs.promises.open(path, O_RDONLY | fs.constants.O_DIRECTORY)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }

  async space(path: string): Promise<DiskSpace> {
    const { bavail, blocks, bsize } = await fs.promises.statfs(path)
    return { availableBytes: bavail * bsize, totalBytes: blocks * bsize }
  }

  async lock(path: string, holder: string): Promise<DirectoryLock> {
    return lockFolder(path, holder)
  }
}
