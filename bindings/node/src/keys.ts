/* Functions of the library that need no client. */
import {
  eventTypes, fingerprintForms, keyFormats, statuses, type EventType, type FingerprintForm, type KeyFormat, type Status,
} from './enums';
import { later, now } from './errors';
import { native } from './native';
import { reveal, type SecretInput } from './secret';
import * as convert from './convert';
import type { Backup, BackupReport } from './values';

/** Version of the library in this package: `'0.1.0'`. */
export function versionString(): string {
  return native.mychat_version_string();
}

/** The same as a number: major * 10000 + minor * 100 + patch. */
export function versionNumber(): number {
  return native.mychat_version_number();
}

/** Versions of the library and of those inside it, OpenSSL above all: `'mychat/0.1.0 dependencies/static openssl/3.0.16 ...'`. */
export function buildInfo(): string {
  return native.mychat_build_info();
}

/** Name of a status in C: `'MYCHAT_E_STORE_HELD'` for `'storeHeld'`. */
export function statusName(status: Status): string {
  return native.mychat_status_name(statuses.value(status));
}

/** Name of a kind of events in C, for logs: `'message_status'` for `'messageStatus'`. */
export function eventTypeName(type: EventType): string {
  return native.mychat_event_type_name(eventTypes.value(type));
}

/** Convert a public identity key between its text forms. */
export function publicKeyConvert(key: string, format: KeyFormat): string {
  return now('publicKeyConvert', () => native.mychat_public_key_convert(key, keyFormats.value(format)));
}

/** Fingerprint of a public identity key: SHA-256 as 16 groups of 4 upper-case hex digits. */
export function fingerprint(key: string, form: FingerprintForm = 'jwk'): string {
  return now('fingerprint', () => native.mychat_fingerprint(key, fingerprintForms.value(form)));
}

/** Prove a backup without a client; see {@link Client.verifyBackup} for one to compare it with. */
export async function verifyBackup(data: Uint8Array, password: SecretInput): Promise<BackupReport> {
  const raw = await later('verifyBackup', () => native.mychat_verify_backup(null, data, reveal(password)));
  const report = convert.backupReport(raw);
  native.mychat_backup_report_free(raw);
  return report;
}

/** The same backup under another password; the old one stays valid for the old file. */
export async function backupChangePassword(
  data: Uint8Array, password: SecretInput, newPassword: SecretInput,
): Promise<Backup> {
  const raw = await later('backupChangePassword', () => native.mychat_backup_change_password(data, reveal(password), reveal(newPassword)));
  const backup = convert.backup(raw);
  native.mychat_backup_free(raw);
  return backup;
}
