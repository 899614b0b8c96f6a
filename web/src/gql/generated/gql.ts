/* eslint-disable */
import * as types from './graphql';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  mutation SetUp($input: SetUpInput!) {\n    setUp(input: $input) { expiresAt }\n  }\n": typeof types.SetUpDocument,
    "\n  mutation SignUp($input: SignUpInput!) {\n    signUp(input: $input) { ok }\n  }\n": typeof types.SignUpDocument,
    "\n  mutation VerifyEmail($input: VerifyEmailInput!) {\n    verifyEmail(input: $input) { ok }\n  }\n": typeof types.VerifyEmailDocument,
    "\n  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {\n    requestPasswordReset(input: $input) { ok }\n  }\n": typeof types.RequestPasswordResetDocument,
    "\n  mutation ResetPassword($input: ResetPasswordInput!) {\n    resetPassword(input: $input) { ok }\n  }\n": typeof types.ResetPasswordDocument,
    "\n  mutation AcceptInvitation($input: AcceptInvitationInput!) {\n    acceptInvitation(input: $input) { email newAccount }\n  }\n": typeof types.AcceptInvitationDocument,
    "\n  mutation ConfirmIdentity($input: ConfirmIdentityInput!) {\n    confirmIdentity(input: $input) { confirmedUntil }\n  }\n": typeof types.ConfirmIdentityDocument,
    "\n  subscription JobFeed($after: StreamPosition) {\n    jobFeed(after: $after) {\n      ... on JobEvent { position jobId kind state step }\n      ... on StreamGap { position }\n    }\n  }\n": typeof types.JobFeedDocument,
    "\n  query Find($text: String!, $customers: Boolean!, $databases: Boolean!) {\n    customers(first: 5, filter: { search: $text }) @include(if: $customers) { nodes { id name email } }\n    databases(first: 5, filter: { search: $text }) @include(if: $databases) { nodes { id name externalName } }\n  }\n": typeof types.FindDocument,
    "\n  query FindServers {\n    databaseServers(first: 100) { nodes { id name host } }\n  }\n": typeof types.FindServersDocument,
    "\n  query Viewer {\n    viewer {\n      user { id name email role totpEnabled }\n      permissions\n      secondFactorMissing\n      impersonatedBy { id name }\n    }\n  }\n": typeof types.ViewerDocument,
    "\n  query ChooseCustomer($text: String) {\n    customers(first: 20, filter: { search: $text }, order: { field: NAME }) { nodes { id name email state } }\n  }\n": typeof types.ChooseCustomerDocument,
    "\n  query ChosenCustomer($id: ID!) {\n    customer(id: $id) { id name }\n  }\n": typeof types.ChosenCustomerDocument,
    "\n  query JobLive($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor finishedAt\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n    }\n  }\n": typeof types.JobLiveDocument,
    "\n  query JobsOf($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id kind state percent waitingFor createdAt startedAt finishedAt actor { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": typeof types.JobsOfDocument,
    "\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) { accessToken expiresAt viewer { user { id } } }\n  }\n": typeof types.SignInDocument,
    "\n  subscription JobProgress($id: ID!, $after: StreamPosition) {\n    jobProgress(id: $id, after: $after) {\n      ... on JobEvent { position at kind state step stepState percent message error { code message retryable } }\n      ... on StreamGap { position }\n    }\n  }\n": typeof types.JobProgressDocument,
    "\n  query PermissionsIn($customerId: ID!) {\n    viewer { permissions(customerId: $customerId) }\n  }\n": typeof types.PermissionsInDocument,
    "\n  query SeesSeveralCustomers {\n    customers(first: 2) { nodes { id } }\n  }\n": typeof types.SeesSeveralCustomersDocument,
    "\n  query CustomerAudit($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: AuditFilter) {\n    auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id at action allowed times ip objectId actor { id name } impersonator { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n    }\n  }\n": typeof types.CustomerAuditDocument,
    "\n  query CustomerChildren($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      children(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name email state createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": typeof types.CustomerChildrenDocument,
    "\n  query CustomerDatabases($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      databases(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name externalName state sizeBytes createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": typeof types.CustomerDatabasesDocument,
    "\n  query CustomerDetail($id: ID!) {\n    customer(id: $id) {\n      id name email company country state suspendReason createdAt updatedAt\n      parent { id name }\n      quotas { name used max level }\n      databases(first: 1) { totalCount }\n      children(first: 1) { totalCount }\n    }\n  }\n": typeof types.CustomerDetailDocument,
    "\n  query CustomerInvitations($customerId: ID!) {\n    invitations(first: 100, filter: { customerId: $customerId }) { nodes { id email name customerRole createdAt expiresAt invitedBy { id name } } totalCount }\n  }\n": typeof types.CustomerInvitationsDocument,
    "\n  query Customers($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: CustomerFilter, $order: CustomerOrder) {\n    customers(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name email company country state createdAt parent { id name } quotas { name used max level } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": typeof types.CustomersDocument,
    "\n  query CustomerMembers($id: ID!) {\n    customer(id: $id) {\n      id\n      memberships(first: 100) {\n        nodes { role createdAt user { id name email totpEnabled disabledAt } }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": typeof types.CustomerMembersDocument,
    "\n  mutation CreateCustomer($input: CreateCustomerInput!) {\n    createCustomer(input: $input) { customer { id name state } }\n  }\n": typeof types.CreateCustomerDocument,
    "\n  mutation UpdateCustomer($input: UpdateCustomerInput!) {\n    updateCustomer(input: $input) { customer { id name email company country quotas { name used max level } } }\n  }\n": typeof types.UpdateCustomerDocument,
    "\n  mutation ArchiveCustomer($input: ArchiveCustomerInput!) {\n    archiveCustomer(input: $input) { customer { id state } }\n  }\n": typeof types.ArchiveCustomerDocument,
    "\n  mutation SuspendCustomer($input: SuspendCustomerInput!) {\n    suspendCustomer(input: $input) { preview { steps quotas { name used max level } } customer { id state suspendReason } job { id } }\n  }\n": typeof types.SuspendCustomerDocument,
    "\n  mutation ResumeCustomer($input: ResumeCustomerInput!) {\n    resumeCustomer(input: $input) { preview { steps quotas { name used max level } } customer { id state suspendReason } job { id } }\n  }\n": typeof types.ResumeCustomerDocument,
    "\n  mutation InviteMember($input: InviteUserInput!) {\n    inviteUser(input: $input) { invitation { id email expiresAt } }\n  }\n": typeof types.InviteMemberDocument,
    "\n  mutation RevokeMemberInvitation($input: RevokeInvitationInput!) {\n    revokeInvitation(input: $input) { ok }\n  }\n": typeof types.RevokeMemberInvitationDocument,
    "\n  mutation ChangeMembership($input: ChangeMembershipInput!) {\n    changeMembership(input: $input) { membership { role user { id } customer { id } } }\n  }\n": typeof types.ChangeMembershipDocument,
    "\n  mutation RemoveMember($input: RemoveMemberInput!) {\n    removeMember(input: $input) { ok }\n  }\n": typeof types.RemoveMemberDocument,
    "\n  mutation RevokeCustomerToken($input: RevokeApiTokenInput!) {\n    revokeApiToken(input: $input) { apiToken { id } }\n  }\n": typeof types.RevokeCustomerTokenDocument,
    "\n  query CustomerServices($id: ID!) {\n    customer(id: $id) {\n      id\n      quotas { name used max level }\n      databases(first: 10) { nodes { id name state } totalCount }\n      children(first: 10) { nodes { id name state } totalCount }\n    }\n  }\n": typeof types.CustomerServicesDocument,
    "\n  query CustomerTokens($id: ID!) {\n    customer(id: $id) { id apiTokens(first: 100) { nodes { id name prefix permissions lastUsedAt lastUsedIp expiresAt createdAt user { id name } } totalCount } }\n  }\n": typeof types.CustomerTokensDocument,
    "\n  query ServersForDatabases {\n    databaseServers(first: 100) { nodes { id name host reachable blocked maintenance { reason } } }\n  }\n": typeof types.ServersForDatabasesDocument,
    "\n  query OwnCustomers {\n    customers(first: 2) { nodes { id } }\n  }\n": typeof types.OwnCustomersDocument,
    "\n  query DatabasePrefix($customerId: ID!) {\n    databases(first: 1, filter: { customerId: $customerId }) { nodes { id name externalName } }\n  }\n": typeof types.DatabasePrefixDocument,
    "\n  query DatabaseDetail($id: ID!) {\n    database(id: $id) {\n      id name externalName username previousUsername previousUntil state host port accessCidrs connectionLimit suspendReason suspendedFromAbove\n      sizeBytes connections overQuota cleanupUntil measuredAt createdAt updatedAt deleteAfter driftPolicy\n      customer { id name state }\n      server { id name capabilities { name available hint } }\n      connectionStrings { format value }\n    }\n  }\n": typeof types.DatabaseDetailDocument,
    "\n  query DatabaseDumps($id: ID!) {\n    database(id: $id) {\n      id\n      dumps(first: 100) {\n        nodes { id origin state format sizeBytes rawBytes sha256 createdAt expiresAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": typeof types.DatabaseDumpsDocument,
    "\n  query Databases($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DatabaseFilter, $order: DatabaseOrder) {\n    databases(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name externalName state sizeBytes connections connectionLimit createdAt host customer { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": typeof types.DatabasesDocument,
    "\n  mutation RestoreDatabase($input: RestoreDatabaseInput!) {\n    restoreDatabase(input: $input) { database { id state deleteAfter } job { id } }\n  }\n": typeof types.RestoreDatabaseDocument,
    "\n  mutation CreateDatabase($input: CreateDatabaseInput!) {\n    createDatabase(input: $input) {\n      preview { steps quotas { name used max level } }\n      database { id name state }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n": typeof types.CreateDatabaseDocument,
    "\n  mutation RotateDatabasePassword($input: RotateDatabasePasswordInput!) {\n    rotateDatabasePassword(input: $input) {\n      preview { steps quotas { name used max level } }\n      database { id username previousUsername previousUntil }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n": typeof types.RotateDatabasePasswordDocument,
    "\n  mutation KeepPreviousDatabaseLogin($input: KeepPreviousDatabaseLoginInput!) {\n    keepPreviousDatabaseLogin(input: $input) { preview { steps quotas { name used max level } } database { id } job { id } }\n  }\n": typeof types.KeepPreviousDatabaseLoginDocument,
    "\n  mutation SuspendDatabase($input: SuspendDatabaseInput!) {\n    suspendDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state suspendReason } job { id } }\n  }\n": typeof types.SuspendDatabaseDocument,
    "\n  mutation ResumeDatabase($input: ResumeDatabaseInput!) {\n    resumeDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state } job { id } }\n  }\n": typeof types.ResumeDatabaseDocument,
    "\n  mutation DeleteDatabase($input: DeleteDatabaseInput!) {\n    deleteDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state deleteAfter } job { id } }\n  }\n": typeof types.DeleteDatabaseDocument,
    "\n  mutation OpenDatabaseForCleanup($input: OpenDatabaseForCleanupInput!) {\n    openDatabaseForCleanup(input: $input) { preview { steps quotas { name used max level } } database { id cleanupUntil } job { id } }\n  }\n": typeof types.OpenDatabaseForCleanupDocument,
    "\n  mutation SetDatabaseAccess($input: SetDatabaseAccessInput!) {\n    setDatabaseAccess(input: $input) { preview { steps quotas { name used max level } } database { id accessCidrs } job { id } }\n  }\n": typeof types.SetDatabaseAccessDocument,
    "\n  mutation SetDatabaseDriftPolicy($input: SetDatabaseDriftPolicyInput!) {\n    setDatabaseDriftPolicy(input: $input) { database { id driftPolicy } }\n  }\n": typeof types.SetDatabaseDriftPolicyDocument,
    "\n  mutation CloneDatabase($input: CloneDatabaseInput!) {\n    cloneDatabase(input: $input) {\n      preview { steps quotas { name used max level } }\n      database { id name state }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n": typeof types.CloneDatabaseDocument,
    "\n  mutation ChangeDatabases($input: ChangeDatabasesInput!) {\n    changeDatabases(input: $input) { preview { steps quotas { name used max level } } databases { id state } job { id } }\n  }\n": typeof types.ChangeDatabasesDocument,
    "\n  mutation ExportDatabase($input: ExportDatabaseInput!) {\n    exportDatabase(input: $input) { preview { steps quotas { name used max level } } dump { id state } job { id } }\n  }\n": typeof types.ExportDatabaseDocument,
    "\n  mutation CreateDatabaseDumpUrl($input: CreateDatabaseDumpUrlInput!) {\n    createDatabaseDumpUrl(input: $input) { url expiresAt }\n  }\n": typeof types.CreateDatabaseDumpUrlDocument,
    "\n  mutation CreateDatabaseUpload($input: CreateDatabaseUploadInput!) {\n    createDatabaseUpload(input: $input) { dump { id state } url expiresAt }\n  }\n": typeof types.CreateDatabaseUploadDocument,
    "\n  mutation ImportDatabase($input: ImportDatabaseInput!) {\n    importDatabase(input: $input) { preview { steps quotas { name used max level } } database { id } job { id } }\n  }\n": typeof types.ImportDatabaseDocument,
    "\n  mutation DeleteDatabaseDump($input: DeleteDatabaseDumpInput!) {\n    deleteDatabaseDump(input: $input) { dump { id } }\n  }\n": typeof types.DeleteDatabaseDumpDocument,
    "\n  mutation CreateDatabaseUser($input: CreateDatabaseUserInput!) {\n    createDatabaseUser(input: $input) {\n      preview { steps quotas { name used max level } }\n      databaseUser { id name state }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n": typeof types.CreateDatabaseUserDocument,
    "\n  mutation UpdateDatabaseUser($input: UpdateDatabaseUserInput!) {\n    updateDatabaseUser(input: $input) { preview { steps quotas { name used max level } } databaseUser { id rights connectionLimit statementTimeoutSeconds } job { id } }\n  }\n": typeof types.UpdateDatabaseUserDocument,
    "\n  mutation RotateDatabaseUserPassword($input: RotateDatabaseUserPasswordInput!) {\n    rotateDatabaseUserPassword(input: $input) {\n      preview { steps quotas { name used max level } }\n      databaseUser { id }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n": typeof types.RotateDatabaseUserPasswordDocument,
    "\n  mutation DeleteDatabaseUser($input: DeleteDatabaseUserInput!) {\n    deleteDatabaseUser(input: $input) { preview { steps quotas { name used max level } } databaseUser { id state } job { id } }\n  }\n": typeof types.DeleteDatabaseUserDocument,
    "\n  query DatabaseUsers($id: ID!) {\n    database(id: $id) {\n      id\n      users(first: 100) {\n        nodes { id name username rights state connectionLimit statementTimeoutSeconds createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": typeof types.DatabaseUsersDocument,
    "\n  query Job($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor nextAttemptAt attempts cancelRequestedAt createdAt startedAt finishedAt\n      customer { id name }\n      actor { id name }\n      resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } }\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n      children(first: 100) { nodes { id kind state percent } totalCount }\n    }\n  }\n": typeof types.JobDocument,
    "\n  mutation CancelJob($input: CancelJobInput!) {\n    cancelJob(input: $input) { job { id state cancelRequestedAt } }\n  }\n": typeof types.CancelJobDocument,
    "\n  mutation RetryJob($input: RetryJobInput!) {\n    retryJob(input: $input) { job { id state } }\n  }\n": typeof types.RetryJobDocument,
    "\n  query Jobs($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id kind state percent waitingFor createdAt startedAt finishedAt customer { id name } actor { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": typeof types.JobsDocument,
    "\n  mutation RefreshSession {\n    refreshSession { accessToken expiresAt }\n  }\n": typeof types.RefreshSessionDocument,
    "\n  mutation SignOut {\n    signOut { ok }\n  }\n": typeof types.SignOutDocument,
    "\n  mutation EndImpersonation {\n    endImpersonation { impersonation { endedAt } }\n  }\n": typeof types.EndImpersonationDocument,
};
const documents: Documents = {
    "\n  mutation SetUp($input: SetUpInput!) {\n    setUp(input: $input) { expiresAt }\n  }\n": types.SetUpDocument,
    "\n  mutation SignUp($input: SignUpInput!) {\n    signUp(input: $input) { ok }\n  }\n": types.SignUpDocument,
    "\n  mutation VerifyEmail($input: VerifyEmailInput!) {\n    verifyEmail(input: $input) { ok }\n  }\n": types.VerifyEmailDocument,
    "\n  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {\n    requestPasswordReset(input: $input) { ok }\n  }\n": types.RequestPasswordResetDocument,
    "\n  mutation ResetPassword($input: ResetPasswordInput!) {\n    resetPassword(input: $input) { ok }\n  }\n": types.ResetPasswordDocument,
    "\n  mutation AcceptInvitation($input: AcceptInvitationInput!) {\n    acceptInvitation(input: $input) { email newAccount }\n  }\n": types.AcceptInvitationDocument,
    "\n  mutation ConfirmIdentity($input: ConfirmIdentityInput!) {\n    confirmIdentity(input: $input) { confirmedUntil }\n  }\n": types.ConfirmIdentityDocument,
    "\n  subscription JobFeed($after: StreamPosition) {\n    jobFeed(after: $after) {\n      ... on JobEvent { position jobId kind state step }\n      ... on StreamGap { position }\n    }\n  }\n": types.JobFeedDocument,
    "\n  query Find($text: String!, $customers: Boolean!, $databases: Boolean!) {\n    customers(first: 5, filter: { search: $text }) @include(if: $customers) { nodes { id name email } }\n    databases(first: 5, filter: { search: $text }) @include(if: $databases) { nodes { id name externalName } }\n  }\n": types.FindDocument,
    "\n  query FindServers {\n    databaseServers(first: 100) { nodes { id name host } }\n  }\n": types.FindServersDocument,
    "\n  query Viewer {\n    viewer {\n      user { id name email role totpEnabled }\n      permissions\n      secondFactorMissing\n      impersonatedBy { id name }\n    }\n  }\n": types.ViewerDocument,
    "\n  query ChooseCustomer($text: String) {\n    customers(first: 20, filter: { search: $text }, order: { field: NAME }) { nodes { id name email state } }\n  }\n": types.ChooseCustomerDocument,
    "\n  query ChosenCustomer($id: ID!) {\n    customer(id: $id) { id name }\n  }\n": types.ChosenCustomerDocument,
    "\n  query JobLive($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor finishedAt\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n    }\n  }\n": types.JobLiveDocument,
    "\n  query JobsOf($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id kind state percent waitingFor createdAt startedAt finishedAt actor { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": types.JobsOfDocument,
    "\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) { accessToken expiresAt viewer { user { id } } }\n  }\n": types.SignInDocument,
    "\n  subscription JobProgress($id: ID!, $after: StreamPosition) {\n    jobProgress(id: $id, after: $after) {\n      ... on JobEvent { position at kind state step stepState percent message error { code message retryable } }\n      ... on StreamGap { position }\n    }\n  }\n": types.JobProgressDocument,
    "\n  query PermissionsIn($customerId: ID!) {\n    viewer { permissions(customerId: $customerId) }\n  }\n": types.PermissionsInDocument,
    "\n  query SeesSeveralCustomers {\n    customers(first: 2) { nodes { id } }\n  }\n": types.SeesSeveralCustomersDocument,
    "\n  query CustomerAudit($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: AuditFilter) {\n    auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id at action allowed times ip objectId actor { id name } impersonator { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n    }\n  }\n": types.CustomerAuditDocument,
    "\n  query CustomerChildren($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      children(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name email state createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": types.CustomerChildrenDocument,
    "\n  query CustomerDatabases($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      databases(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name externalName state sizeBytes createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": types.CustomerDatabasesDocument,
    "\n  query CustomerDetail($id: ID!) {\n    customer(id: $id) {\n      id name email company country state suspendReason createdAt updatedAt\n      parent { id name }\n      quotas { name used max level }\n      databases(first: 1) { totalCount }\n      children(first: 1) { totalCount }\n    }\n  }\n": types.CustomerDetailDocument,
    "\n  query CustomerInvitations($customerId: ID!) {\n    invitations(first: 100, filter: { customerId: $customerId }) { nodes { id email name customerRole createdAt expiresAt invitedBy { id name } } totalCount }\n  }\n": types.CustomerInvitationsDocument,
    "\n  query Customers($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: CustomerFilter, $order: CustomerOrder) {\n    customers(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name email company country state createdAt parent { id name } quotas { name used max level } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": types.CustomersDocument,
    "\n  query CustomerMembers($id: ID!) {\n    customer(id: $id) {\n      id\n      memberships(first: 100) {\n        nodes { role createdAt user { id name email totpEnabled disabledAt } }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": types.CustomerMembersDocument,
    "\n  mutation CreateCustomer($input: CreateCustomerInput!) {\n    createCustomer(input: $input) { customer { id name state } }\n  }\n": types.CreateCustomerDocument,
    "\n  mutation UpdateCustomer($input: UpdateCustomerInput!) {\n    updateCustomer(input: $input) { customer { id name email company country quotas { name used max level } } }\n  }\n": types.UpdateCustomerDocument,
    "\n  mutation ArchiveCustomer($input: ArchiveCustomerInput!) {\n    archiveCustomer(input: $input) { customer { id state } }\n  }\n": types.ArchiveCustomerDocument,
    "\n  mutation SuspendCustomer($input: SuspendCustomerInput!) {\n    suspendCustomer(input: $input) { preview { steps quotas { name used max level } } customer { id state suspendReason } job { id } }\n  }\n": types.SuspendCustomerDocument,
    "\n  mutation ResumeCustomer($input: ResumeCustomerInput!) {\n    resumeCustomer(input: $input) { preview { steps quotas { name used max level } } customer { id state suspendReason } job { id } }\n  }\n": types.ResumeCustomerDocument,
    "\n  mutation InviteMember($input: InviteUserInput!) {\n    inviteUser(input: $input) { invitation { id email expiresAt } }\n  }\n": types.InviteMemberDocument,
    "\n  mutation RevokeMemberInvitation($input: RevokeInvitationInput!) {\n    revokeInvitation(input: $input) { ok }\n  }\n": types.RevokeMemberInvitationDocument,
    "\n  mutation ChangeMembership($input: ChangeMembershipInput!) {\n    changeMembership(input: $input) { membership { role user { id } customer { id } } }\n  }\n": types.ChangeMembershipDocument,
    "\n  mutation RemoveMember($input: RemoveMemberInput!) {\n    removeMember(input: $input) { ok }\n  }\n": types.RemoveMemberDocument,
    "\n  mutation RevokeCustomerToken($input: RevokeApiTokenInput!) {\n    revokeApiToken(input: $input) { apiToken { id } }\n  }\n": types.RevokeCustomerTokenDocument,
    "\n  query CustomerServices($id: ID!) {\n    customer(id: $id) {\n      id\n      quotas { name used max level }\n      databases(first: 10) { nodes { id name state } totalCount }\n      children(first: 10) { nodes { id name state } totalCount }\n    }\n  }\n": types.CustomerServicesDocument,
    "\n  query CustomerTokens($id: ID!) {\n    customer(id: $id) { id apiTokens(first: 100) { nodes { id name prefix permissions lastUsedAt lastUsedIp expiresAt createdAt user { id name } } totalCount } }\n  }\n": types.CustomerTokensDocument,
    "\n  query ServersForDatabases {\n    databaseServers(first: 100) { nodes { id name host reachable blocked maintenance { reason } } }\n  }\n": types.ServersForDatabasesDocument,
    "\n  query OwnCustomers {\n    customers(first: 2) { nodes { id } }\n  }\n": types.OwnCustomersDocument,
    "\n  query DatabasePrefix($customerId: ID!) {\n    databases(first: 1, filter: { customerId: $customerId }) { nodes { id name externalName } }\n  }\n": types.DatabasePrefixDocument,
    "\n  query DatabaseDetail($id: ID!) {\n    database(id: $id) {\n      id name externalName username previousUsername previousUntil state host port accessCidrs connectionLimit suspendReason suspendedFromAbove\n      sizeBytes connections overQuota cleanupUntil measuredAt createdAt updatedAt deleteAfter driftPolicy\n      customer { id name state }\n      server { id name capabilities { name available hint } }\n      connectionStrings { format value }\n    }\n  }\n": types.DatabaseDetailDocument,
    "\n  query DatabaseDumps($id: ID!) {\n    database(id: $id) {\n      id\n      dumps(first: 100) {\n        nodes { id origin state format sizeBytes rawBytes sha256 createdAt expiresAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": types.DatabaseDumpsDocument,
    "\n  query Databases($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DatabaseFilter, $order: DatabaseOrder) {\n    databases(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name externalName state sizeBytes connections connectionLimit createdAt host customer { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": types.DatabasesDocument,
    "\n  mutation RestoreDatabase($input: RestoreDatabaseInput!) {\n    restoreDatabase(input: $input) { database { id state deleteAfter } job { id } }\n  }\n": types.RestoreDatabaseDocument,
    "\n  mutation CreateDatabase($input: CreateDatabaseInput!) {\n    createDatabase(input: $input) {\n      preview { steps quotas { name used max level } }\n      database { id name state }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n": types.CreateDatabaseDocument,
    "\n  mutation RotateDatabasePassword($input: RotateDatabasePasswordInput!) {\n    rotateDatabasePassword(input: $input) {\n      preview { steps quotas { name used max level } }\n      database { id username previousUsername previousUntil }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n": types.RotateDatabasePasswordDocument,
    "\n  mutation KeepPreviousDatabaseLogin($input: KeepPreviousDatabaseLoginInput!) {\n    keepPreviousDatabaseLogin(input: $input) { preview { steps quotas { name used max level } } database { id } job { id } }\n  }\n": types.KeepPreviousDatabaseLoginDocument,
    "\n  mutation SuspendDatabase($input: SuspendDatabaseInput!) {\n    suspendDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state suspendReason } job { id } }\n  }\n": types.SuspendDatabaseDocument,
    "\n  mutation ResumeDatabase($input: ResumeDatabaseInput!) {\n    resumeDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state } job { id } }\n  }\n": types.ResumeDatabaseDocument,
    "\n  mutation DeleteDatabase($input: DeleteDatabaseInput!) {\n    deleteDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state deleteAfter } job { id } }\n  }\n": types.DeleteDatabaseDocument,
    "\n  mutation OpenDatabaseForCleanup($input: OpenDatabaseForCleanupInput!) {\n    openDatabaseForCleanup(input: $input) { preview { steps quotas { name used max level } } database { id cleanupUntil } job { id } }\n  }\n": types.OpenDatabaseForCleanupDocument,
    "\n  mutation SetDatabaseAccess($input: SetDatabaseAccessInput!) {\n    setDatabaseAccess(input: $input) { preview { steps quotas { name used max level } } database { id accessCidrs } job { id } }\n  }\n": types.SetDatabaseAccessDocument,
    "\n  mutation SetDatabaseDriftPolicy($input: SetDatabaseDriftPolicyInput!) {\n    setDatabaseDriftPolicy(input: $input) { database { id driftPolicy } }\n  }\n": types.SetDatabaseDriftPolicyDocument,
    "\n  mutation CloneDatabase($input: CloneDatabaseInput!) {\n    cloneDatabase(input: $input) {\n      preview { steps quotas { name used max level } }\n      database { id name state }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n": types.CloneDatabaseDocument,
    "\n  mutation ChangeDatabases($input: ChangeDatabasesInput!) {\n    changeDatabases(input: $input) { preview { steps quotas { name used max level } } databases { id state } job { id } }\n  }\n": types.ChangeDatabasesDocument,
    "\n  mutation ExportDatabase($input: ExportDatabaseInput!) {\n    exportDatabase(input: $input) { preview { steps quotas { name used max level } } dump { id state } job { id } }\n  }\n": types.ExportDatabaseDocument,
    "\n  mutation CreateDatabaseDumpUrl($input: CreateDatabaseDumpUrlInput!) {\n    createDatabaseDumpUrl(input: $input) { url expiresAt }\n  }\n": types.CreateDatabaseDumpUrlDocument,
    "\n  mutation CreateDatabaseUpload($input: CreateDatabaseUploadInput!) {\n    createDatabaseUpload(input: $input) { dump { id state } url expiresAt }\n  }\n": types.CreateDatabaseUploadDocument,
    "\n  mutation ImportDatabase($input: ImportDatabaseInput!) {\n    importDatabase(input: $input) { preview { steps quotas { name used max level } } database { id } job { id } }\n  }\n": types.ImportDatabaseDocument,
    "\n  mutation DeleteDatabaseDump($input: DeleteDatabaseDumpInput!) {\n    deleteDatabaseDump(input: $input) { dump { id } }\n  }\n": types.DeleteDatabaseDumpDocument,
    "\n  mutation CreateDatabaseUser($input: CreateDatabaseUserInput!) {\n    createDatabaseUser(input: $input) {\n      preview { steps quotas { name used max level } }\n      databaseUser { id name state }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n": types.CreateDatabaseUserDocument,
    "\n  mutation UpdateDatabaseUser($input: UpdateDatabaseUserInput!) {\n    updateDatabaseUser(input: $input) { preview { steps quotas { name used max level } } databaseUser { id rights connectionLimit statementTimeoutSeconds } job { id } }\n  }\n": types.UpdateDatabaseUserDocument,
    "\n  mutation RotateDatabaseUserPassword($input: RotateDatabaseUserPasswordInput!) {\n    rotateDatabaseUserPassword(input: $input) {\n      preview { steps quotas { name used max level } }\n      databaseUser { id }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n": types.RotateDatabaseUserPasswordDocument,
    "\n  mutation DeleteDatabaseUser($input: DeleteDatabaseUserInput!) {\n    deleteDatabaseUser(input: $input) { preview { steps quotas { name used max level } } databaseUser { id state } job { id } }\n  }\n": types.DeleteDatabaseUserDocument,
    "\n  query DatabaseUsers($id: ID!) {\n    database(id: $id) {\n      id\n      users(first: 100) {\n        nodes { id name username rights state connectionLimit statementTimeoutSeconds createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": types.DatabaseUsersDocument,
    "\n  query Job($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor nextAttemptAt attempts cancelRequestedAt createdAt startedAt finishedAt\n      customer { id name }\n      actor { id name }\n      resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } }\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n      children(first: 100) { nodes { id kind state percent } totalCount }\n    }\n  }\n": types.JobDocument,
    "\n  mutation CancelJob($input: CancelJobInput!) {\n    cancelJob(input: $input) { job { id state cancelRequestedAt } }\n  }\n": types.CancelJobDocument,
    "\n  mutation RetryJob($input: RetryJobInput!) {\n    retryJob(input: $input) { job { id state } }\n  }\n": types.RetryJobDocument,
    "\n  query Jobs($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id kind state percent waitingFor createdAt startedAt finishedAt customer { id name } actor { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": types.JobsDocument,
    "\n  mutation RefreshSession {\n    refreshSession { accessToken expiresAt }\n  }\n": types.RefreshSessionDocument,
    "\n  mutation SignOut {\n    signOut { ok }\n  }\n": types.SignOutDocument,
    "\n  mutation EndImpersonation {\n    endImpersonation { impersonation { endedAt } }\n  }\n": types.EndImpersonationDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SetUp($input: SetUpInput!) {\n    setUp(input: $input) { expiresAt }\n  }\n"): (typeof documents)["\n  mutation SetUp($input: SetUpInput!) {\n    setUp(input: $input) { expiresAt }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignUp($input: SignUpInput!) {\n    signUp(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation SignUp($input: SignUpInput!) {\n    signUp(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation VerifyEmail($input: VerifyEmailInput!) {\n    verifyEmail(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation VerifyEmail($input: VerifyEmailInput!) {\n    verifyEmail(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {\n    requestPasswordReset(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {\n    requestPasswordReset(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ResetPassword($input: ResetPasswordInput!) {\n    resetPassword(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation ResetPassword($input: ResetPasswordInput!) {\n    resetPassword(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation AcceptInvitation($input: AcceptInvitationInput!) {\n    acceptInvitation(input: $input) { email newAccount }\n  }\n"): (typeof documents)["\n  mutation AcceptInvitation($input: AcceptInvitationInput!) {\n    acceptInvitation(input: $input) { email newAccount }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ConfirmIdentity($input: ConfirmIdentityInput!) {\n    confirmIdentity(input: $input) { confirmedUntil }\n  }\n"): (typeof documents)["\n  mutation ConfirmIdentity($input: ConfirmIdentityInput!) {\n    confirmIdentity(input: $input) { confirmedUntil }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription JobFeed($after: StreamPosition) {\n    jobFeed(after: $after) {\n      ... on JobEvent { position jobId kind state step }\n      ... on StreamGap { position }\n    }\n  }\n"): (typeof documents)["\n  subscription JobFeed($after: StreamPosition) {\n    jobFeed(after: $after) {\n      ... on JobEvent { position jobId kind state step }\n      ... on StreamGap { position }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Find($text: String!, $customers: Boolean!, $databases: Boolean!) {\n    customers(first: 5, filter: { search: $text }) @include(if: $customers) { nodes { id name email } }\n    databases(first: 5, filter: { search: $text }) @include(if: $databases) { nodes { id name externalName } }\n  }\n"): (typeof documents)["\n  query Find($text: String!, $customers: Boolean!, $databases: Boolean!) {\n    customers(first: 5, filter: { search: $text }) @include(if: $customers) { nodes { id name email } }\n    databases(first: 5, filter: { search: $text }) @include(if: $databases) { nodes { id name externalName } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query FindServers {\n    databaseServers(first: 100) { nodes { id name host } }\n  }\n"): (typeof documents)["\n  query FindServers {\n    databaseServers(first: 100) { nodes { id name host } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Viewer {\n    viewer {\n      user { id name email role totpEnabled }\n      permissions\n      secondFactorMissing\n      impersonatedBy { id name }\n    }\n  }\n"): (typeof documents)["\n  query Viewer {\n    viewer {\n      user { id name email role totpEnabled }\n      permissions\n      secondFactorMissing\n      impersonatedBy { id name }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ChooseCustomer($text: String) {\n    customers(first: 20, filter: { search: $text }, order: { field: NAME }) { nodes { id name email state } }\n  }\n"): (typeof documents)["\n  query ChooseCustomer($text: String) {\n    customers(first: 20, filter: { search: $text }, order: { field: NAME }) { nodes { id name email state } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ChosenCustomer($id: ID!) {\n    customer(id: $id) { id name }\n  }\n"): (typeof documents)["\n  query ChosenCustomer($id: ID!) {\n    customer(id: $id) { id name }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query JobLive($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor finishedAt\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n    }\n  }\n"): (typeof documents)["\n  query JobLive($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor finishedAt\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query JobsOf($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id kind state percent waitingFor createdAt startedAt finishedAt actor { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"): (typeof documents)["\n  query JobsOf($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id kind state percent waitingFor createdAt startedAt finishedAt actor { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) { accessToken expiresAt viewer { user { id } } }\n  }\n"): (typeof documents)["\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) { accessToken expiresAt viewer { user { id } } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription JobProgress($id: ID!, $after: StreamPosition) {\n    jobProgress(id: $id, after: $after) {\n      ... on JobEvent { position at kind state step stepState percent message error { code message retryable } }\n      ... on StreamGap { position }\n    }\n  }\n"): (typeof documents)["\n  subscription JobProgress($id: ID!, $after: StreamPosition) {\n    jobProgress(id: $id, after: $after) {\n      ... on JobEvent { position at kind state step stepState percent message error { code message retryable } }\n      ... on StreamGap { position }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query PermissionsIn($customerId: ID!) {\n    viewer { permissions(customerId: $customerId) }\n  }\n"): (typeof documents)["\n  query PermissionsIn($customerId: ID!) {\n    viewer { permissions(customerId: $customerId) }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query SeesSeveralCustomers {\n    customers(first: 2) { nodes { id } }\n  }\n"): (typeof documents)["\n  query SeesSeveralCustomers {\n    customers(first: 2) { nodes { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CustomerAudit($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: AuditFilter) {\n    auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id at action allowed times ip objectId actor { id name } impersonator { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n    }\n  }\n"): (typeof documents)["\n  query CustomerAudit($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: AuditFilter) {\n    auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id at action allowed times ip objectId actor { id name } impersonator { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CustomerChildren($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      children(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name email state createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"): (typeof documents)["\n  query CustomerChildren($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      children(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name email state createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CustomerDatabases($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      databases(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name externalName state sizeBytes createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"): (typeof documents)["\n  query CustomerDatabases($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      databases(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name externalName state sizeBytes createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CustomerDetail($id: ID!) {\n    customer(id: $id) {\n      id name email company country state suspendReason createdAt updatedAt\n      parent { id name }\n      quotas { name used max level }\n      databases(first: 1) { totalCount }\n      children(first: 1) { totalCount }\n    }\n  }\n"): (typeof documents)["\n  query CustomerDetail($id: ID!) {\n    customer(id: $id) {\n      id name email company country state suspendReason createdAt updatedAt\n      parent { id name }\n      quotas { name used max level }\n      databases(first: 1) { totalCount }\n      children(first: 1) { totalCount }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CustomerInvitations($customerId: ID!) {\n    invitations(first: 100, filter: { customerId: $customerId }) { nodes { id email name customerRole createdAt expiresAt invitedBy { id name } } totalCount }\n  }\n"): (typeof documents)["\n  query CustomerInvitations($customerId: ID!) {\n    invitations(first: 100, filter: { customerId: $customerId }) { nodes { id email name customerRole createdAt expiresAt invitedBy { id name } } totalCount }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Customers($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: CustomerFilter, $order: CustomerOrder) {\n    customers(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name email company country state createdAt parent { id name } quotas { name used max level } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"): (typeof documents)["\n  query Customers($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: CustomerFilter, $order: CustomerOrder) {\n    customers(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name email company country state createdAt parent { id name } quotas { name used max level } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CustomerMembers($id: ID!) {\n    customer(id: $id) {\n      id\n      memberships(first: 100) {\n        nodes { role createdAt user { id name email totpEnabled disabledAt } }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"): (typeof documents)["\n  query CustomerMembers($id: ID!) {\n    customer(id: $id) {\n      id\n      memberships(first: 100) {\n        nodes { role createdAt user { id name email totpEnabled disabledAt } }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateCustomer($input: CreateCustomerInput!) {\n    createCustomer(input: $input) { customer { id name state } }\n  }\n"): (typeof documents)["\n  mutation CreateCustomer($input: CreateCustomerInput!) {\n    createCustomer(input: $input) { customer { id name state } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateCustomer($input: UpdateCustomerInput!) {\n    updateCustomer(input: $input) { customer { id name email company country quotas { name used max level } } }\n  }\n"): (typeof documents)["\n  mutation UpdateCustomer($input: UpdateCustomerInput!) {\n    updateCustomer(input: $input) { customer { id name email company country quotas { name used max level } } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ArchiveCustomer($input: ArchiveCustomerInput!) {\n    archiveCustomer(input: $input) { customer { id state } }\n  }\n"): (typeof documents)["\n  mutation ArchiveCustomer($input: ArchiveCustomerInput!) {\n    archiveCustomer(input: $input) { customer { id state } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SuspendCustomer($input: SuspendCustomerInput!) {\n    suspendCustomer(input: $input) { preview { steps quotas { name used max level } } customer { id state suspendReason } job { id } }\n  }\n"): (typeof documents)["\n  mutation SuspendCustomer($input: SuspendCustomerInput!) {\n    suspendCustomer(input: $input) { preview { steps quotas { name used max level } } customer { id state suspendReason } job { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ResumeCustomer($input: ResumeCustomerInput!) {\n    resumeCustomer(input: $input) { preview { steps quotas { name used max level } } customer { id state suspendReason } job { id } }\n  }\n"): (typeof documents)["\n  mutation ResumeCustomer($input: ResumeCustomerInput!) {\n    resumeCustomer(input: $input) { preview { steps quotas { name used max level } } customer { id state suspendReason } job { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation InviteMember($input: InviteUserInput!) {\n    inviteUser(input: $input) { invitation { id email expiresAt } }\n  }\n"): (typeof documents)["\n  mutation InviteMember($input: InviteUserInput!) {\n    inviteUser(input: $input) { invitation { id email expiresAt } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RevokeMemberInvitation($input: RevokeInvitationInput!) {\n    revokeInvitation(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation RevokeMemberInvitation($input: RevokeInvitationInput!) {\n    revokeInvitation(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ChangeMembership($input: ChangeMembershipInput!) {\n    changeMembership(input: $input) { membership { role user { id } customer { id } } }\n  }\n"): (typeof documents)["\n  mutation ChangeMembership($input: ChangeMembershipInput!) {\n    changeMembership(input: $input) { membership { role user { id } customer { id } } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RemoveMember($input: RemoveMemberInput!) {\n    removeMember(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation RemoveMember($input: RemoveMemberInput!) {\n    removeMember(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RevokeCustomerToken($input: RevokeApiTokenInput!) {\n    revokeApiToken(input: $input) { apiToken { id } }\n  }\n"): (typeof documents)["\n  mutation RevokeCustomerToken($input: RevokeApiTokenInput!) {\n    revokeApiToken(input: $input) { apiToken { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CustomerServices($id: ID!) {\n    customer(id: $id) {\n      id\n      quotas { name used max level }\n      databases(first: 10) { nodes { id name state } totalCount }\n      children(first: 10) { nodes { id name state } totalCount }\n    }\n  }\n"): (typeof documents)["\n  query CustomerServices($id: ID!) {\n    customer(id: $id) {\n      id\n      quotas { name used max level }\n      databases(first: 10) { nodes { id name state } totalCount }\n      children(first: 10) { nodes { id name state } totalCount }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CustomerTokens($id: ID!) {\n    customer(id: $id) { id apiTokens(first: 100) { nodes { id name prefix permissions lastUsedAt lastUsedIp expiresAt createdAt user { id name } } totalCount } }\n  }\n"): (typeof documents)["\n  query CustomerTokens($id: ID!) {\n    customer(id: $id) { id apiTokens(first: 100) { nodes { id name prefix permissions lastUsedAt lastUsedIp expiresAt createdAt user { id name } } totalCount } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ServersForDatabases {\n    databaseServers(first: 100) { nodes { id name host reachable blocked maintenance { reason } } }\n  }\n"): (typeof documents)["\n  query ServersForDatabases {\n    databaseServers(first: 100) { nodes { id name host reachable blocked maintenance { reason } } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query OwnCustomers {\n    customers(first: 2) { nodes { id } }\n  }\n"): (typeof documents)["\n  query OwnCustomers {\n    customers(first: 2) { nodes { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DatabasePrefix($customerId: ID!) {\n    databases(first: 1, filter: { customerId: $customerId }) { nodes { id name externalName } }\n  }\n"): (typeof documents)["\n  query DatabasePrefix($customerId: ID!) {\n    databases(first: 1, filter: { customerId: $customerId }) { nodes { id name externalName } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DatabaseDetail($id: ID!) {\n    database(id: $id) {\n      id name externalName username previousUsername previousUntil state host port accessCidrs connectionLimit suspendReason suspendedFromAbove\n      sizeBytes connections overQuota cleanupUntil measuredAt createdAt updatedAt deleteAfter driftPolicy\n      customer { id name state }\n      server { id name capabilities { name available hint } }\n      connectionStrings { format value }\n    }\n  }\n"): (typeof documents)["\n  query DatabaseDetail($id: ID!) {\n    database(id: $id) {\n      id name externalName username previousUsername previousUntil state host port accessCidrs connectionLimit suspendReason suspendedFromAbove\n      sizeBytes connections overQuota cleanupUntil measuredAt createdAt updatedAt deleteAfter driftPolicy\n      customer { id name state }\n      server { id name capabilities { name available hint } }\n      connectionStrings { format value }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DatabaseDumps($id: ID!) {\n    database(id: $id) {\n      id\n      dumps(first: 100) {\n        nodes { id origin state format sizeBytes rawBytes sha256 createdAt expiresAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"): (typeof documents)["\n  query DatabaseDumps($id: ID!) {\n    database(id: $id) {\n      id\n      dumps(first: 100) {\n        nodes { id origin state format sizeBytes rawBytes sha256 createdAt expiresAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Databases($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DatabaseFilter, $order: DatabaseOrder) {\n    databases(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name externalName state sizeBytes connections connectionLimit createdAt host customer { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"): (typeof documents)["\n  query Databases($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DatabaseFilter, $order: DatabaseOrder) {\n    databases(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name externalName state sizeBytes connections connectionLimit createdAt host customer { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RestoreDatabase($input: RestoreDatabaseInput!) {\n    restoreDatabase(input: $input) { database { id state deleteAfter } job { id } }\n  }\n"): (typeof documents)["\n  mutation RestoreDatabase($input: RestoreDatabaseInput!) {\n    restoreDatabase(input: $input) { database { id state deleteAfter } job { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateDatabase($input: CreateDatabaseInput!) {\n    createDatabase(input: $input) {\n      preview { steps quotas { name used max level } }\n      database { id name state }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n"): (typeof documents)["\n  mutation CreateDatabase($input: CreateDatabaseInput!) {\n    createDatabase(input: $input) {\n      preview { steps quotas { name used max level } }\n      database { id name state }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RotateDatabasePassword($input: RotateDatabasePasswordInput!) {\n    rotateDatabasePassword(input: $input) {\n      preview { steps quotas { name used max level } }\n      database { id username previousUsername previousUntil }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n"): (typeof documents)["\n  mutation RotateDatabasePassword($input: RotateDatabasePasswordInput!) {\n    rotateDatabasePassword(input: $input) {\n      preview { steps quotas { name used max level } }\n      database { id username previousUsername previousUntil }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation KeepPreviousDatabaseLogin($input: KeepPreviousDatabaseLoginInput!) {\n    keepPreviousDatabaseLogin(input: $input) { preview { steps quotas { name used max level } } database { id } job { id } }\n  }\n"): (typeof documents)["\n  mutation KeepPreviousDatabaseLogin($input: KeepPreviousDatabaseLoginInput!) {\n    keepPreviousDatabaseLogin(input: $input) { preview { steps quotas { name used max level } } database { id } job { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SuspendDatabase($input: SuspendDatabaseInput!) {\n    suspendDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state suspendReason } job { id } }\n  }\n"): (typeof documents)["\n  mutation SuspendDatabase($input: SuspendDatabaseInput!) {\n    suspendDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state suspendReason } job { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ResumeDatabase($input: ResumeDatabaseInput!) {\n    resumeDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state } job { id } }\n  }\n"): (typeof documents)["\n  mutation ResumeDatabase($input: ResumeDatabaseInput!) {\n    resumeDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state } job { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeleteDatabase($input: DeleteDatabaseInput!) {\n    deleteDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state deleteAfter } job { id } }\n  }\n"): (typeof documents)["\n  mutation DeleteDatabase($input: DeleteDatabaseInput!) {\n    deleteDatabase(input: $input) { preview { steps quotas { name used max level } } database { id state deleteAfter } job { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation OpenDatabaseForCleanup($input: OpenDatabaseForCleanupInput!) {\n    openDatabaseForCleanup(input: $input) { preview { steps quotas { name used max level } } database { id cleanupUntil } job { id } }\n  }\n"): (typeof documents)["\n  mutation OpenDatabaseForCleanup($input: OpenDatabaseForCleanupInput!) {\n    openDatabaseForCleanup(input: $input) { preview { steps quotas { name used max level } } database { id cleanupUntil } job { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SetDatabaseAccess($input: SetDatabaseAccessInput!) {\n    setDatabaseAccess(input: $input) { preview { steps quotas { name used max level } } database { id accessCidrs } job { id } }\n  }\n"): (typeof documents)["\n  mutation SetDatabaseAccess($input: SetDatabaseAccessInput!) {\n    setDatabaseAccess(input: $input) { preview { steps quotas { name used max level } } database { id accessCidrs } job { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SetDatabaseDriftPolicy($input: SetDatabaseDriftPolicyInput!) {\n    setDatabaseDriftPolicy(input: $input) { database { id driftPolicy } }\n  }\n"): (typeof documents)["\n  mutation SetDatabaseDriftPolicy($input: SetDatabaseDriftPolicyInput!) {\n    setDatabaseDriftPolicy(input: $input) { database { id driftPolicy } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CloneDatabase($input: CloneDatabaseInput!) {\n    cloneDatabase(input: $input) {\n      preview { steps quotas { name used max level } }\n      database { id name state }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n"): (typeof documents)["\n  mutation CloneDatabase($input: CloneDatabaseInput!) {\n    cloneDatabase(input: $input) {\n      preview { steps quotas { name used max level } }\n      database { id name state }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ChangeDatabases($input: ChangeDatabasesInput!) {\n    changeDatabases(input: $input) { preview { steps quotas { name used max level } } databases { id state } job { id } }\n  }\n"): (typeof documents)["\n  mutation ChangeDatabases($input: ChangeDatabasesInput!) {\n    changeDatabases(input: $input) { preview { steps quotas { name used max level } } databases { id state } job { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ExportDatabase($input: ExportDatabaseInput!) {\n    exportDatabase(input: $input) { preview { steps quotas { name used max level } } dump { id state } job { id } }\n  }\n"): (typeof documents)["\n  mutation ExportDatabase($input: ExportDatabaseInput!) {\n    exportDatabase(input: $input) { preview { steps quotas { name used max level } } dump { id state } job { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateDatabaseDumpUrl($input: CreateDatabaseDumpUrlInput!) {\n    createDatabaseDumpUrl(input: $input) { url expiresAt }\n  }\n"): (typeof documents)["\n  mutation CreateDatabaseDumpUrl($input: CreateDatabaseDumpUrlInput!) {\n    createDatabaseDumpUrl(input: $input) { url expiresAt }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateDatabaseUpload($input: CreateDatabaseUploadInput!) {\n    createDatabaseUpload(input: $input) { dump { id state } url expiresAt }\n  }\n"): (typeof documents)["\n  mutation CreateDatabaseUpload($input: CreateDatabaseUploadInput!) {\n    createDatabaseUpload(input: $input) { dump { id state } url expiresAt }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ImportDatabase($input: ImportDatabaseInput!) {\n    importDatabase(input: $input) { preview { steps quotas { name used max level } } database { id } job { id } }\n  }\n"): (typeof documents)["\n  mutation ImportDatabase($input: ImportDatabaseInput!) {\n    importDatabase(input: $input) { preview { steps quotas { name used max level } } database { id } job { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeleteDatabaseDump($input: DeleteDatabaseDumpInput!) {\n    deleteDatabaseDump(input: $input) { dump { id } }\n  }\n"): (typeof documents)["\n  mutation DeleteDatabaseDump($input: DeleteDatabaseDumpInput!) {\n    deleteDatabaseDump(input: $input) { dump { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateDatabaseUser($input: CreateDatabaseUserInput!) {\n    createDatabaseUser(input: $input) {\n      preview { steps quotas { name used max level } }\n      databaseUser { id name state }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n"): (typeof documents)["\n  mutation CreateDatabaseUser($input: CreateDatabaseUserInput!) {\n    createDatabaseUser(input: $input) {\n      preview { steps quotas { name used max level } }\n      databaseUser { id name state }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateDatabaseUser($input: UpdateDatabaseUserInput!) {\n    updateDatabaseUser(input: $input) { preview { steps quotas { name used max level } } databaseUser { id rights connectionLimit statementTimeoutSeconds } job { id } }\n  }\n"): (typeof documents)["\n  mutation UpdateDatabaseUser($input: UpdateDatabaseUserInput!) {\n    updateDatabaseUser(input: $input) { preview { steps quotas { name used max level } } databaseUser { id rights connectionLimit statementTimeoutSeconds } job { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RotateDatabaseUserPassword($input: RotateDatabaseUserPasswordInput!) {\n    rotateDatabaseUserPassword(input: $input) {\n      preview { steps quotas { name used max level } }\n      databaseUser { id }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n"): (typeof documents)["\n  mutation RotateDatabaseUserPassword($input: RotateDatabaseUserPasswordInput!) {\n    rotateDatabaseUserPassword(input: $input) {\n      preview { steps quotas { name used max level } }\n      databaseUser { id }\n      credentials { host port database username password connectionStrings { format value } }\n      job { id }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeleteDatabaseUser($input: DeleteDatabaseUserInput!) {\n    deleteDatabaseUser(input: $input) { preview { steps quotas { name used max level } } databaseUser { id state } job { id } }\n  }\n"): (typeof documents)["\n  mutation DeleteDatabaseUser($input: DeleteDatabaseUserInput!) {\n    deleteDatabaseUser(input: $input) { preview { steps quotas { name used max level } } databaseUser { id state } job { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DatabaseUsers($id: ID!) {\n    database(id: $id) {\n      id\n      users(first: 100) {\n        nodes { id name username rights state connectionLimit statementTimeoutSeconds createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"): (typeof documents)["\n  query DatabaseUsers($id: ID!) {\n    database(id: $id) {\n      id\n      users(first: 100) {\n        nodes { id name username rights state connectionLimit statementTimeoutSeconds createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Job($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor nextAttemptAt attempts cancelRequestedAt createdAt startedAt finishedAt\n      customer { id name }\n      actor { id name }\n      resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } }\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n      children(first: 100) { nodes { id kind state percent } totalCount }\n    }\n  }\n"): (typeof documents)["\n  query Job($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor nextAttemptAt attempts cancelRequestedAt createdAt startedAt finishedAt\n      customer { id name }\n      actor { id name }\n      resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } }\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n      children(first: 100) { nodes { id kind state percent } totalCount }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CancelJob($input: CancelJobInput!) {\n    cancelJob(input: $input) { job { id state cancelRequestedAt } }\n  }\n"): (typeof documents)["\n  mutation CancelJob($input: CancelJobInput!) {\n    cancelJob(input: $input) { job { id state cancelRequestedAt } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RetryJob($input: RetryJobInput!) {\n    retryJob(input: $input) { job { id state } }\n  }\n"): (typeof documents)["\n  mutation RetryJob($input: RetryJobInput!) {\n    retryJob(input: $input) { job { id state } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Jobs($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id kind state percent waitingFor createdAt startedAt finishedAt customer { id name } actor { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"): (typeof documents)["\n  query Jobs($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id kind state percent waitingFor createdAt startedAt finishedAt customer { id name } actor { id name } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RefreshSession {\n    refreshSession { accessToken expiresAt }\n  }\n"): (typeof documents)["\n  mutation RefreshSession {\n    refreshSession { accessToken expiresAt }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignOut {\n    signOut { ok }\n  }\n"): (typeof documents)["\n  mutation SignOut {\n    signOut { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation EndImpersonation {\n    endImpersonation { impersonation { endedAt } }\n  }\n"): (typeof documents)["\n  mutation EndImpersonation {\n    endImpersonation { impersonation { endedAt } }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;