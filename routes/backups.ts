import { createBackup, listBackups } from '../src/contract/backups.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { BackupService } from '../src/services/backups.ts'

export function backupRoutes(app: App, backups: BackupService): void {
  mount(app, createBackup, (_input, { actor, signal }) => backups.create(actor, signal))
  mount(app, listBackups, () => backups.list())
}
