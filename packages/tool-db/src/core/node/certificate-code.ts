/** What is wrong with a certificate that the owner of the topic did sign. */

export type CertificateCode = 'CERTIFICATE_EXPIRED' | 'CERTIFICATE_REVOKED' | 'CERTIFICATE_NOT_YET_VALID'

/** Said to a server whose certificate is genuine: its operator can do something about it. Others are told nothing. */
export const CERTIFICATE_CODES: readonly string[] = [
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_REVOKED',
  'CERTIFICATE_NOT_YET_VALID',
] satisfies readonly CertificateCode[]

export function isCertificateCode(reason: string): reason is CertificateCode {
  return CERTIFICATE_CODES.includes(reason)
}
