/* Functions of the library that need no client. */
import { fingerprintForms, keyFormats, type FingerprintForm, type KeyFormat } from './enums';
import { later, now } from './errors';
import { native } from './native';
import { reveal, type SecretInput } from './secret';
import * as values from './values';
import type { Backup, BackupReport } from './values';

/** Version of the library in this package: `'0.1.0'`. */
export function versionString(): string {
  return native.mychat_version_string();
}

/** The same as a number: major * 10000 + minor * 100 + patch. */
export function versionNumber(): number {
  return native.mychat_version_number();
}

/** Convert a public identity key between its text forms. */
export function publicKeyConvert(key: string, format: KeyFormat): string {
  return now(() => native.mychat_public_key_convert(key, keyFormats.value(format)));
}

/** Fingerprint of a public identity key: SHA-256 as 16 groups of 4 upper-case hex digits. */
export function fingerprint(key: string, form: FingerprintForm = 'jwk'): string {
  return now(() => native.mychat_fingerprint(key, fingerprintForms.value(form)));
}

/** Prove a backup without a client; see {@link Client.verifyBackup} for one to compare it with. */
export async function verifyBackup(data: Uint8Array, password: SecretInput): Promise<BackupReport> {
  const raw = await later(() => native.mychat_verify_backup(null, data, reveal(password)));
  const report = values.backupReport(raw);
  native.mychat_backup_report_free(raw);
  return report;
}

/** The same backup under another password; the old one stays valid for the old file. */
export async function backupChangePassword(
  data: Uint8Array, password: SecretInput, newPassword: SecretInput,
): Promise<Backup> {
  const raw = await later(() => native.mychat_backup_change_password(data, reveal(password), reveal(newPassword)));
  const backup = values.backup(raw);
  native.mychat_backup_free(raw);
  return backup;
}
