export { type Actor, asOperator, operatorLog, systemActor } from './actor.ts'
export { type AuditDetail, auditEntries, auditWrite } from './audit-log.ts'
export { readAudit } from './audit-reader.ts'
export { auditRetention } from './trim-audit.ts'
