/** The twin's own certificate authority and its server certificate, made at the first start. */
import 'reflect-metadata'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { BLOB_SUFFIX, LOGIN, MANAGEMENT, VAULT_SUFFIX } from './hosts.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 24 * 3600 * 1000
const NAMES = [LOGIN, MANAGEMENT, `*.${VAULT_SUFFIX}`, `*.${BLOB_SUFFIX}`]

export interface Certificate {
  /** Path of the authority's certificate, for clients to trust. */
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

/** @returns the certificate kept in `dir`, made now if there is none */
export async function certificateIn(dir: string): Promise<Certificate> {
  const files = { ca: join(dir, 'ca.pem'), certificate: join(dir, 'server.pem'), key: join(dir, 'server-key.pem') }
  // ca.pem comes last, so when it is there the others are too.
  if (!existsSync(files.ca)) await make(files)
  return { ca: files.ca, certificate: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') }
}

async function make(files: { ca: string; certificate: string; key: string }): Promise<void> {
  x509.cryptoProvider.set(crypto)
  const authority = await crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify'])
  const server = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const validity = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + 3650 * DAY_MS) }
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Rehearsal twin of Azure, O=Rehearsal',
    keys: authority,
    signingAlgorithm: ALGORITHM,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authority.publicKey),
    ],
  })
  // The authority's private key is not kept: it signs this one certificate and can never sign another.
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=azure.test, O=Rehearsal',
    issuer: ca.subject,
    publicKey: server.publicKey,
    signingKey: authority.privateKey,
    signingAlgorithm: ALGORITHM,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(NAMES.map((value) => ({ type: 'dns' as const, value }))),
      await x509.SubjectKeyIdentifierExtension.create(server.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', server.privateKey)).toString('base64')
  write(files.key, `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`)
  write(files.certificate, certificate.toString('pem'))
  write(files.ca, ca.toString('pem'))
}

function write(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
