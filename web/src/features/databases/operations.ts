import { graphql } from "@/gql/document";

export const RESTORE = graphql(`
  mutation RestoreDatabase($input: RestoreDatabaseInput!) {
    restoreDatabase(input: $input) { database { id state deleteAfter } job { id } }
  }
`);

export const CREATE = graphql(`
  mutation CreateDatabase($input: CreateDatabaseInput!) {
    createDatabase(input: $input) {
      preview { steps quotas { name used max level } }
      database { id name state }
      credentials { host port database username password connectionStrings { format value } }
      job { id }
    }
  }
`);

export const ROTATE = graphql(`
  mutation RotateDatabasePassword($input: RotateDatabasePasswordInput!) {
    rotateDatabasePassword(input: $input) {
      preview { steps quotas { name used max level } }
      database { id username previousUsername previousUntil }
      credentials { host port database username password connectionStrings { format value } }
      job { id }
    }
  }
`);

export const KEEP_PREVIOUS = graphql(`
  mutation KeepPreviousDatabaseLogin($input: KeepPreviousDatabaseLoginInput!) {
    keepPreviousDatabaseLogin(input: $input) { preview { steps quotas { name used max level } } database { id } job { id } }
  }
`);

export const SUSPEND = graphql(`
  mutation SuspendDatabase($input: SuspendDatabaseInput!) {
    suspendDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state suspendReason } job { id } }
  }
`);

export const RESUME = graphql(`
  mutation ResumeDatabase($input: ResumeDatabaseInput!) {
    resumeDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state } job { id } }
  }
`);

export const DELETE = graphql(`
  mutation DeleteDatabase($input: DeleteDatabaseInput!) {
    deleteDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state deleteAfter } job { id } }
  }
`);

export const CLEANUP = graphql(`
  mutation OpenDatabaseForCleanup($input: OpenDatabaseForCleanupInput!) {
    openDatabaseForCleanup(input: $input) { preview { steps quotas { name used max level } } database { id cleanupUntil } job { id } }
  }
`);

export const SET_ACCESS = graphql(`
  mutation SetDatabaseAccess($input: SetDatabaseAccessInput!) {
    setDatabaseAccess(input: $input) { preview { steps quotas { name used max level } } database { id accessCidrs } job { id } }
  }
`);

export const SET_DRIFT_POLICY = graphql(`
  mutation SetDatabaseDriftPolicy($input: SetDatabaseDriftPolicyInput!) {
    setDatabaseDriftPolicy(input: $input) { database { id driftPolicy } }
  }
`);

export const CLONE = graphql(`
  mutation CloneDatabase($input: CloneDatabaseInput!) {
    cloneDatabase(input: $input) {
      preview { steps quotas { name used max level } }
      database { id name state }
      credentials { host port database username password connectionStrings { format value } }
      job { id }
    }
  }
`);

export const CHANGE_ALL = graphql(`
  mutation ChangeDatabases($input: ChangeDatabasesInput!) {
    changeDatabases(input: $input) { preview { steps quotas { name used max level } } databases { id state } job { id } }
  }
`);

export const EXPORT = graphql(`
  mutation ExportDatabase($input: ExportDatabaseInput!) {
    exportDatabase(input: $input) { preview { steps quotas { name used max level } } dump { id state } job { id } }
  }
`);

export const DUMP_URL = graphql(`
  mutation CreateDatabaseDumpUrl($input: CreateDatabaseDumpUrlInput!) {
    createDatabaseDumpUrl(input: $input) { url expiresAt }
  }
`);

export const UPLOAD = graphql(`
  mutation CreateDatabaseUpload($input: CreateDatabaseUploadInput!) {
    createDatabaseUpload(input: $input) { dump { id state } url expiresAt }
  }
`);

export const IMPORT = graphql(`
  mutation ImportDatabase($input: ImportDatabaseInput!) {
    importDatabase(input: $input) { preview { steps quotas { name used max level } } database { id } job { id } }
  }
`);

export const DELETE_DUMP = graphql(`
  mutation DeleteDatabaseDump($input: DeleteDatabaseDumpInput!) {
    deleteDatabaseDump(input: $input) { dump { id } }
  }
`);

export const CREATE_USER = graphql(`
  mutation CreateDatabaseUser($input: CreateDatabaseUserInput!) {
    createDatabaseUser(input: $input) {
      preview { steps quotas { name used max level } }
      databaseUser { id name state }
      credentials { host port database username password connectionStrings { format value } }
      job { id }
    }
  }
`);

export const UPDATE_USER = graphql(`
  mutation UpdateDatabaseUser($input: UpdateDatabaseUserInput!) {
    updateDatabaseUser(input: $input) { preview { steps quotas { name used max level } } databaseUser { id rights connectionLimit statementTimeoutSeconds } job { id } }
  }
`);

export const ROTATE_USER = graphql(`
  mutation RotateDatabaseUserPassword($input: RotateDatabaseUserPasswordInput!) {
    rotateDatabaseUserPassword(input: $input) {
      preview { steps quotas { name used max level } }
      databaseUser { id }
      credentials { host port database username password connectionStrings { format value } }
      job { id }
    }
  }
`);

export const DELETE_USER = graphql(`
  mutation DeleteDatabaseUser($input: DeleteDatabaseUserInput!) {
    deleteDatabaseUser(input: $input) { preview { steps quotas { name used max level } } databaseUser { id state } job { id } }
  }
`);
