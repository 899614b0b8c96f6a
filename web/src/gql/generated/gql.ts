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
    "\n  query SignUpOpen {\n    signUpOpen\n  }\n": typeof types.SignUpOpenDocument,
    "\n  mutation SignUp($input: SignUpInput!) {\n    signUp(input: $input) { ok }\n  }\n": typeof types.SignUpDocument,
    "\n  mutation VerifyEmail($input: VerifyEmailInput!) {\n    verifyEmail(input: $input) { ok }\n  }\n": typeof types.VerifyEmailDocument,
    "\n  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {\n    requestPasswordReset(input: $input) { ok }\n  }\n": typeof types.RequestPasswordResetDocument,
    "\n  mutation ResetPassword($input: ResetPasswordInput!) {\n    resetPassword(input: $input) { ok }\n  }\n": typeof types.ResetPasswordDocument,
    "\n  mutation AcceptInvitation($input: AcceptInvitationInput!) {\n    acceptInvitation(input: $input) { email newAccount }\n  }\n": typeof types.AcceptInvitationDocument,
    "\n  mutation ConfirmIdentity($input: ConfirmIdentityInput!) {\n    confirmIdentity(input: $input) { confirmedUntil }\n  }\n": typeof types.ConfirmIdentityDocument,
    "\n  query ConfirmWhom {\n    viewer { user { id email } }\n  }\n": typeof types.ConfirmWhomDocument,
    "\n  subscription JobFeed($after: StreamPosition) {\n    jobFeed(after: $after) {\n      ... on JobEvent { position jobId kind state step }\n      ... on StreamGap { position }\n    }\n  }\n": typeof types.JobFeedDocument,
    "\n  query Notices {\n    viewer {\n      notifications(first: 30) {\n        nodes {\n          id at level kind message readAt\n          object { __typename id ... on Job { kind waitingFor error { message } resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } } } ... on Database { name } ... on Customer { title: name } }\n        }\n        unreadCount\n      }\n    }\n  }\n": typeof types.NoticesDocument,
    "\n  subscription NoticeFeed($after: StreamPosition) {\n    notifications(after: $after) {\n      ... on NotificationEntry {\n        position\n        notification {\n          id level kind message\n          object { __typename id ... on Job { kind waitingFor error { message } resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } } } ... on Database { name } ... on Customer { title: name } }\n        }\n      }\n      ... on StreamGap { position }\n    }\n  }\n": typeof types.NoticeFeedDocument,
    "\n  mutation MarkNotificationsRead($input: MarkNotificationsReadInput!) {\n    markNotificationsRead(input: $input) { marked unreadCount }\n  }\n": typeof types.MarkNotificationsReadDocument,
    "\n  query Find($text: String!, $customers: Boolean!, $databases: Boolean!) {\n    customers(first: 5, filter: { search: $text }) @include(if: $customers) { nodes { id name email } }\n    databases(first: 5, filter: { search: $text }) @include(if: $databases) { nodes { id name externalName } }\n  }\n": typeof types.FindDocument,
    "\n  query FindServers {\n    databaseServers(first: 100) { nodes { id name host } }\n  }\n": typeof types.FindServersDocument,
    "\n  query Viewer {\n    viewer {\n      user { id name email role totpEnabled }\n      permissions\n      secondFactorMissing\n      impersonatedBy { id name }\n    }\n  }\n": typeof types.ViewerDocument,
    "\n  query AuditEvent($id: ID!) {\n    node(id: $id) {\n      __typename id\n      ... on AuditEvent {\n        at action allowed times ip userAgent requestId sessionId apiTokenId objectId before after\n        actor { id name email }\n        impersonator { id name email }\n        customer { id name }\n        apiToken { id name prefix }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n    }\n  }\n": typeof types.AuditEventDocument,
    "\n  query ChooseCustomer($text: String) {\n    customers(first: 20, filter: { search: $text }, order: { field: NAME }) { nodes { id name email state } }\n  }\n": typeof types.ChooseCustomerDocument,
    "\n  query ChosenCustomer($id: ID!) {\n    customer(id: $id) { id name email }\n  }\n": typeof types.ChosenCustomerDocument,
    "\n  query Invitations($filter: InvitationFilter) {\n    invitations(first: 100, filter: $filter) {\n      nodes { id email name providerRole customerRole customer { id name } invitedBy { id name } createdAt expiresAt }\n      totalCount\n    }\n  }\n": typeof types.InvitationsDocument,
    "\n  mutation RevokeInvitation($input: RevokeInvitationInput!) {\n    revokeInvitation(input: $input) { ok }\n  }\n": typeof types.RevokeInvitationDocument,
    "\n  query JobLive($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor finishedAt\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n    }\n  }\n": typeof types.JobLiveDocument,
    "\n  query JobsOf($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id kind state percent waitingFor createdAt startedAt finishedAt customer { id name } actor { id name }\n        resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": typeof types.JobsOfDocument,
    "\n  query FilterObject($id: ID!) {\n    node(id: $id) { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }\n  }\n": typeof types.FilterObjectDocument,
    "\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) { accessToken expiresAt viewer { user { id } } }\n  }\n": typeof types.SignInDocument,
    "\n  mutation RevokeApiToken($input: RevokeApiTokenInput!) {\n    revokeApiToken(input: $input) { apiToken { id } }\n  }\n": typeof types.RevokeApiTokenDocument,
    "\n  query FirstCustomers {\n    customers(first: 2) { nodes { id } }\n  }\n": typeof types.FirstCustomersDocument,
    "\n  subscription JobProgress($id: ID!, $after: StreamPosition) {\n    jobProgress(id: $id, after: $after) {\n      ... on JobEvent { position at kind state step stepState percent message error { code message retryable } }\n      ... on StreamGap { position }\n    }\n  }\n": typeof types.JobProgressDocument,
    "\n  query PermissionsIn($customerId: ID!) {\n    viewer { permissions(customerId: $customerId) }\n  }\n": typeof types.PermissionsInDocument,
    "\n  query Actors($search: String) {\n    users(first: 20, filter: { search: $search }) { nodes { id name email } }\n  }\n": typeof types.ActorsDocument,
    "\n  query Actor($id: ID!) {\n    node(id: $id) { __typename id ... on User { name email } }\n  }\n": typeof types.ActorDocument,
    "\n  query AuditEvents($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: AuditFilter) {\n    auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id at action allowed times ip objectId\n        actor { id name }\n        impersonator { id name }\n        customer { id name }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n    }\n  }\n": typeof types.AuditEventsDocument,
    "\n  subscription AuditFeed($after: StreamPosition) {\n    auditFeed(after: $after) {\n      ... on AuditEntry {\n        position\n        event {\n          id at action allowed times ip objectId\n          actor { id name }\n          impersonator { id name }\n          customer { id name }\n          object {\n            __typename id\n            ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n            ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n          }\n        }\n      }\n      ... on StreamGap { position }\n    }\n  }\n": typeof types.AuditFeedDocument,
    "\n  query CustomerAudit($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: AuditFilter) {\n    auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id at action allowed times ip objectId\n        actor { id name }\n        impersonator { id name }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n    }\n  }\n": typeof types.CustomerAuditDocument,
    "\n  query CustomerChildren($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      children(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name email state createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": typeof types.CustomerChildrenDocument,
    "\n  query CustomerDatabases($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      databases(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name externalName state sizeBytes createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": typeof types.CustomerDatabasesDocument,
    "\n  query CustomerDetail($id: ID!) {\n    customer(id: $id) {\n      id name email company country state suspendReason createdAt updatedAt\n      parent { id name }\n      quotas { name used max level }\n      databases(first: 1) { totalCount }\n      children(first: 1) { totalCount }\n    }\n  }\n": typeof types.CustomerDetailDocument,
    "\n  query Customers($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: CustomerFilter, $order: CustomerOrder) {\n    customers(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name email company country state createdAt parent { id name } quotas { name used max level } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": typeof types.CustomersDocument,
    "\n  query CustomerMembers($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      memberships(first: $first, after: $after, last: $last, before: $before) {\n        nodes { role createdAt user { id name email totpEnabled disabledAt } }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": typeof types.CustomerMembersDocument,
    "\n  mutation CreateCustomer($input: CreateCustomerInput!) {\n    createCustomer(input: $input) { customer { id name state } }\n  }\n": typeof types.CreateCustomerDocument,
    "\n  mutation UpdateCustomer($input: UpdateCustomerInput!) {\n    updateCustomer(input: $input) { customer { id name email company country quotas { name used max level } } }\n  }\n": typeof types.UpdateCustomerDocument,
    "\n  mutation ArchiveCustomer($input: ArchiveCustomerInput!) {\n    archiveCustomer(input: $input) { customer { id state } }\n  }\n": typeof types.ArchiveCustomerDocument,
    "\n  mutation SuspendCustomer($input: SuspendCustomerInput!) {\n    suspendCustomer(input: $input) { preview { steps quotas { name used max level } } customer { id state suspendReason } job { id } }\n  }\n": typeof types.SuspendCustomerDocument,
    "\n  mutation ResumeCustomer($input: ResumeCustomerInput!) {\n    resumeCustomer(input: $input) { preview { steps quotas { name used max level } } customer { id state suspendReason } job { id } }\n  }\n": typeof types.ResumeCustomerDocument,
    "\n  mutation InviteMember($input: InviteUserInput!) {\n    inviteUser(input: $input) { invitation { id email expiresAt } }\n  }\n": typeof types.InviteMemberDocument,
    "\n  mutation ChangeMembership($input: ChangeMembershipInput!) {\n    changeMembership(input: $input) { membership { role user { id } customer { id } } }\n  }\n": typeof types.ChangeMembershipDocument,
    "\n  mutation RemoveMember($input: RemoveMemberInput!) {\n    removeMember(input: $input) { ok }\n  }\n": typeof types.RemoveMemberDocument,
    "\n  query CustomerServices($id: ID!) {\n    customer(id: $id) {\n      id\n      quotas { name used max level }\n      databases(first: 10) { nodes { id name state } totalCount }\n      children(first: 10) { nodes { id name state } totalCount }\n    }\n  }\n": typeof types.CustomerServicesDocument,
    "\n  query CustomerTokens($id: ID!) {\n    customer(id: $id) {\n      id\n      apiTokens(first: 100) {\n        nodes { id name prefix permissions objectIds cidrs lastUsedAt lastUsedIp expiresAt createdAt user { id name } }\n        totalCount\n      }\n    }\n  }\n": typeof types.CustomerTokensDocument,
    "\n  query Dashboard($since: DateTime!, $customer: ID, $jobs: Boolean!, $databases: Boolean!, $customers: Boolean!, $servers: Boolean!, $audit: Boolean!, $users: Boolean!) {\n    running: jobs(first: 6, filter: { state: RUNNING, customerId: $customer }) @include(if: $jobs) { nodes { id kind state waitingFor createdAt customer { id name } } totalCount }\n    failed: jobs(first: 20, filter: { state: FAILED, since: $since, customerId: $customer }) @include(if: $jobs) { nodes { id } pageInfo { hasNextPage } }\n    stuck: jobs(first: 1, filter: { state: STUCK, customerId: $customer }) @include(if: $jobs) { totalCount }\n    findings: driftFindings(first: 1, filter: { resolved: false, customerId: $customer }) @include(if: $jobs) { totalCount }\n    databases(first: 1, filter: { customerId: $customer }) @include(if: $databases) { totalCount }\n    anyDatabase: databases(first: 1) @include(if: $databases) { nodes { id } }\n    full: customers(first: 3, filter: { quotaLevel: CRITICAL }) @include(if: $customers) { nodes { id name quotas { name used max } } }\n    near: customers(first: 3, filter: { quotaLevel: WARNING }) @include(if: $customers) { nodes { id name quotas { name used max } } }\n    customers(first: 3) @include(if: $customers) { nodes { id name quotas { name used max } } totalCount }\n    invitations(first: 1) @include(if: $users) { totalCount }\n    users(first: 2) @include(if: $users) { nodes { id } }\n    databaseServers(first: 1) @include(if: $servers) { nodes { id } }\n    troubled: databaseServers(first: 1, filter: { needsAttention: true }) @include(if: $servers) { totalCount }\n    servers(first: 1) @include(if: $servers) { nodes { id name osName } }\n    auditEvents(first: 8, filter: { exceptActions: [\"session.refresh\"], customerId: $customer }) @include(if: $audit) {\n      nodes {\n        id at action allowed\n        actor { id name }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n    }\n  }\n": typeof types.DashboardDocument,
    "\n  query ChosenQuotas($id: ID!) {\n    customer(id: $id) { id name quotas { name used max } }\n  }\n": typeof types.ChosenQuotasDocument,
    "\n  subscription HostMetrics($id: ID!) {\n    serverMetrics(serverId: $id) {\n      at cpuPercent load1 load5 load15 memoryUsedBytes memoryTotalBytes uptimeSeconds\n      disks { mount usedBytes totalBytes readBytesPerSecond writeBytesPerSecond stale }\n      networks { name receivedBytesPerSecond sentBytesPerSecond }\n    }\n  }\n": typeof types.HostMetricsDocument,
    "\n  query HostHistory($id: ID!, $from: DateTime!, $to: DateTime!, $points: Int!) {\n    server(id: $id) {\n      metrics(from: $from, to: $to, maxPoints: $points) {\n        at cpuPercent memoryUsedBytes disks { readBytesPerSecond writeBytesPerSecond } networks { receivedBytesPerSecond sentBytesPerSecond }\n      }\n    }\n  }\n": typeof types.HostHistoryDocument,
    "\n  subscription Done($after: StreamPosition) {\n    auditFeed(after: $after) {\n      ... on AuditEntry { position event { action allowed } }\n      ... on StreamGap { position }\n    }\n  }\n": typeof types.DoneDocument,
    "\n  query ServersForDatabases {\n    databaseServers(first: 100) { nodes { id name host reachable blocked maintenance { reason } } }\n  }\n": typeof types.ServersForDatabasesDocument,
    "\n  query DatabasePrefix($customerId: ID!) {\n    databases(first: 1, filter: { customerId: $customerId }) { nodes { id name externalName } }\n  }\n": typeof types.DatabasePrefixDocument,
    "\n  query DatabaseDetail($id: ID!) {\n    database(id: $id) {\n      id name externalName username previousUsername previousUntil state host port accessCidrs connectionLimit suspendReason suspendedFromAbove\n      sizeBytes connections overQuota cleanupUntil measuredAt createdAt updatedAt deleteAfter driftPolicy\n      customer { id name state }\n      server { id name capabilities { name available hint } }\n      connectionStrings { format value }\n    }\n  }\n": typeof types.DatabaseDetailDocument,
    "\n  query DatabaseDumps($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    database(id: $id) {\n      id\n      dumps(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id origin state format sizeBytes rawBytes sha256 createdAt expiresAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": typeof types.DatabaseDumpsDocument,
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
    "\n  query DatabaseUsers($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    database(id: $id) {\n      id\n      users(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name username rights state connectionLimit statementTimeoutSeconds createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": typeof types.DatabaseUsersDocument,
    "\n  mutation DecideDriftFinding($input: DecideDriftFindingInput!) {\n    decideDriftFinding(input: $input) { driftFinding { id ignored resolvedAt } job { id state } preview { steps } }\n  }\n": typeof types.DecideDriftFindingDocument,
    "\n  query DriftFindings($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DriftFilter) {\n    driftFindings(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id kind objectKind externalName detail foundAt resolvedAt ignored\n        resource { __typename id ... on Database { name customer { id } } ... on DatabaseUser { database { id customer { id } } } }\n        server { id name }\n        job { id state }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": typeof types.DriftFindingsDocument,
    "\n  query DriftServers {\n    databaseServers(first: 100) { nodes { id name } }\n  }\n": typeof types.DriftServersDocument,
    "\n  query Job($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor nextAttemptAt attempts cancelRequestedAt createdAt startedAt finishedAt\n      customer { id name }\n      actor { id name }\n      resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n      children(first: 100) { nodes { id kind state percent } totalCount }\n    }\n  }\n": typeof types.JobDocument,
    "\n  mutation CancelJob($input: CancelJobInput!) {\n    cancelJob(input: $input) { job { id state cancelRequestedAt } }\n  }\n": typeof types.CancelJobDocument,
    "\n  mutation RetryJob($input: RetryJobInput!) {\n    retryJob(input: $input) { job { id state } }\n  }\n": typeof types.RetryJobDocument,
    "\n  mutation CreateApiToken($input: CreateApiTokenInput!) {\n    createApiToken(input: $input) { apiToken { id } token }\n  }\n": typeof types.CreateApiTokenDocument,
    "\n  query DatabasesToPin($search: String, $customerId: ID) {\n    databases(first: 50, filter: { search: $search, customerId: $customerId }) { nodes { id name customer { name } } }\n  }\n": typeof types.DatabasesToPinDocument,
    "\n  mutation ChangePassword($input: ChangePasswordInput!) {\n    changePassword(input: $input) { ok }\n  }\n": typeof types.ChangePasswordDocument,
    "\n  mutation ChangeEmail($input: ChangeEmailInput!) {\n    changeEmail(input: $input) { ok }\n  }\n": typeof types.ChangeEmailDocument,
    "\n  mutation BeginTotp {\n    beginTotp { otpauthUrl qrSvg }\n  }\n": typeof types.BeginTotpDocument,
    "\n  mutation ConfirmTotp($input: ConfirmTotpInput!) {\n    confirmTotp(input: $input) { recoveryCodes }\n  }\n": typeof types.ConfirmTotpDocument,
    "\n  mutation DisableTotp {\n    disableTotp { ok }\n  }\n": typeof types.DisableTotpDocument,
    "\n  mutation NewRecoveryCodes {\n    newRecoveryCodes { recoveryCodes }\n  }\n": typeof types.NewRecoveryCodesDocument,
    "\n  query Security {\n    viewer {\n      user { id }\n      sessions { id device ip lastSeenAt createdAt expiresAt current }\n      apiTokens { id name prefix permissions objectIds cidrs expiresAt lastUsedAt lastUsedIp createdAt customer { id name } }\n      impersonations { staffName reason startedAt expiresAt endedAt }\n    }\n  }\n": typeof types.SecurityDocument,
    "\n  mutation RevokeSession($input: RevokeSessionInput!) {\n    revokeSession(input: $input) { revoked }\n  }\n": typeof types.RevokeSessionDocument,
    "\n  query DatabaseServers($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DatabaseServerFilter) {\n    databaseServers(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id name host port version reachable checkedAt blocked problems maintenance { reason since } driftBrake databaseCount }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": typeof types.DatabaseServersDocument,
    "\n  query DatabaseServer($id: ID!) {\n    node(id: $id) {\n      __typename id\n      ... on DatabaseServer {\n        name host port version reachable checkedAt blocked problems maintenance { reason since } driftBrake surveyedAt deleteGraceSeconds databaseCount\n        capabilities { name available hint }\n      }\n    }\n  }\n": typeof types.DatabaseServerDocument,
    "\n  mutation RegisterDatabaseServer($input: RegisterDatabaseServerInput!) {\n    registerDatabaseServer(input: $input) { databaseServer { id name reachable problems } }\n  }\n": typeof types.RegisterDatabaseServerDocument,
    "\n  mutation UpdateDatabaseServer($input: UpdateDatabaseServerInput!) {\n    updateDatabaseServer(input: $input) { databaseServer { id name reachable problems } }\n  }\n": typeof types.UpdateDatabaseServerDocument,
    "\n  mutation CheckDatabaseServer($input: CheckDatabaseServerInput!) {\n    checkDatabaseServer(input: $input) { databaseServer { id reachable checkedAt } problems }\n  }\n": typeof types.CheckDatabaseServerDocument,
    "\n  mutation RemoveDatabaseServer($input: RemoveDatabaseServerInput!) {\n    removeDatabaseServer(input: $input) { id }\n  }\n": typeof types.RemoveDatabaseServerDocument,
    "\n  mutation SetDatabaseServerMaintenance($input: SetDatabaseServerMaintenanceInput!) {\n    setDatabaseServerMaintenance(input: $input) { databaseServer { id maintenance { reason since } } }\n  }\n": typeof types.SetDatabaseServerMaintenanceDocument,
    "\n  mutation SurveyDatabaseServer($input: SurveyDatabaseServerInput!) {\n    surveyDatabaseServer(input: $input) { databaseServer { id surveyedAt driftBrake } }\n  }\n": typeof types.SurveyDatabaseServerDocument,
    "\n  mutation ReleaseDriftBrake($input: ReleaseDriftBrakeInput!) {\n    releaseDriftBrake(input: $input) { databaseServer { id surveyedAt driftBrake } }\n  }\n": typeof types.ReleaseDriftBrakeDocument,
    "\n  query Profile {\n    viewer { user { id name email emailVerifiedAt language } }\n  }\n": typeof types.ProfileDocument,
    "\n  mutation UpdateProfile($input: UpdateProfileInput!) {\n    updateProfile(input: $input) { user { id name language } }\n  }\n": typeof types.UpdateProfileDocument,
    "\n  mutation RequestEmailVerification {\n    requestEmailVerification { ok }\n  }\n": typeof types.RequestEmailVerificationDocument,
    "\n  query Panel {\n    panel { version }\n  }\n": typeof types.PanelDocument,
    "\n  mutation Impersonate($input: ImpersonateInput!) {\n    impersonate(input: $input) { accessToken expiresAt }\n  }\n": typeof types.ImpersonateDocument,
    "\n  mutation InviteUser($input: InviteUserInput!) {\n    inviteUser(input: $input) { invitation { id email } }\n  }\n": typeof types.InviteUserDocument,
    "\n  query Users($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: UserFilter) {\n    users(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id name email role totpEnabled disabledAt createdAt memberships { role customer { id name } } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": typeof types.UsersDocument,
    "\n  mutation SetProviderRole($input: SetProviderRoleInput!) {\n    setProviderRole(input: $input) { user { id role } }\n  }\n": typeof types.SetProviderRoleDocument,
    "\n  mutation ChangeUserMembership($input: ChangeMembershipInput!) {\n    changeMembership(input: $input) { membership { role } }\n  }\n": typeof types.ChangeUserMembershipDocument,
    "\n  mutation RemoveUserMembership($input: RemoveMemberInput!) {\n    removeMember(input: $input) { ok }\n  }\n": typeof types.RemoveUserMembershipDocument,
    "\n  query User($id: ID!) {\n    node(id: $id) {\n      __typename id\n      ... on User { name email emailVerifiedAt language role totpEnabled disabledAt createdAt memberships { role createdAt customer { id name } } }\n    }\n  }\n": typeof types.UserDocument,
    "\n  mutation DisableUser($input: DisableUserInput!) {\n    disableUser(input: $input) { user { id disabledAt } }\n  }\n": typeof types.DisableUserDocument,
    "\n  mutation EnableUser($input: EnableUserInput!) {\n    enableUser(input: $input) { user { id disabledAt } }\n  }\n": typeof types.EnableUserDocument,
    "\n  mutation RefreshSession {\n    refreshSession { accessToken expiresAt viewer { user { id } } }\n  }\n": typeof types.RefreshSessionDocument,
    "\n  mutation SignOut {\n    signOut { ok }\n  }\n": typeof types.SignOutDocument,
    "\n  mutation EndImpersonation {\n    endImpersonation { impersonation { endedAt } }\n  }\n": typeof types.EndImpersonationDocument,
};
const documents: Documents = {
    "\n  mutation SetUp($input: SetUpInput!) {\n    setUp(input: $input) { expiresAt }\n  }\n": types.SetUpDocument,
    "\n  query SignUpOpen {\n    signUpOpen\n  }\n": types.SignUpOpenDocument,
    "\n  mutation SignUp($input: SignUpInput!) {\n    signUp(input: $input) { ok }\n  }\n": types.SignUpDocument,
    "\n  mutation VerifyEmail($input: VerifyEmailInput!) {\n    verifyEmail(input: $input) { ok }\n  }\n": types.VerifyEmailDocument,
    "\n  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {\n    requestPasswordReset(input: $input) { ok }\n  }\n": types.RequestPasswordResetDocument,
    "\n  mutation ResetPassword($input: ResetPasswordInput!) {\n    resetPassword(input: $input) { ok }\n  }\n": types.ResetPasswordDocument,
    "\n  mutation AcceptInvitation($input: AcceptInvitationInput!) {\n    acceptInvitation(input: $input) { email newAccount }\n  }\n": types.AcceptInvitationDocument,
    "\n  mutation ConfirmIdentity($input: ConfirmIdentityInput!) {\n    confirmIdentity(input: $input) { confirmedUntil }\n  }\n": types.ConfirmIdentityDocument,
    "\n  query ConfirmWhom {\n    viewer { user { id email } }\n  }\n": types.ConfirmWhomDocument,
    "\n  subscription JobFeed($after: StreamPosition) {\n    jobFeed(after: $after) {\n      ... on JobEvent { position jobId kind state step }\n      ... on StreamGap { position }\n    }\n  }\n": types.JobFeedDocument,
    "\n  query Notices {\n    viewer {\n      notifications(first: 30) {\n        nodes {\n          id at level kind message readAt\n          object { __typename id ... on Job { kind waitingFor error { message } resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } } } ... on Database { name } ... on Customer { title: name } }\n        }\n        unreadCount\n      }\n    }\n  }\n": types.NoticesDocument,
    "\n  subscription NoticeFeed($after: StreamPosition) {\n    notifications(after: $after) {\n      ... on NotificationEntry {\n        position\n        notification {\n          id level kind message\n          object { __typename id ... on Job { kind waitingFor error { message } resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } } } ... on Database { name } ... on Customer { title: name } }\n        }\n      }\n      ... on StreamGap { position }\n    }\n  }\n": types.NoticeFeedDocument,
    "\n  mutation MarkNotificationsRead($input: MarkNotificationsReadInput!) {\n    markNotificationsRead(input: $input) { marked unreadCount }\n  }\n": types.MarkNotificationsReadDocument,
    "\n  query Find($text: String!, $customers: Boolean!, $databases: Boolean!) {\n    customers(first: 5, filter: { search: $text }) @include(if: $customers) { nodes { id name email } }\n    databases(first: 5, filter: { search: $text }) @include(if: $databases) { nodes { id name externalName } }\n  }\n": types.FindDocument,
    "\n  query FindServers {\n    databaseServers(first: 100) { nodes { id name host } }\n  }\n": types.FindServersDocument,
    "\n  query Viewer {\n    viewer {\n      user { id name email role totpEnabled }\n      permissions\n      secondFactorMissing\n      impersonatedBy { id name }\n    }\n  }\n": types.ViewerDocument,
    "\n  query AuditEvent($id: ID!) {\n    node(id: $id) {\n      __typename id\n      ... on AuditEvent {\n        at action allowed times ip userAgent requestId sessionId apiTokenId objectId before after\n        actor { id name email }\n        impersonator { id name email }\n        customer { id name }\n        apiToken { id name prefix }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n    }\n  }\n": types.AuditEventDocument,
    "\n  query ChooseCustomer($text: String) {\n    customers(first: 20, filter: { search: $text }, order: { field: NAME }) { nodes { id name email state } }\n  }\n": types.ChooseCustomerDocument,
    "\n  query ChosenCustomer($id: ID!) {\n    customer(id: $id) { id name email }\n  }\n": types.ChosenCustomerDocument,
    "\n  query Invitations($filter: InvitationFilter) {\n    invitations(first: 100, filter: $filter) {\n      nodes { id email name providerRole customerRole customer { id name } invitedBy { id name } createdAt expiresAt }\n      totalCount\n    }\n  }\n": types.InvitationsDocument,
    "\n  mutation RevokeInvitation($input: RevokeInvitationInput!) {\n    revokeInvitation(input: $input) { ok }\n  }\n": types.RevokeInvitationDocument,
    "\n  query JobLive($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor finishedAt\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n    }\n  }\n": types.JobLiveDocument,
    "\n  query JobsOf($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id kind state percent waitingFor createdAt startedAt finishedAt customer { id name } actor { id name }\n        resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": types.JobsOfDocument,
    "\n  query FilterObject($id: ID!) {\n    node(id: $id) { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }\n  }\n": types.FilterObjectDocument,
    "\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) { accessToken expiresAt viewer { user { id } } }\n  }\n": types.SignInDocument,
    "\n  mutation RevokeApiToken($input: RevokeApiTokenInput!) {\n    revokeApiToken(input: $input) { apiToken { id } }\n  }\n": types.RevokeApiTokenDocument,
    "\n  query FirstCustomers {\n    customers(first: 2) { nodes { id } }\n  }\n": types.FirstCustomersDocument,
    "\n  subscription JobProgress($id: ID!, $after: StreamPosition) {\n    jobProgress(id: $id, after: $after) {\n      ... on JobEvent { position at kind state step stepState percent message error { code message retryable } }\n      ... on StreamGap { position }\n    }\n  }\n": types.JobProgressDocument,
    "\n  query PermissionsIn($customerId: ID!) {\n    viewer { permissions(customerId: $customerId) }\n  }\n": types.PermissionsInDocument,
    "\n  query Actors($search: String) {\n    users(first: 20, filter: { search: $search }) { nodes { id name email } }\n  }\n": types.ActorsDocument,
    "\n  query Actor($id: ID!) {\n    node(id: $id) { __typename id ... on User { name email } }\n  }\n": types.ActorDocument,
    "\n  query AuditEvents($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: AuditFilter) {\n    auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id at action allowed times ip objectId\n        actor { id name }\n        impersonator { id name }\n        customer { id name }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n    }\n  }\n": types.AuditEventsDocument,
    "\n  subscription AuditFeed($after: StreamPosition) {\n    auditFeed(after: $after) {\n      ... on AuditEntry {\n        position\n        event {\n          id at action allowed times ip objectId\n          actor { id name }\n          impersonator { id name }\n          customer { id name }\n          object {\n            __typename id\n            ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n            ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n          }\n        }\n      }\n      ... on StreamGap { position }\n    }\n  }\n": types.AuditFeedDocument,
    "\n  query CustomerAudit($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: AuditFilter) {\n    auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id at action allowed times ip objectId\n        actor { id name }\n        impersonator { id name }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n    }\n  }\n": types.CustomerAuditDocument,
    "\n  query CustomerChildren($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      children(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name email state createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": types.CustomerChildrenDocument,
    "\n  query CustomerDatabases($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      databases(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name externalName state sizeBytes createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": types.CustomerDatabasesDocument,
    "\n  query CustomerDetail($id: ID!) {\n    customer(id: $id) {\n      id name email company country state suspendReason createdAt updatedAt\n      parent { id name }\n      quotas { name used max level }\n      databases(first: 1) { totalCount }\n      children(first: 1) { totalCount }\n    }\n  }\n": types.CustomerDetailDocument,
    "\n  query Customers($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: CustomerFilter, $order: CustomerOrder) {\n    customers(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name email company country state createdAt parent { id name } quotas { name used max level } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": types.CustomersDocument,
    "\n  query CustomerMembers($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      memberships(first: $first, after: $after, last: $last, before: $before) {\n        nodes { role createdAt user { id name email totpEnabled disabledAt } }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": types.CustomerMembersDocument,
    "\n  mutation CreateCustomer($input: CreateCustomerInput!) {\n    createCustomer(input: $input) { customer { id name state } }\n  }\n": types.CreateCustomerDocument,
    "\n  mutation UpdateCustomer($input: UpdateCustomerInput!) {\n    updateCustomer(input: $input) { customer { id name email company country quotas { name used max level } } }\n  }\n": types.UpdateCustomerDocument,
    "\n  mutation ArchiveCustomer($input: ArchiveCustomerInput!) {\n    archiveCustomer(input: $input) { customer { id state } }\n  }\n": types.ArchiveCustomerDocument,
    "\n  mutation SuspendCustomer($input: SuspendCustomerInput!) {\n    suspendCustomer(input: $input) { preview { steps quotas { name used max level } } customer { id state suspendReason } job { id } }\n  }\n": types.SuspendCustomerDocument,
    "\n  mutation ResumeCustomer($input: ResumeCustomerInput!) {\n    resumeCustomer(input: $input) { preview { steps quotas { name used max level } } customer { id state suspendReason } job { id } }\n  }\n": types.ResumeCustomerDocument,
    "\n  mutation InviteMember($input: InviteUserInput!) {\n    inviteUser(input: $input) { invitation { id email expiresAt } }\n  }\n": types.InviteMemberDocument,
    "\n  mutation ChangeMembership($input: ChangeMembershipInput!) {\n    changeMembership(input: $input) { membership { role user { id } customer { id } } }\n  }\n": types.ChangeMembershipDocument,
    "\n  mutation RemoveMember($input: RemoveMemberInput!) {\n    removeMember(input: $input) { ok }\n  }\n": types.RemoveMemberDocument,
    "\n  query CustomerServices($id: ID!) {\n    customer(id: $id) {\n      id\n      quotas { name used max level }\n      databases(first: 10) { nodes { id name state } totalCount }\n      children(first: 10) { nodes { id name state } totalCount }\n    }\n  }\n": types.CustomerServicesDocument,
    "\n  query CustomerTokens($id: ID!) {\n    customer(id: $id) {\n      id\n      apiTokens(first: 100) {\n        nodes { id name prefix permissions objectIds cidrs lastUsedAt lastUsedIp expiresAt createdAt user { id name } }\n        totalCount\n      }\n    }\n  }\n": types.CustomerTokensDocument,
    "\n  query Dashboard($since: DateTime!, $customer: ID, $jobs: Boolean!, $databases: Boolean!, $customers: Boolean!, $servers: Boolean!, $audit: Boolean!, $users: Boolean!) {\n    running: jobs(first: 6, filter: { state: RUNNING, customerId: $customer }) @include(if: $jobs) { nodes { id kind state waitingFor createdAt customer { id name } } totalCount }\n    failed: jobs(first: 20, filter: { state: FAILED, since: $since, customerId: $customer }) @include(if: $jobs) { nodes { id } pageInfo { hasNextPage } }\n    stuck: jobs(first: 1, filter: { state: STUCK, customerId: $customer }) @include(if: $jobs) { totalCount }\n    findings: driftFindings(first: 1, filter: { resolved: false, customerId: $customer }) @include(if: $jobs) { totalCount }\n    databases(first: 1, filter: { customerId: $customer }) @include(if: $databases) { totalCount }\n    anyDatabase: databases(first: 1) @include(if: $databases) { nodes { id } }\n    full: customers(first: 3, filter: { quotaLevel: CRITICAL }) @include(if: $customers) { nodes { id name quotas { name used max } } }\n    near: customers(first: 3, filter: { quotaLevel: WARNING }) @include(if: $customers) { nodes { id name quotas { name used max } } }\n    customers(first: 3) @include(if: $customers) { nodes { id name quotas { name used max } } totalCount }\n    invitations(first: 1) @include(if: $users) { totalCount }\n    users(first: 2) @include(if: $users) { nodes { id } }\n    databaseServers(first: 1) @include(if: $servers) { nodes { id } }\n    troubled: databaseServers(first: 1, filter: { needsAttention: true }) @include(if: $servers) { totalCount }\n    servers(first: 1) @include(if: $servers) { nodes { id name osName } }\n    auditEvents(first: 8, filter: { exceptActions: [\"session.refresh\"], customerId: $customer }) @include(if: $audit) {\n      nodes {\n        id at action allowed\n        actor { id name }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n    }\n  }\n": types.DashboardDocument,
    "\n  query ChosenQuotas($id: ID!) {\n    customer(id: $id) { id name quotas { name used max } }\n  }\n": types.ChosenQuotasDocument,
    "\n  subscription HostMetrics($id: ID!) {\n    serverMetrics(serverId: $id) {\n      at cpuPercent load1 load5 load15 memoryUsedBytes memoryTotalBytes uptimeSeconds\n      disks { mount usedBytes totalBytes readBytesPerSecond writeBytesPerSecond stale }\n      networks { name receivedBytesPerSecond sentBytesPerSecond }\n    }\n  }\n": types.HostMetricsDocument,
    "\n  query HostHistory($id: ID!, $from: DateTime!, $to: DateTime!, $points: Int!) {\n    server(id: $id) {\n      metrics(from: $from, to: $to, maxPoints: $points) {\n        at cpuPercent memoryUsedBytes disks { readBytesPerSecond writeBytesPerSecond } networks { receivedBytesPerSecond sentBytesPerSecond }\n      }\n    }\n  }\n": types.HostHistoryDocument,
    "\n  subscription Done($after: StreamPosition) {\n    auditFeed(after: $after) {\n      ... on AuditEntry { position event { action allowed } }\n      ... on StreamGap { position }\n    }\n  }\n": types.DoneDocument,
    "\n  query ServersForDatabases {\n    databaseServers(first: 100) { nodes { id name host reachable blocked maintenance { reason } } }\n  }\n": types.ServersForDatabasesDocument,
    "\n  query DatabasePrefix($customerId: ID!) {\n    databases(first: 1, filter: { customerId: $customerId }) { nodes { id name externalName } }\n  }\n": types.DatabasePrefixDocument,
    "\n  query DatabaseDetail($id: ID!) {\n    database(id: $id) {\n      id name externalName username previousUsername previousUntil state host port accessCidrs connectionLimit suspendReason suspendedFromAbove\n      sizeBytes connections overQuota cleanupUntil measuredAt createdAt updatedAt deleteAfter driftPolicy\n      customer { id name state }\n      server { id name capabilities { name available hint } }\n      connectionStrings { format value }\n    }\n  }\n": types.DatabaseDetailDocument,
    "\n  query DatabaseDumps($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    database(id: $id) {\n      id\n      dumps(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id origin state format sizeBytes rawBytes sha256 createdAt expiresAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": types.DatabaseDumpsDocument,
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
    "\n  query DatabaseUsers($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    database(id: $id) {\n      id\n      users(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name username rights state connectionLimit statementTimeoutSeconds createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n": types.DatabaseUsersDocument,
    "\n  mutation DecideDriftFinding($input: DecideDriftFindingInput!) {\n    decideDriftFinding(input: $input) { driftFinding { id ignored resolvedAt } job { id state } preview { steps } }\n  }\n": types.DecideDriftFindingDocument,
    "\n  query DriftFindings($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DriftFilter) {\n    driftFindings(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id kind objectKind externalName detail foundAt resolvedAt ignored\n        resource { __typename id ... on Database { name customer { id } } ... on DatabaseUser { database { id customer { id } } } }\n        server { id name }\n        job { id state }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": types.DriftFindingsDocument,
    "\n  query DriftServers {\n    databaseServers(first: 100) { nodes { id name } }\n  }\n": types.DriftServersDocument,
    "\n  query Job($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor nextAttemptAt attempts cancelRequestedAt createdAt startedAt finishedAt\n      customer { id name }\n      actor { id name }\n      resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n      children(first: 100) { nodes { id kind state percent } totalCount }\n    }\n  }\n": types.JobDocument,
    "\n  mutation CancelJob($input: CancelJobInput!) {\n    cancelJob(input: $input) { job { id state cancelRequestedAt } }\n  }\n": types.CancelJobDocument,
    "\n  mutation RetryJob($input: RetryJobInput!) {\n    retryJob(input: $input) { job { id state } }\n  }\n": types.RetryJobDocument,
    "\n  mutation CreateApiToken($input: CreateApiTokenInput!) {\n    createApiToken(input: $input) { apiToken { id } token }\n  }\n": types.CreateApiTokenDocument,
    "\n  query DatabasesToPin($search: String, $customerId: ID) {\n    databases(first: 50, filter: { search: $search, customerId: $customerId }) { nodes { id name customer { name } } }\n  }\n": types.DatabasesToPinDocument,
    "\n  mutation ChangePassword($input: ChangePasswordInput!) {\n    changePassword(input: $input) { ok }\n  }\n": types.ChangePasswordDocument,
    "\n  mutation ChangeEmail($input: ChangeEmailInput!) {\n    changeEmail(input: $input) { ok }\n  }\n": types.ChangeEmailDocument,
    "\n  mutation BeginTotp {\n    beginTotp { otpauthUrl qrSvg }\n  }\n": types.BeginTotpDocument,
    "\n  mutation ConfirmTotp($input: ConfirmTotpInput!) {\n    confirmTotp(input: $input) { recoveryCodes }\n  }\n": types.ConfirmTotpDocument,
    "\n  mutation DisableTotp {\n    disableTotp { ok }\n  }\n": types.DisableTotpDocument,
    "\n  mutation NewRecoveryCodes {\n    newRecoveryCodes { recoveryCodes }\n  }\n": types.NewRecoveryCodesDocument,
    "\n  query Security {\n    viewer {\n      user { id }\n      sessions { id device ip lastSeenAt createdAt expiresAt current }\n      apiTokens { id name prefix permissions objectIds cidrs expiresAt lastUsedAt lastUsedIp createdAt customer { id name } }\n      impersonations { staffName reason startedAt expiresAt endedAt }\n    }\n  }\n": types.SecurityDocument,
    "\n  mutation RevokeSession($input: RevokeSessionInput!) {\n    revokeSession(input: $input) { revoked }\n  }\n": types.RevokeSessionDocument,
    "\n  query DatabaseServers($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DatabaseServerFilter) {\n    databaseServers(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id name host port version reachable checkedAt blocked problems maintenance { reason since } driftBrake databaseCount }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": types.DatabaseServersDocument,
    "\n  query DatabaseServer($id: ID!) {\n    node(id: $id) {\n      __typename id\n      ... on DatabaseServer {\n        name host port version reachable checkedAt blocked problems maintenance { reason since } driftBrake surveyedAt deleteGraceSeconds databaseCount\n        capabilities { name available hint }\n      }\n    }\n  }\n": types.DatabaseServerDocument,
    "\n  mutation RegisterDatabaseServer($input: RegisterDatabaseServerInput!) {\n    registerDatabaseServer(input: $input) { databaseServer { id name reachable problems } }\n  }\n": types.RegisterDatabaseServerDocument,
    "\n  mutation UpdateDatabaseServer($input: UpdateDatabaseServerInput!) {\n    updateDatabaseServer(input: $input) { databaseServer { id name reachable problems } }\n  }\n": types.UpdateDatabaseServerDocument,
    "\n  mutation CheckDatabaseServer($input: CheckDatabaseServerInput!) {\n    checkDatabaseServer(input: $input) { databaseServer { id reachable checkedAt } problems }\n  }\n": types.CheckDatabaseServerDocument,
    "\n  mutation RemoveDatabaseServer($input: RemoveDatabaseServerInput!) {\n    removeDatabaseServer(input: $input) { id }\n  }\n": types.RemoveDatabaseServerDocument,
    "\n  mutation SetDatabaseServerMaintenance($input: SetDatabaseServerMaintenanceInput!) {\n    setDatabaseServerMaintenance(input: $input) { databaseServer { id maintenance { reason since } } }\n  }\n": types.SetDatabaseServerMaintenanceDocument,
    "\n  mutation SurveyDatabaseServer($input: SurveyDatabaseServerInput!) {\n    surveyDatabaseServer(input: $input) { databaseServer { id surveyedAt driftBrake } }\n  }\n": types.SurveyDatabaseServerDocument,
    "\n  mutation ReleaseDriftBrake($input: ReleaseDriftBrakeInput!) {\n    releaseDriftBrake(input: $input) { databaseServer { id surveyedAt driftBrake } }\n  }\n": types.ReleaseDriftBrakeDocument,
    "\n  query Profile {\n    viewer { user { id name email emailVerifiedAt language } }\n  }\n": types.ProfileDocument,
    "\n  mutation UpdateProfile($input: UpdateProfileInput!) {\n    updateProfile(input: $input) { user { id name language } }\n  }\n": types.UpdateProfileDocument,
    "\n  mutation RequestEmailVerification {\n    requestEmailVerification { ok }\n  }\n": types.RequestEmailVerificationDocument,
    "\n  query Panel {\n    panel { version }\n  }\n": types.PanelDocument,
    "\n  mutation Impersonate($input: ImpersonateInput!) {\n    impersonate(input: $input) { accessToken expiresAt }\n  }\n": types.ImpersonateDocument,
    "\n  mutation InviteUser($input: InviteUserInput!) {\n    inviteUser(input: $input) { invitation { id email } }\n  }\n": types.InviteUserDocument,
    "\n  query Users($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: UserFilter) {\n    users(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id name email role totpEnabled disabledAt createdAt memberships { role customer { id name } } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n": types.UsersDocument,
    "\n  mutation SetProviderRole($input: SetProviderRoleInput!) {\n    setProviderRole(input: $input) { user { id role } }\n  }\n": types.SetProviderRoleDocument,
    "\n  mutation ChangeUserMembership($input: ChangeMembershipInput!) {\n    changeMembership(input: $input) { membership { role } }\n  }\n": types.ChangeUserMembershipDocument,
    "\n  mutation RemoveUserMembership($input: RemoveMemberInput!) {\n    removeMember(input: $input) { ok }\n  }\n": types.RemoveUserMembershipDocument,
    "\n  query User($id: ID!) {\n    node(id: $id) {\n      __typename id\n      ... on User { name email emailVerifiedAt language role totpEnabled disabledAt createdAt memberships { role createdAt customer { id name } } }\n    }\n  }\n": types.UserDocument,
    "\n  mutation DisableUser($input: DisableUserInput!) {\n    disableUser(input: $input) { user { id disabledAt } }\n  }\n": types.DisableUserDocument,
    "\n  mutation EnableUser($input: EnableUserInput!) {\n    enableUser(input: $input) { user { id disabledAt } }\n  }\n": types.EnableUserDocument,
    "\n  mutation RefreshSession {\n    refreshSession { accessToken expiresAt viewer { user { id } } }\n  }\n": types.RefreshSessionDocument,
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
export function graphql(source: "\n  query SignUpOpen {\n    signUpOpen\n  }\n"): (typeof documents)["\n  query SignUpOpen {\n    signUpOpen\n  }\n"];
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
export function graphql(source: "\n  query ConfirmWhom {\n    viewer { user { id email } }\n  }\n"): (typeof documents)["\n  query ConfirmWhom {\n    viewer { user { id email } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription JobFeed($after: StreamPosition) {\n    jobFeed(after: $after) {\n      ... on JobEvent { position jobId kind state step }\n      ... on StreamGap { position }\n    }\n  }\n"): (typeof documents)["\n  subscription JobFeed($after: StreamPosition) {\n    jobFeed(after: $after) {\n      ... on JobEvent { position jobId kind state step }\n      ... on StreamGap { position }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Notices {\n    viewer {\n      notifications(first: 30) {\n        nodes {\n          id at level kind message readAt\n          object { __typename id ... on Job { kind waitingFor error { message } resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } } } ... on Database { name } ... on Customer { title: name } }\n        }\n        unreadCount\n      }\n    }\n  }\n"): (typeof documents)["\n  query Notices {\n    viewer {\n      notifications(first: 30) {\n        nodes {\n          id at level kind message readAt\n          object { __typename id ... on Job { kind waitingFor error { message } resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } } } ... on Database { name } ... on Customer { title: name } }\n        }\n        unreadCount\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription NoticeFeed($after: StreamPosition) {\n    notifications(after: $after) {\n      ... on NotificationEntry {\n        position\n        notification {\n          id level kind message\n          object { __typename id ... on Job { kind waitingFor error { message } resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } } } ... on Database { name } ... on Customer { title: name } }\n        }\n      }\n      ... on StreamGap { position }\n    }\n  }\n"): (typeof documents)["\n  subscription NoticeFeed($after: StreamPosition) {\n    notifications(after: $after) {\n      ... on NotificationEntry {\n        position\n        notification {\n          id level kind message\n          object { __typename id ... on Job { kind waitingFor error { message } resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } } } ... on Database { name } ... on Customer { title: name } }\n        }\n      }\n      ... on StreamGap { position }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation MarkNotificationsRead($input: MarkNotificationsReadInput!) {\n    markNotificationsRead(input: $input) { marked unreadCount }\n  }\n"): (typeof documents)["\n  mutation MarkNotificationsRead($input: MarkNotificationsReadInput!) {\n    markNotificationsRead(input: $input) { marked unreadCount }\n  }\n"];
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
export function graphql(source: "\n  query AuditEvent($id: ID!) {\n    node(id: $id) {\n      __typename id\n      ... on AuditEvent {\n        at action allowed times ip userAgent requestId sessionId apiTokenId objectId before after\n        actor { id name email }\n        impersonator { id name email }\n        customer { id name }\n        apiToken { id name prefix }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query AuditEvent($id: ID!) {\n    node(id: $id) {\n      __typename id\n      ... on AuditEvent {\n        at action allowed times ip userAgent requestId sessionId apiTokenId objectId before after\n        actor { id name email }\n        impersonator { id name email }\n        customer { id name }\n        apiToken { id name prefix }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ChooseCustomer($text: String) {\n    customers(first: 20, filter: { search: $text }, order: { field: NAME }) { nodes { id name email state } }\n  }\n"): (typeof documents)["\n  query ChooseCustomer($text: String) {\n    customers(first: 20, filter: { search: $text }, order: { field: NAME }) { nodes { id name email state } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ChosenCustomer($id: ID!) {\n    customer(id: $id) { id name email }\n  }\n"): (typeof documents)["\n  query ChosenCustomer($id: ID!) {\n    customer(id: $id) { id name email }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Invitations($filter: InvitationFilter) {\n    invitations(first: 100, filter: $filter) {\n      nodes { id email name providerRole customerRole customer { id name } invitedBy { id name } createdAt expiresAt }\n      totalCount\n    }\n  }\n"): (typeof documents)["\n  query Invitations($filter: InvitationFilter) {\n    invitations(first: 100, filter: $filter) {\n      nodes { id email name providerRole customerRole customer { id name } invitedBy { id name } createdAt expiresAt }\n      totalCount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RevokeInvitation($input: RevokeInvitationInput!) {\n    revokeInvitation(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation RevokeInvitation($input: RevokeInvitationInput!) {\n    revokeInvitation(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query JobLive($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor finishedAt\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n    }\n  }\n"): (typeof documents)["\n  query JobLive($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor finishedAt\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query JobsOf($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id kind state percent waitingFor createdAt startedAt finishedAt customer { id name } actor { id name }\n        resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"): (typeof documents)["\n  query JobsOf($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: JobFilter) {\n    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id kind state percent waitingFor createdAt startedAt finishedAt customer { id name } actor { id name }\n        resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query FilterObject($id: ID!) {\n    node(id: $id) { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }\n  }\n"): (typeof documents)["\n  query FilterObject($id: ID!) {\n    node(id: $id) { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) { accessToken expiresAt viewer { user { id } } }\n  }\n"): (typeof documents)["\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) { accessToken expiresAt viewer { user { id } } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RevokeApiToken($input: RevokeApiTokenInput!) {\n    revokeApiToken(input: $input) { apiToken { id } }\n  }\n"): (typeof documents)["\n  mutation RevokeApiToken($input: RevokeApiTokenInput!) {\n    revokeApiToken(input: $input) { apiToken { id } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query FirstCustomers {\n    customers(first: 2) { nodes { id } }\n  }\n"): (typeof documents)["\n  query FirstCustomers {\n    customers(first: 2) { nodes { id } }\n  }\n"];
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
export function graphql(source: "\n  query Actors($search: String) {\n    users(first: 20, filter: { search: $search }) { nodes { id name email } }\n  }\n"): (typeof documents)["\n  query Actors($search: String) {\n    users(first: 20, filter: { search: $search }) { nodes { id name email } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Actor($id: ID!) {\n    node(id: $id) { __typename id ... on User { name email } }\n  }\n"): (typeof documents)["\n  query Actor($id: ID!) {\n    node(id: $id) { __typename id ... on User { name email } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query AuditEvents($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: AuditFilter) {\n    auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id at action allowed times ip objectId\n        actor { id name }\n        impersonator { id name }\n        customer { id name }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n    }\n  }\n"): (typeof documents)["\n  query AuditEvents($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: AuditFilter) {\n    auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id at action allowed times ip objectId\n        actor { id name }\n        impersonator { id name }\n        customer { id name }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription AuditFeed($after: StreamPosition) {\n    auditFeed(after: $after) {\n      ... on AuditEntry {\n        position\n        event {\n          id at action allowed times ip objectId\n          actor { id name }\n          impersonator { id name }\n          customer { id name }\n          object {\n            __typename id\n            ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n            ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n          }\n        }\n      }\n      ... on StreamGap { position }\n    }\n  }\n"): (typeof documents)["\n  subscription AuditFeed($after: StreamPosition) {\n    auditFeed(after: $after) {\n      ... on AuditEntry {\n        position\n        event {\n          id at action allowed times ip objectId\n          actor { id name }\n          impersonator { id name }\n          customer { id name }\n          object {\n            __typename id\n            ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n            ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n          }\n        }\n      }\n      ... on StreamGap { position }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CustomerAudit($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: AuditFilter) {\n    auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id at action allowed times ip objectId\n        actor { id name }\n        impersonator { id name }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n    }\n  }\n"): (typeof documents)["\n  query CustomerAudit($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: AuditFilter) {\n    auditEvents(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id at action allowed times ip objectId\n        actor { id name }\n        impersonator { id name }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n    }\n  }\n"];
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
export function graphql(source: "\n  query Customers($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: CustomerFilter, $order: CustomerOrder) {\n    customers(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name email company country state createdAt parent { id name } quotas { name used max level } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"): (typeof documents)["\n  query Customers($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: CustomerFilter, $order: CustomerOrder) {\n    customers(first: $first, after: $after, last: $last, before: $before, filter: $filter, order: $order) {\n      nodes { id name email company country state createdAt parent { id name } quotas { name used max level } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CustomerMembers($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      memberships(first: $first, after: $after, last: $last, before: $before) {\n        nodes { role createdAt user { id name email totpEnabled disabledAt } }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"): (typeof documents)["\n  query CustomerMembers($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    customer(id: $id) {\n      id\n      memberships(first: $first, after: $after, last: $last, before: $before) {\n        nodes { role createdAt user { id name email totpEnabled disabledAt } }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"];
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
export function graphql(source: "\n  mutation ChangeMembership($input: ChangeMembershipInput!) {\n    changeMembership(input: $input) { membership { role user { id } customer { id } } }\n  }\n"): (typeof documents)["\n  mutation ChangeMembership($input: ChangeMembershipInput!) {\n    changeMembership(input: $input) { membership { role user { id } customer { id } } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RemoveMember($input: RemoveMemberInput!) {\n    removeMember(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation RemoveMember($input: RemoveMemberInput!) {\n    removeMember(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CustomerServices($id: ID!) {\n    customer(id: $id) {\n      id\n      quotas { name used max level }\n      databases(first: 10) { nodes { id name state } totalCount }\n      children(first: 10) { nodes { id name state } totalCount }\n    }\n  }\n"): (typeof documents)["\n  query CustomerServices($id: ID!) {\n    customer(id: $id) {\n      id\n      quotas { name used max level }\n      databases(first: 10) { nodes { id name state } totalCount }\n      children(first: 10) { nodes { id name state } totalCount }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CustomerTokens($id: ID!) {\n    customer(id: $id) {\n      id\n      apiTokens(first: 100) {\n        nodes { id name prefix permissions objectIds cidrs lastUsedAt lastUsedIp expiresAt createdAt user { id name } }\n        totalCount\n      }\n    }\n  }\n"): (typeof documents)["\n  query CustomerTokens($id: ID!) {\n    customer(id: $id) {\n      id\n      apiTokens(first: 100) {\n        nodes { id name prefix permissions objectIds cidrs lastUsedAt lastUsedIp expiresAt createdAt user { id name } }\n        totalCount\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Dashboard($since: DateTime!, $customer: ID, $jobs: Boolean!, $databases: Boolean!, $customers: Boolean!, $servers: Boolean!, $audit: Boolean!, $users: Boolean!) {\n    running: jobs(first: 6, filter: { state: RUNNING, customerId: $customer }) @include(if: $jobs) { nodes { id kind state waitingFor createdAt customer { id name } } totalCount }\n    failed: jobs(first: 20, filter: { state: FAILED, since: $since, customerId: $customer }) @include(if: $jobs) { nodes { id } pageInfo { hasNextPage } }\n    stuck: jobs(first: 1, filter: { state: STUCK, customerId: $customer }) @include(if: $jobs) { totalCount }\n    findings: driftFindings(first: 1, filter: { resolved: false, customerId: $customer }) @include(if: $jobs) { totalCount }\n    databases(first: 1, filter: { customerId: $customer }) @include(if: $databases) { totalCount }\n    anyDatabase: databases(first: 1) @include(if: $databases) { nodes { id } }\n    full: customers(first: 3, filter: { quotaLevel: CRITICAL }) @include(if: $customers) { nodes { id name quotas { name used max } } }\n    near: customers(first: 3, filter: { quotaLevel: WARNING }) @include(if: $customers) { nodes { id name quotas { name used max } } }\n    customers(first: 3) @include(if: $customers) { nodes { id name quotas { name used max } } totalCount }\n    invitations(first: 1) @include(if: $users) { totalCount }\n    users(first: 2) @include(if: $users) { nodes { id } }\n    databaseServers(first: 1) @include(if: $servers) { nodes { id } }\n    troubled: databaseServers(first: 1, filter: { needsAttention: true }) @include(if: $servers) { totalCount }\n    servers(first: 1) @include(if: $servers) { nodes { id name osName } }\n    auditEvents(first: 8, filter: { exceptActions: [\"session.refresh\"], customerId: $customer }) @include(if: $audit) {\n      nodes {\n        id at action allowed\n        actor { id name }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Dashboard($since: DateTime!, $customer: ID, $jobs: Boolean!, $databases: Boolean!, $customers: Boolean!, $servers: Boolean!, $audit: Boolean!, $users: Boolean!) {\n    running: jobs(first: 6, filter: { state: RUNNING, customerId: $customer }) @include(if: $jobs) { nodes { id kind state waitingFor createdAt customer { id name } } totalCount }\n    failed: jobs(first: 20, filter: { state: FAILED, since: $since, customerId: $customer }) @include(if: $jobs) { nodes { id } pageInfo { hasNextPage } }\n    stuck: jobs(first: 1, filter: { state: STUCK, customerId: $customer }) @include(if: $jobs) { totalCount }\n    findings: driftFindings(first: 1, filter: { resolved: false, customerId: $customer }) @include(if: $jobs) { totalCount }\n    databases(first: 1, filter: { customerId: $customer }) @include(if: $databases) { totalCount }\n    anyDatabase: databases(first: 1) @include(if: $databases) { nodes { id } }\n    full: customers(first: 3, filter: { quotaLevel: CRITICAL }) @include(if: $customers) { nodes { id name quotas { name used max } } }\n    near: customers(first: 3, filter: { quotaLevel: WARNING }) @include(if: $customers) { nodes { id name quotas { name used max } } }\n    customers(first: 3) @include(if: $customers) { nodes { id name quotas { name used max } } totalCount }\n    invitations(first: 1) @include(if: $users) { totalCount }\n    users(first: 2) @include(if: $users) { nodes { id } }\n    databaseServers(first: 1) @include(if: $servers) { nodes { id } }\n    troubled: databaseServers(first: 1, filter: { needsAttention: true }) @include(if: $servers) { totalCount }\n    servers(first: 1) @include(if: $servers) { nodes { id name osName } }\n    auditEvents(first: 8, filter: { exceptActions: [\"session.refresh\"], customerId: $customer }) @include(if: $audit) {\n      nodes {\n        id at action allowed\n        actor { id name }\n        object {\n          __typename id\n          ... on Database { name } ... on Customer { name } ... on User { name } ... on DatabaseServer { name } ... on ApiToken { name }\n          ... on DatabaseUser { username } ... on Invitation { email } ... on Job { kind }\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ChosenQuotas($id: ID!) {\n    customer(id: $id) { id name quotas { name used max } }\n  }\n"): (typeof documents)["\n  query ChosenQuotas($id: ID!) {\n    customer(id: $id) { id name quotas { name used max } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription HostMetrics($id: ID!) {\n    serverMetrics(serverId: $id) {\n      at cpuPercent load1 load5 load15 memoryUsedBytes memoryTotalBytes uptimeSeconds\n      disks { mount usedBytes totalBytes readBytesPerSecond writeBytesPerSecond stale }\n      networks { name receivedBytesPerSecond sentBytesPerSecond }\n    }\n  }\n"): (typeof documents)["\n  subscription HostMetrics($id: ID!) {\n    serverMetrics(serverId: $id) {\n      at cpuPercent load1 load5 load15 memoryUsedBytes memoryTotalBytes uptimeSeconds\n      disks { mount usedBytes totalBytes readBytesPerSecond writeBytesPerSecond stale }\n      networks { name receivedBytesPerSecond sentBytesPerSecond }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query HostHistory($id: ID!, $from: DateTime!, $to: DateTime!, $points: Int!) {\n    server(id: $id) {\n      metrics(from: $from, to: $to, maxPoints: $points) {\n        at cpuPercent memoryUsedBytes disks { readBytesPerSecond writeBytesPerSecond } networks { receivedBytesPerSecond sentBytesPerSecond }\n      }\n    }\n  }\n"): (typeof documents)["\n  query HostHistory($id: ID!, $from: DateTime!, $to: DateTime!, $points: Int!) {\n    server(id: $id) {\n      metrics(from: $from, to: $to, maxPoints: $points) {\n        at cpuPercent memoryUsedBytes disks { readBytesPerSecond writeBytesPerSecond } networks { receivedBytesPerSecond sentBytesPerSecond }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription Done($after: StreamPosition) {\n    auditFeed(after: $after) {\n      ... on AuditEntry { position event { action allowed } }\n      ... on StreamGap { position }\n    }\n  }\n"): (typeof documents)["\n  subscription Done($after: StreamPosition) {\n    auditFeed(after: $after) {\n      ... on AuditEntry { position event { action allowed } }\n      ... on StreamGap { position }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ServersForDatabases {\n    databaseServers(first: 100) { nodes { id name host reachable blocked maintenance { reason } } }\n  }\n"): (typeof documents)["\n  query ServersForDatabases {\n    databaseServers(first: 100) { nodes { id name host reachable blocked maintenance { reason } } }\n  }\n"];
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
export function graphql(source: "\n  query DatabaseDumps($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    database(id: $id) {\n      id\n      dumps(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id origin state format sizeBytes rawBytes sha256 createdAt expiresAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"): (typeof documents)["\n  query DatabaseDumps($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    database(id: $id) {\n      id\n      dumps(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id origin state format sizeBytes rawBytes sha256 createdAt expiresAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"];
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
export function graphql(source: "\n  query DatabaseUsers($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    database(id: $id) {\n      id\n      users(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name username rights state connectionLimit statementTimeoutSeconds createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"): (typeof documents)["\n  query DatabaseUsers($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {\n    database(id: $id) {\n      id\n      users(first: $first, after: $after, last: $last, before: $before) {\n        nodes { id name username rights state connectionLimit statementTimeoutSeconds createdAt }\n        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n        totalCount\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DecideDriftFinding($input: DecideDriftFindingInput!) {\n    decideDriftFinding(input: $input) { driftFinding { id ignored resolvedAt } job { id state } preview { steps } }\n  }\n"): (typeof documents)["\n  mutation DecideDriftFinding($input: DecideDriftFindingInput!) {\n    decideDriftFinding(input: $input) { driftFinding { id ignored resolvedAt } job { id state } preview { steps } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DriftFindings($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DriftFilter) {\n    driftFindings(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id kind objectKind externalName detail foundAt resolvedAt ignored\n        resource { __typename id ... on Database { name customer { id } } ... on DatabaseUser { database { id customer { id } } } }\n        server { id name }\n        job { id state }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"): (typeof documents)["\n  query DriftFindings($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DriftFilter) {\n    driftFindings(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id kind objectKind externalName detail foundAt resolvedAt ignored\n        resource { __typename id ... on Database { name customer { id } } ... on DatabaseUser { database { id customer { id } } } }\n        server { id name }\n        job { id state }\n      }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DriftServers {\n    databaseServers(first: 100) { nodes { id name } }\n  }\n"): (typeof documents)["\n  query DriftServers {\n    databaseServers(first: 100) { nodes { id name } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Job($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor nextAttemptAt attempts cancelRequestedAt createdAt startedAt finishedAt\n      customer { id name }\n      actor { id name }\n      resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n      children(first: 100) { nodes { id kind state percent } totalCount }\n    }\n  }\n"): (typeof documents)["\n  query Job($id: ID!) {\n    job(id: $id) {\n      id kind state percent waitingFor nextAttemptAt attempts cancelRequestedAt createdAt startedAt finishedAt\n      customer { id name }\n      actor { id name }\n      resource { __typename id ... on Database { name } ... on Customer { title: name } ... on DatabaseUser { username } ... on DatabaseServer { name } }\n      steps { name state attempt durationMs error }\n      error { code message retryable }\n      children(first: 100) { nodes { id kind state percent } totalCount }\n    }\n  }\n"];
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
export function graphql(source: "\n  mutation CreateApiToken($input: CreateApiTokenInput!) {\n    createApiToken(input: $input) { apiToken { id } token }\n  }\n"): (typeof documents)["\n  mutation CreateApiToken($input: CreateApiTokenInput!) {\n    createApiToken(input: $input) { apiToken { id } token }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DatabasesToPin($search: String, $customerId: ID) {\n    databases(first: 50, filter: { search: $search, customerId: $customerId }) { nodes { id name customer { name } } }\n  }\n"): (typeof documents)["\n  query DatabasesToPin($search: String, $customerId: ID) {\n    databases(first: 50, filter: { search: $search, customerId: $customerId }) { nodes { id name customer { name } } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ChangePassword($input: ChangePasswordInput!) {\n    changePassword(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation ChangePassword($input: ChangePasswordInput!) {\n    changePassword(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ChangeEmail($input: ChangeEmailInput!) {\n    changeEmail(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation ChangeEmail($input: ChangeEmailInput!) {\n    changeEmail(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation BeginTotp {\n    beginTotp { otpauthUrl qrSvg }\n  }\n"): (typeof documents)["\n  mutation BeginTotp {\n    beginTotp { otpauthUrl qrSvg }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ConfirmTotp($input: ConfirmTotpInput!) {\n    confirmTotp(input: $input) { recoveryCodes }\n  }\n"): (typeof documents)["\n  mutation ConfirmTotp($input: ConfirmTotpInput!) {\n    confirmTotp(input: $input) { recoveryCodes }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DisableTotp {\n    disableTotp { ok }\n  }\n"): (typeof documents)["\n  mutation DisableTotp {\n    disableTotp { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation NewRecoveryCodes {\n    newRecoveryCodes { recoveryCodes }\n  }\n"): (typeof documents)["\n  mutation NewRecoveryCodes {\n    newRecoveryCodes { recoveryCodes }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Security {\n    viewer {\n      user { id }\n      sessions { id device ip lastSeenAt createdAt expiresAt current }\n      apiTokens { id name prefix permissions objectIds cidrs expiresAt lastUsedAt lastUsedIp createdAt customer { id name } }\n      impersonations { staffName reason startedAt expiresAt endedAt }\n    }\n  }\n"): (typeof documents)["\n  query Security {\n    viewer {\n      user { id }\n      sessions { id device ip lastSeenAt createdAt expiresAt current }\n      apiTokens { id name prefix permissions objectIds cidrs expiresAt lastUsedAt lastUsedIp createdAt customer { id name } }\n      impersonations { staffName reason startedAt expiresAt endedAt }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RevokeSession($input: RevokeSessionInput!) {\n    revokeSession(input: $input) { revoked }\n  }\n"): (typeof documents)["\n  mutation RevokeSession($input: RevokeSessionInput!) {\n    revokeSession(input: $input) { revoked }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DatabaseServers($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DatabaseServerFilter) {\n    databaseServers(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id name host port version reachable checkedAt blocked problems maintenance { reason since } driftBrake databaseCount }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"): (typeof documents)["\n  query DatabaseServers($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: DatabaseServerFilter) {\n    databaseServers(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id name host port version reachable checkedAt blocked problems maintenance { reason since } driftBrake databaseCount }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DatabaseServer($id: ID!) {\n    node(id: $id) {\n      __typename id\n      ... on DatabaseServer {\n        name host port version reachable checkedAt blocked problems maintenance { reason since } driftBrake surveyedAt deleteGraceSeconds databaseCount\n        capabilities { name available hint }\n      }\n    }\n  }\n"): (typeof documents)["\n  query DatabaseServer($id: ID!) {\n    node(id: $id) {\n      __typename id\n      ... on DatabaseServer {\n        name host port version reachable checkedAt blocked problems maintenance { reason since } driftBrake surveyedAt deleteGraceSeconds databaseCount\n        capabilities { name available hint }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RegisterDatabaseServer($input: RegisterDatabaseServerInput!) {\n    registerDatabaseServer(input: $input) { databaseServer { id name reachable problems } }\n  }\n"): (typeof documents)["\n  mutation RegisterDatabaseServer($input: RegisterDatabaseServerInput!) {\n    registerDatabaseServer(input: $input) { databaseServer { id name reachable problems } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateDatabaseServer($input: UpdateDatabaseServerInput!) {\n    updateDatabaseServer(input: $input) { databaseServer { id name reachable problems } }\n  }\n"): (typeof documents)["\n  mutation UpdateDatabaseServer($input: UpdateDatabaseServerInput!) {\n    updateDatabaseServer(input: $input) { databaseServer { id name reachable problems } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CheckDatabaseServer($input: CheckDatabaseServerInput!) {\n    checkDatabaseServer(input: $input) { databaseServer { id reachable checkedAt } problems }\n  }\n"): (typeof documents)["\n  mutation CheckDatabaseServer($input: CheckDatabaseServerInput!) {\n    checkDatabaseServer(input: $input) { databaseServer { id reachable checkedAt } problems }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RemoveDatabaseServer($input: RemoveDatabaseServerInput!) {\n    removeDatabaseServer(input: $input) { id }\n  }\n"): (typeof documents)["\n  mutation RemoveDatabaseServer($input: RemoveDatabaseServerInput!) {\n    removeDatabaseServer(input: $input) { id }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SetDatabaseServerMaintenance($input: SetDatabaseServerMaintenanceInput!) {\n    setDatabaseServerMaintenance(input: $input) { databaseServer { id maintenance { reason since } } }\n  }\n"): (typeof documents)["\n  mutation SetDatabaseServerMaintenance($input: SetDatabaseServerMaintenanceInput!) {\n    setDatabaseServerMaintenance(input: $input) { databaseServer { id maintenance { reason since } } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SurveyDatabaseServer($input: SurveyDatabaseServerInput!) {\n    surveyDatabaseServer(input: $input) { databaseServer { id surveyedAt driftBrake } }\n  }\n"): (typeof documents)["\n  mutation SurveyDatabaseServer($input: SurveyDatabaseServerInput!) {\n    surveyDatabaseServer(input: $input) { databaseServer { id surveyedAt driftBrake } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ReleaseDriftBrake($input: ReleaseDriftBrakeInput!) {\n    releaseDriftBrake(input: $input) { databaseServer { id surveyedAt driftBrake } }\n  }\n"): (typeof documents)["\n  mutation ReleaseDriftBrake($input: ReleaseDriftBrakeInput!) {\n    releaseDriftBrake(input: $input) { databaseServer { id surveyedAt driftBrake } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Profile {\n    viewer { user { id name email emailVerifiedAt language } }\n  }\n"): (typeof documents)["\n  query Profile {\n    viewer { user { id name email emailVerifiedAt language } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateProfile($input: UpdateProfileInput!) {\n    updateProfile(input: $input) { user { id name language } }\n  }\n"): (typeof documents)["\n  mutation UpdateProfile($input: UpdateProfileInput!) {\n    updateProfile(input: $input) { user { id name language } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RequestEmailVerification {\n    requestEmailVerification { ok }\n  }\n"): (typeof documents)["\n  mutation RequestEmailVerification {\n    requestEmailVerification { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Panel {\n    panel { version }\n  }\n"): (typeof documents)["\n  query Panel {\n    panel { version }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Impersonate($input: ImpersonateInput!) {\n    impersonate(input: $input) { accessToken expiresAt }\n  }\n"): (typeof documents)["\n  mutation Impersonate($input: ImpersonateInput!) {\n    impersonate(input: $input) { accessToken expiresAt }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation InviteUser($input: InviteUserInput!) {\n    inviteUser(input: $input) { invitation { id email } }\n  }\n"): (typeof documents)["\n  mutation InviteUser($input: InviteUserInput!) {\n    inviteUser(input: $input) { invitation { id email } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Users($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: UserFilter) {\n    users(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id name email role totpEnabled disabledAt createdAt memberships { role customer { id name } } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"): (typeof documents)["\n  query Users($first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: UserFilter) {\n    users(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes { id name email role totpEnabled disabledAt createdAt memberships { role customer { id name } } }\n      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }\n      totalCount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SetProviderRole($input: SetProviderRoleInput!) {\n    setProviderRole(input: $input) { user { id role } }\n  }\n"): (typeof documents)["\n  mutation SetProviderRole($input: SetProviderRoleInput!) {\n    setProviderRole(input: $input) { user { id role } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ChangeUserMembership($input: ChangeMembershipInput!) {\n    changeMembership(input: $input) { membership { role } }\n  }\n"): (typeof documents)["\n  mutation ChangeUserMembership($input: ChangeMembershipInput!) {\n    changeMembership(input: $input) { membership { role } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RemoveUserMembership($input: RemoveMemberInput!) {\n    removeMember(input: $input) { ok }\n  }\n"): (typeof documents)["\n  mutation RemoveUserMembership($input: RemoveMemberInput!) {\n    removeMember(input: $input) { ok }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query User($id: ID!) {\n    node(id: $id) {\n      __typename id\n      ... on User { name email emailVerifiedAt language role totpEnabled disabledAt createdAt memberships { role createdAt customer { id name } } }\n    }\n  }\n"): (typeof documents)["\n  query User($id: ID!) {\n    node(id: $id) {\n      __typename id\n      ... on User { name email emailVerifiedAt language role totpEnabled disabledAt createdAt memberships { role createdAt customer { id name } } }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DisableUser($input: DisableUserInput!) {\n    disableUser(input: $input) { user { id disabledAt } }\n  }\n"): (typeof documents)["\n  mutation DisableUser($input: DisableUserInput!) {\n    disableUser(input: $input) { user { id disabledAt } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation EnableUser($input: EnableUserInput!) {\n    enableUser(input: $input) { user { id disabledAt } }\n  }\n"): (typeof documents)["\n  mutation EnableUser($input: EnableUserInput!) {\n    enableUser(input: $input) { user { id disabledAt } }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RefreshSession {\n    refreshSession { accessToken expiresAt viewer { user { id } } }\n  }\n"): (typeof documents)["\n  mutation RefreshSession {\n    refreshSession { accessToken expiresAt viewer { user { id } } }\n  }\n"];
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