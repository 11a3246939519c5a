/** The names that the twin answers to. No URL that it hands out has a port. */
export const LOGIN = 'login.azure.test'
export const MANAGEMENT = 'management.azure.test'
export const VAULT_SUFFIX = 'vault.azure.test'
export const BLOB_SUFFIX = 'blob.core.azure.test'
export const SQL_SUFFIX = 'database.azure.test'

/** The audiences of the services' tokens. */
export const VAULT_AUDIENCE = `https://${VAULT_SUFFIX}`
export const MANAGEMENT_AUDIENCE = `https://${MANAGEMENT}`
export const STORAGE_AUDIENCE = 'https://storage.azure.com'
